"""Another key and certificate on the disk than a member runs with: a round of the CA file alone would load it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tasks.core.file_names import CA_FILE, CERT_FILE, KEY_FILE
from tasks.core.observed import loaded_now
from tasks.core.pending import other_pair
from tasks.core.snapshot import Snapshot
from tests.core.certs import OTHER_SHARED, SHARED
from tests.core.snapshots import (
    NO_ANSWER,
    WITH_PAIR,
    alter,
    alter_file,
    alter_files,
    healthy,
    node_files,
    wire,
)

Change = Callable[[Snapshot], Snapshot]
ON_SHARED = healthy(WITH_PAIR, runs=SHARED)
ON_BUILTIN = healthy(WITH_PAIR)
OTHER = "lies another certificate or key than it serves, or none"


def said(snapshot: Snapshot, member: str) -> str:
    return other_pair(snapshot, WITH_PAIR.member(member), loaded_now(snapshot)[member])


@pytest.mark.parametrize("snapshot", [ON_SHARED, ON_BUILTIN], ids=["shared", "built-in"])
@pytest.mark.parametrize("member", ["gw-a", "gw-d"])
def test_nothing_is_said_where_a_restart_would_bring_the_same(snapshot: Snapshot, member: str) -> None:
    assert said(snapshot, member) == ""


@pytest.mark.parametrize(
    ("change", "text"),
    [
        pytest.param(lambda s: alter(s, "gw-a", wire=wire(OTHER_SHARED)), f"on gw-a {OTHER}", id="another"),
        pytest.param(
            lambda s: alter_file(s, "gw-a", KEY_FILE, sha256=None, readable=False),
            f"on gw-a {OTHER}",
            id="no key",
        ),
        pytest.param(
            lambda s: alter_file(s, "gw-a", CERT_FILE, readable=False),
            f"on gw-a {OTHER}",
            id="not readable (T2)",
        ),
        pytest.param(lambda s: alter_files(s, "gw-a", cert_pem=b"x"), f"on gw-a {OTHER}", id="garbage (T1)"),
        pytest.param(
            lambda s: alter_file(s, "gw-a", CA_FILE, sha256="0" * 64), "", id="a CA file is no pair"
        ),
        pytest.param(lambda s: alter(s, "gw-a", files=NO_ANSWER), "", id="files unseen: the checks refuse"),
    ],
)
def test_another_pair_on_disk_than_is_served_is_named(change: Change, text: str) -> None:
    assert said(change(ON_SHARED), "gw-a") == text


def test_a_pair_beside_the_built_in_one_is_named_and_one_file_alone_is_not() -> None:
    both = alter(ON_BUILTIN, "gw-a", files=node_files(WITH_PAIR.node("gw-a"), SHARED))
    assert said(both, "gw-a") == "on gw-a lies a key with a certificate that it does not serve"
    assert said(alter_file(both, "gw-a", KEY_FILE, readable=False), "gw-a") == ""


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ((KEY_FILE,), "the nodes of gw-d hold different Cluster_key.pem"),
        ((CERT_FILE, KEY_FILE), "the nodes of gw-d hold different Cluster_cert.pem and Cluster_key.pem"),
        ((CA_FILE,), ""),
    ],
)
def test_nodes_of_a_pair_that_hold_different_ones_are_named(names: tuple[str, ...], text: str) -> None:
    snapshot = ON_SHARED
    for name in names:
        snapshot = alter_file(snapshot, "gw-d2", name, sha256="0" * 64)
    assert said(snapshot, "gw-d") == text
