"""T1: files that open and make no TLS context. T2: files that do not open."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from tasks.effects.files import CERT, KEY
from tests.conformance import sets
from tests.conformance.batches import Batches
from tests.conformance.disk import Disk
from tests.conformance.target import Target

REFUSED = sets.refused_by_openssl()


def _deafen(target: Target, names: Sequence[str]) -> None:
    """Have the nodes start with these files, each with its own fault, and wait for their logs."""
    nodes = target.singles[: len(names)]
    target.mark_logs(*nodes)
    target.place({node: REFUSED[name] for node, name in zip(nodes, names, strict=True)})
    target.site.pool.map(target.begin, nodes)
    for node in nodes:
        target.until(
            lambda node=node: target.log(node),  # type: ignore[misc]
            lambda log: "CWLNA6120" in log.partition("CWLNA0911")[2],
            what=f"CWLNA0911, then CWLNA6120, in the log of {node.name}",
            limit_s=node.limits.restart_s,
        )
        target.went_silent(node)


@pytest.fixture(scope="module")
def deaf(target: Target) -> Batches:
    return Batches(target, load=_deafen)


@pytest.mark.parametrize("name", REFUSED)
def test_a_pair_that_makes_no_context_leaves_a_process_that_listens_on_nothing(
    target: Target, deaf: Batches, name: str
) -> None:
    node = deaf.node(name, tuple(REFUSED))
    assert target.pid(node) is not None
    assert target.refuses_rest(node)
    assert not target.listens(node, target.control(node))
    assert not target.listens(node, target.messaging(node))


def test_a_deaf_server_ignores_one_term_ends_at_the_second_and_recovers_with_the_old_files(
    target: Target,
) -> None:
    node = target.singles[0]
    if target.status(node) is not None:
        _deafen(target, ["a garbage key"])
    pid = target.pid(node)
    target.terminate(node)
    hold_s = node.limits.settle_s
    target.until(
        lambda: target.pid(node),
        lambda seen: seen == pid,
        what="the first TERM to be ignored",
        limit_s=0,
        hold_s=hold_s,
    )
    target.terminate(node)
    target.await_end(node, limit_s=node.limits.return_s)
    target.disk(node).restore()
    target.start(node)
    target.until(
        lambda: target.served(node),
        lambda seen: target.builtin is not None and seen == target.builtin.sha256.lower(),
        what=f"{node.name} to serve the built-in pair again",
        limit_s=node.limits.restart_s,
    )


def _wrong_case(disk: Disk) -> None:
    key = disk.remote.run(("cat", str(disk.live[KEY])), privileged=True).stdout
    disk.put((disk.keystore / KEY.lower(), key))
    disk.remove(disk.live[KEY])


def _no_rights(disk: Disk) -> None:
    disk.chmod(disk.live[KEY], "000")


def _missing(disk: Disk) -> None:
    disk.remove(disk.live[CERT])


SPOILT: dict[str, Callable[[Disk], None]] = {
    "the key's name in the wrong case": _wrong_case,
    "the key with mode 000": _no_rights,
    "no certificate": _missing,
}


def _spoil(target: Target, names: Sequence[str]) -> None:
    nodes = target.singles[: len(names)]
    target.place(dict.fromkeys(nodes, sets.self_signed_files()))
    for node, name in zip(nodes, names, strict=True):
        SPOILT[name](target.disk(node))
    target.mark_logs(*nodes)
    target.load(*nodes)


@pytest.fixture(scope="module")
def spoilt(target: Target) -> Batches:
    return Batches(target, load=_spoil)


@pytest.mark.parametrize("name", SPOILT)
def test_a_pair_that_does_not_open_is_replaced_by_the_builtin_one_in_silence(
    target: Target, spoilt: Batches, name: str
) -> None:
    node = spoilt.node(name, tuple(SPOILT))
    target.expect(target.together)
    assert target.wire(node).leaf == target.builtin
    assert "CWLNA0911" not in target.log(node)


def test_the_same_pair_is_served_once_it_opens(target: Target) -> None:
    node = target.singles[0]
    leaf = sets.shared()
    target.disk(node).restore()
    target.disk(node).place(sets.files(leaf, ca=leaf.cert_pem))
    target.load(node)
    assert target.served(node) == leaf.fingerprint
    target.expect(target.halves([node.name]), firmly=True)


def test_a_keystore_that_cannot_be_entered_means_the_builtin_pair_and_no_admin_api(target: Target) -> None:
    node = target.singles[0]
    disk = target.disk(node)
    disk.restore()
    disk.place(sets.self_signed_files())
    target.begin(node)
    disk.chmod(disk.keystore, "000")
    try:
        target.await_ports_without_rest(node)
        assert target.wire(node).leaf == target.builtin
    finally:
        disk.chmod(disk.keystore, disk.mode)
