"""Who sees whom: counts and ServerUIDs, and what cannot be judged while a member does not answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tasks.core.checks_members import cluster_active, members_known
from tasks.core.findings import Finding
from tasks.core.snapshot import Snapshot
from tests.core.snapshots import (
    WITH_PAIR,
    also_sees,
    alter,
    alter_server,
    alter_status,
    cluster,
    healthy,
    rest_silent,
    retired_remote,
    stranger,
    unreachable,
)
from tests.core.statuses import counted

Change = Callable[[Snapshot], Snapshot]


def _found(snapshot: Snapshot) -> list[Finding]:
    return [*cluster_active(snapshot), *members_known(snapshot)]


def _short(snapshot: Snapshot) -> list[tuple[str, str]]:
    return [(f.name, f.where) for f in _found(snapshot)]


def _connecting(snapshot: Snapshot, name: str) -> Snapshot:
    seen = snapshot.nodes[name].remotes
    assert isinstance(seen, tuple)
    return alter(snapshot, name, remotes=(replace(seen[0], status="Connecting"), *seen[1:]))


@pytest.mark.parametrize(
    ("change", "finding", "seen"),
    [
        pytest.param(
            lambda s: alter_status(s, "gw-a", cluster=counted(2, 1)),
            ("counts", "gw-a"),
            "is 2/1, wanted 3/0",
            id="one apart",
        ),
        pytest.param(
            lambda s: alter_status(s, "gw-d1", cluster=counted(4, 0)),
            ("counts", "gw-d1"),
            "is 4/0, wanted 3/0",
            id="one too many",
        ),
        pytest.param(
            lambda s: alter_status(s, "gw-a", cluster=counted(3, 1)),
            ("counts", "gw-a"),
            "is 3/1, wanted 3/0",
            id="one that left and is not listed as retired",
        ),
        pytest.param(
            lambda s: alter_status(s, "gw-a", cluster=counted(None, None, status="Unavailable")),
            ("cluster-status", "gw-a"),
            "Unavailable, wanted Active",
            id="no counts",
        ),
        pytest.param(
            lambda s: also_sees(s, "gw-a", stranger()),
            ("unknown-member", "gw-a"),
            "UID-X (stranger:9089, Active)",
            id="a server that nobody listed",
        ),
        pytest.param(
            lambda s: _connecting(s, "gw-a"),
            ("forwarding", "gw-a"),
            "gw-b:9089 (UID-gw-b) is Connecting",
            id="control up, forwarding not",
        ),
        pytest.param(
            lambda s: alter(s, "gw-a", remotes=s.nodes["gw-a"].remotes[1:]),
            ("member-unseen", "gw-a"),
            "does not know member gw-b",
            id="a listed member that it does not know",
        ),
    ],
)
def test_a_membership_fault_is_one_error(change: Change, finding: tuple[str, str], seen: str) -> None:
    (found,) = _found(change(healthy(WITH_PAIR)))
    assert (found.name, found.where) == finding
    assert seen in found.problem


def test_a_healthy_cluster_knows_its_members() -> None:
    assert _found(healthy(WITH_PAIR)) == []


def test_retired_servers_are_expected_among_the_disconnected() -> None:
    wanted = cluster("gw-a", "gw-b", retired=("UID-OLD",))
    assert _found(healthy(wanted)) == []
    back = alter_status(healthy(wanted), "gw-a", cluster=counted(2, 0))
    assert _short(back) == [("counts", "gw-a")]


def test_a_server_that_is_gone_and_not_listed_is_named_with_the_way_to_list_it() -> None:
    snapshot = also_sees(healthy(), "gw-a", retired_remote("UID-OLD"))
    (found,) = _found(alter_status(snapshot, "gw-a", cluster=counted(2, 1)))[1:]
    assert found.name == "unknown-member"
    assert "`retired:`" in found.remedy


def test_two_names_for_one_server_are_found_by_its_uid() -> None:
    found = [f for f in _found(alter_server(healthy(), "gw-b", uid="UID-gw-a")) if f.name == "same-server"]
    assert [(f.where, f.problem) for f in found] == [("gw-b", "has the same ServerUID UID-gw-a as gw-a")]


def test_the_two_nodes_of_a_pair_may_have_one_uid() -> None:
    assert "same-server" not in {name for name, _ in _short(healthy(WITH_PAIR))}


@pytest.mark.parametrize("silence", [unreachable, rest_silent])
def test_the_uid_of_a_silent_member_is_not_held_against_those_that_see_it(
    silence: Callable[[Snapshot, str], Snapshot],
) -> None:
    assert _short(silence(healthy(WITH_PAIR), "gw-b")) == []


def test_one_more_stranger_than_silent_members_is_a_stranger_indeed() -> None:
    snapshot = also_sees(unreachable(healthy(WITH_PAIR), "gw-b"), "gw-a", stranger())
    assert ("unknown-member", "gw-a") in _short(snapshot)


def test_a_standby_knows_the_uid_of_its_unreachable_primary() -> None:
    snapshot = unreachable(healthy(WITH_PAIR), "gw-d1")
    assert _short(snapshot) == []
    assert _short(also_sees(snapshot, "gw-a", stranger())) == [("unknown-member", "gw-a")]


def test_a_member_that_died_shows_in_the_counts_of_the_others() -> None:
    snapshot = unreachable(healthy(), "gw-b")
    for name in ("gw-a", "gw-c"):
        snapshot = alter_status(snapshot, name, cluster=counted(1, 1))
    assert _short(snapshot) == [("counts", "gw-a"), ("counts", "gw-c")]
