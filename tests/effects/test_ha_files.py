"""HA credentials on a node: seen beside the cluster's, and swapped in without touching those."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tasks.core.errors import RemoteError
from tasks.core.file_names import CLUSTER, HA
from tasks.effects.files import Delivery, back_up, stage, swap_in
from tasks.effects.looking import look_at_files
from tests.effects.node_tree import Tree, mode, owner, sha256, tree

NEW = {HA.ca: b"ca new", HA.cert: b"cert new", HA.key: b"key new"}


@pytest.fixture
def node() -> Iterator[Tree]:
    with tree() as made:
        yield made


def deliver(node: Tree, *names: str) -> None:
    at = node.places()
    found = [
        Delivery((at.ca_stage if name == HA.ca else at.key_stage) / name, NEW[name], sha256(NEW[name]))
        for name in names
    ]
    stage(node.remote, found, acting=node.acting, owner=node.user)


def swap(node: Tree, wanted: dict[str, bytes]) -> None:
    hashes = {name: sha256(content) for name, content in wanted.items()}
    swap_in(node.remote, node.places(), wanted=hashes, files=look_at_files(node.remote), names=HA)


def content(node: Tree) -> dict[str, bytes]:
    """Every credential file that is live."""
    places = [*node.keystore.iterdir(), *node.truststore.iterdir()]
    return {path.name: path.read_bytes() for path in places if path.name in (*HA.in_order, *CLUSTER.in_order)}


def test_absent_files_are_seen_as_absent(node: Tree) -> None:
    seen = look_at_files(node.remote)
    assert {name: state.exists for name, state in seen.ha.files.items()} == dict.fromkeys(HA.in_order, False)
    assert set(seen.files) == set(CLUSTER.in_order)
    assert (seen.ha.ca_pem, seen.ha.cert_pem) == (b"", b"")


def test_the_swapped_in_files_are_the_owners_and_are_seen(node: Tree) -> None:
    before = content(node)
    deliver(node, *HA.in_order)
    swap(node, NEW)
    assert content(node) == {**before, **NEW}
    seen = look_at_files(node.remote)
    assert {name: state.sha256 for name, state in seen.ha.files.items()} == {
        name: sha256(text) for name, text in NEW.items()
    }
    assert all(state.readable for state in seen.ha.files.values())
    assert (seen.ha.ca_pem, seen.ha.cert_pem) == (NEW[HA.ca], NEW[HA.cert])
    assert (mode(node.keystore / HA.key), owner(node.keystore / HA.key)) == ("600", node.user)


def test_a_round_that_changes_the_ca_file_alone_leaves_the_pair(node: Tree) -> None:
    node.write(node.keystore / HA.cert, b"cert old")
    node.write(node.keystore / HA.key, b"key old")
    deliver(node, HA.ca)
    swap(node, {HA.ca: NEW[HA.ca], HA.cert: b"cert old", HA.key: b"key old"})
    assert content(node)[HA.key] == b"key old"


def test_a_live_file_that_is_not_as_planned_is_refused(node: Tree) -> None:
    deliver(node, *HA.in_order)
    with pytest.raises(RemoteError, match=r"HA_key\.pem reads back as [0-9a-f]{12}, wanted [0-9a-f]{12}"):
        swap(node, NEW | {HA.key: b"another key"})


def test_the_backup_holds_the_former_files_or_their_absence(node: Tree) -> None:
    node.write(node.keystore / HA.key, b"key old")
    seen, at = look_at_files(node.remote), node.places()
    back_up(
        node.remote,
        {name: state.path for name, state in seen.ha.files.items()},
        to=at.backup,
        acting=node.acting,
    )
    kept = {path.name for path in (node.root / at.backup).iterdir()}
    assert kept == {"complete", "HA_key.pem", "HA_cert.pem.absent", "HA_cafile.pem.absent"}


def test_what_is_trusted_or_revoked_beside_the_ca_file_is_seen(node: Tree) -> None:
    node.folder(node.truststore / "HA_capath")
    assert look_at_files(node.remote).ha.trust_extras == frozenset()
    node.write(node.truststore / "HA_capath" / "0a1b2c3d.0", b"ca")
    node.folder(node.truststore / "HA_crl")
    node.write(node.truststore / "HA_crl" / "crl.pem", b"crl")
    assert look_at_files(node.remote).ha.trust_extras == {"crl", "capath"}
