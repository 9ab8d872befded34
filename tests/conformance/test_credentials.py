"""Who connects with which credentials: T3, T4, chains, EKU, dates and kinds of key."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance import sets
from tests.conformance.handshake import OPEN, Client, visit
from tests.conformance.target import Target
from tests.lab.pems import BOTH, Issued, Kind

WORKS: dict[str, Callable[[], sets.Files]] = {
    "a shared self-signed certificate": sets.self_signed_files,
    "leaf, CA file root and intermediate": lambda: sets.chain_files(sent=False, trusted="both"),
    "leaf and intermediate, CA file root": lambda: sets.chain_files(sent=True, trusted="root"),
    "no EKU": sets.usage_files,
    "both EKUs": lambda: sets.usage_files(*BOTH),
}
FAILS: dict[str, Callable[[], sets.Files]] = {
    "leaf, CA file root": lambda: sets.chain_files(sent=False, trusted="root"),
    "leaf, CA file intermediate": lambda: sets.chain_files(sent=False, trusted="intermediate"),
    "only serverAuth": lambda: sets.usage_files(sets.SERVER),
    "only clientAuth": lambda: sets.usage_files(sets.CLIENT),
    "expired": lambda: sets.leaf_files(Kind(name=sets.NAME, starts_days=-9, ends_days=-2)),
    "not yet valid": lambda: sets.leaf_files(Kind(name=sets.NAME, starts_days=2)),
}


def load_everywhere(target: Target, *files: sets.Files) -> None:
    """Restart A, B and C at once, with these files in turn; the last ones go for the rest."""
    nodes = target.singles[:3]
    target.place({node: files[min(index, len(files) - 1)] for index, node in enumerate(nodes)})
    target.load(*nodes)


@pytest.mark.parametrize("name", WORKS)
def test_these_credentials_make_a_cluster(target: Target, name: str) -> None:
    load_everywhere(target, WORKS[name]())
    target.expect(target.halves(_abc(target)))


@pytest.mark.parametrize("name", FAILS)
def test_these_credentials_make_none(target: Target, name: str) -> None:
    load_everywhere(target, FAILS[name]())
    a, b, c = _abc(target)
    target.expect(target.halves([a], [b], [c]), firmly=True)
    assert [_standing(target, index) for index in range(3)] == [(1, "Active", 0)] * 3


def test_without_a_ca_file_everybody_is_well_and_alone(target: Target) -> None:
    leaf = sets.shared()
    load_everywhere(target, sets.files(leaf, ca=None))
    a, b, c = _abc(target)
    target.expect(target.halves([a], [b], [c]), firmly=True)
    assert [_standing(target, index) for index in range(3)] == [(1, "Active", 0)] * 3
    assert {target.served(node) for node in target.singles[:3]} == {leaf.fingerprint}


def test_one_member_without_the_ca_file_is_connected_because_it_can_dial(target: Target) -> None:
    leaf = sets.shared()
    load_everywhere(target, sets.files(leaf, ca=None), sets.files(leaf, ca=leaf.cert_pem))
    target.expect(target.halves(_abc(target)))
    assert "unknown ca" in visited(target, 0, Client(leaf))
    assert visited(target, 1, Client(leaf)) == OPEN


def test_two_members_without_the_ca_file_are_apart(target: Target) -> None:
    leaf = sets.shared()
    without = sets.files(leaf, ca=None)
    load_everywhere(target, without, without, sets.files(leaf, ca=leaf.cert_pem))
    a, b, c = _abc(target)
    links = {**target.halves([a], [b], [c])}
    links.update({a: frozenset({c}), b: frozenset({c}), c: frozenset({a, b})})
    target.expect(links, firmly=True)


@pytest.mark.parametrize(
    "make", [pytest.param(lambda: sets.rsa_key(2048), id="RSA 2048"), pytest.param(sets.p384_key, id="P-384")]
)
def test_other_keys_work_by_tls_1_3_alone(target: Target, make: Callable[[], sets.SigningKey]) -> None:
    leaf = sets.shared(key=make())
    load_everywhere(target, sets.files(leaf, ca=leaf.cert_pem))
    target.expect(target.halves(_abc(target)))
    assert target.wire(target.singles[0]).protocol == "TLSv1.3"
    assert visited(target, 0, Client(leaf, tls12=True)) != OPEN  # the next test is the control
    assert visited(target, 0, Client(leaf)) == OPEN


def visited(target: Target, index: int, client: Client) -> str:
    node = target.singles[index]
    sock = target.dial(node, target.control(node))
    return visit(sock, client, limit_s=node.limits.rest_s, open_s=node.limits.settle_s)


def _abc(target: Target) -> list[str]:
    return [node.name for node in target.singles[:3]]


def _standing(target: Target, index: int) -> tuple[int, str, int] | None:
    status = target.status(target.singles[index])
    return (status.server.state, status.cluster.status, status.server.error_code) if status else None


def test_a_p256_key_works_by_tls_1_2_as_well(target: Target) -> None:
    leaf: Issued = sets.shared()
    load_everywhere(target, sets.files(leaf, ca=leaf.cert_pem))
    assert visited(target, 0, Client(leaf, tls12=True)) == OPEN
