"""Two products that are two clusters as yet: a legal start where the inventory says so, joined by the plan."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.core.checks import check_cluster
from tasks.core.findings import Finding, Severity
from tasks.core.health import report
from tasks.core.islands import islands_of
from tasks.core.plan import Plan
from tasks.core.snapshot import Snapshot
from tasks.core.trust import can_connect
from tests.core.certs import BUILTIN_SET, NOW, OWN, SHARED, loaded
from tests.core.islands import LEGACY_SET, NEWER, OLDER, apart, mixed
from tests.core.plans import plan_of, restarted
from tests.core.snapshots import (
    alter,
    alter_membership,
    alter_status,
    cluster,
    healthy,
    node_files,
    remote,
    single,
    wire,
)
from tests.core.statuses import counted

MEMBERS = (*NEWER, *OLDER)


def _member_findings(snapshot: Snapshot) -> list[Finding]:
    names = {
        "counts",
        "apart",
        "member-unseen",
        "unknown-member",
        "islands",
        "islands-over",
        "islands-unseeded",
    }
    return [f for f in check_cluster(snapshot) if f.name in names]


def _after(plan: Plan) -> list[list[str]]:
    return [[str(step.expected[m]) for m in MEMBERS] for step in plan.restarts]


@pytest.mark.parametrize("met", [False, True], ids=["never met", "known from before"])
def test_declared_islands_are_one_warning_and_no_error(met: bool) -> None:
    (found,) = _member_findings(apart(met=met))
    assert (found.name, found.severity) == ("islands", Severity.WARNING)
    assert "Eclipse Amlen (gw-a, gw-b) and Message Gateway (gw-c, gw-d)" in found.problem
    assert "fab migrate-cluster" in found.remedy


@pytest.mark.parametrize("met", [False, True], ids=["never met", "known from before"])
def test_undeclared_islands_are_refused_by_the_counts_with_the_key_that_allows_them(met: bool) -> None:
    found = _member_findings(apart(declared=False, met=met))
    assert [(f.name, f.severity, f.where) for f in found] == [("counts", Severity.ERROR, m) for m in MEMBERS]
    assert all("`islands: true`" in f.remedy for f in found)


def test_a_member_missing_on_its_own_island_is_an_error_in_spite_of_the_declaration() -> None:
    broken = alter_status(apart(), "gw-a", cluster=counted(0, 1))
    assert ("counts", "gw-a") in [(f.name, f.where) for f in _member_findings(broken)]


def test_one_connection_across_is_not_two_islands_any_more() -> None:
    snapshot = apart()
    seen = snapshot.nodes["gw-a"].remotes
    assert isinstance(seen, tuple)
    crossed = alter(snapshot, "gw-a", remotes=(*seen, remote(single("gw-c"))))
    assert islands_of(snapshot)
    assert islands_of(crossed) == ()
    assert islands_of(healthy()) == ()


def test_a_declaration_that_is_no_longer_needed_is_said() -> None:
    (found,) = _member_findings(healthy(replace(cluster("gw-a", "gw-b"), islands=True), runs=SHARED))
    assert (found.name, found.severity) == ("islands-over", Severity.WARNING)
    assert _member_findings(healthy(cluster("gw-a", "gw-b"), runs=SHARED)) == []


ADDRESSES = {name: f"10.0.1.{number}" for number, name in enumerate(MEMBERS, 4)}


def _unseeded() -> Snapshot:
    """Each member names those of its own island."""
    snapshot = apart()
    for name in MEMBERS:
        home = NEWER if name in NEWER else OLDER
        seeds = tuple(f"{ADDRESSES[member]}:9104" for member in home)
        snapshot = alter_membership(
            snapshot, name, control_address=ADDRESSES[name], discovery_server_list=seeds
        )
    return snapshot


def test_islands_that_no_seed_connects_would_never_meet() -> None:
    assert [f.name for f in _member_findings(_unseeded())] == ["islands", "islands-unseeded"]


@pytest.mark.parametrize(
    "change",
    [
        {"discovery_server_list": (f"{ADDRESSES['gw-d']}:9104",)},
        {"use_multicast_discovery": True},
        {"control_address": ""},
    ],
    ids=["a seed across", "multicast", "a host name stands for an address that is not known"],
)
def test_islands_that_may_find_each_other_are_not_called_apart_for_ever(change: dict[str, object]) -> None:
    assert [f.name for f in _member_findings(alter_membership(_unseeded(), "gw-a", **change))] == ["islands"]


def test_the_status_says_that_it_is_not_one_cluster() -> None:
    found = report(apart())
    assert not found.healthy
    assert found.verdict.startswith("NOT ONE CLUSTER: 4 members, 4 nodes; two islands: Eclipse Amlen")


def test_two_built_in_pairs_do_not_connect_and_each_does_with_itself() -> None:
    ours, theirs = loaded(BUILTIN_SET, ca=()), loaded(LEGACY_SET, ca=())
    assert not can_connect(ours, theirs, at=NOW)
    assert can_connect(ours, ours, at=NOW)
    assert can_connect(theirs, theirs, at=NOW)


def test_islands_that_never_met_are_counted_as_they_learn_of_each_other() -> None:
    plan = plan_of(apart())
    assert [str(plan.baseline[m]) for m in MEMBERS] == ["1/0"] * 4
    assert restarted(plan) == list(MEMBERS)
    assert _after(plan) == [
        ["0/1", "0/1", "1/0", "1/0"],
        ["1/0", "1/0", "1/0", "1/0"],
        ["2/1", "2/1", "2/1", "0/1"],  # gw-c told the others of gw-d
        ["3/0", "3/0", "3/0", "3/0"],
    ]


def test_islands_that_know_each_other_count_the_others_as_disconnected_from_the_start() -> None:
    plan = plan_of(apart(met=True))
    assert [str(plan.baseline[m]) for m in MEMBERS] == ["1/2"] * 4
    assert _after(plan) == [
        ["0/3", "0/3", "1/2", "1/2"],
        ["1/2", "1/2", "1/2", "1/2"],
        ["2/1", "2/1", "2/1", "0/3"],
        ["3/0", "3/0", "3/0", "3/0"],
    ]


def test_an_observer_on_the_newer_island_sees_its_own_island_go() -> None:
    plan = plan_of(apart(), observer="gw-b")
    assert restarted(plan) == ["gw-a", "gw-c", "gw-d", "gw-b"]
    assert _after(plan) == [
        ["0/1", "0/1", "1/0", "1/0"],
        ["1/2", "0/1", "1/2", "0/1"],  # gw-a brought gw-b along, gw-c brought gw-d
        ["2/1", "0/1", "2/1", "2/1"],
        ["3/0", "3/0", "3/0", "3/0"],
    ]


def test_the_plan_says_that_two_islands_become_one_cluster() -> None:
    (note,) = plan_of(apart()).notes
    assert note.startswith("Eclipse Amlen (gw-a, gw-b) and Message Gateway (gw-c, gw-d) are two islands now")
    assert plan_of(healthy()).notes == ()


def test_a_migration_given_up_on_the_way_is_a_start_for_a_new_plan() -> None:
    """gw-a has its new credentials and is alone; the other island goes on as before."""
    snapshot = alter(apart(), "gw-a", wire=wire(SHARED), files=node_files(apart().nodes["gw-a"].node, SHARED))
    for name in NEWER:
        seen = snapshot.nodes[name].remotes
        assert isinstance(seen, tuple)
        snapshot = alter(snapshot, name, remotes=tuple(replace(r, status="Inactive") for r in seen))
        snapshot = alter_status(snapshot, name, cluster=counted(0, 1))
    assert {(f.name, f.severity) for f in _member_findings(snapshot)} == {("apart", Severity.WARNING)}
    plan = plan_of(snapshot)
    assert [str(plan.baseline[m]) for m in MEMBERS] == ["0/1", "0/1", "1/0", "1/0"]
    assert restarted(plan) == ["gw-b", "gw-c", "gw-d"]
    assert _after(plan)[-1] == ["3/0"] * 4


def test_leafs_of_a_ca_join_the_islands_as_well() -> None:
    assert _after(plan_of(apart(), OWN.sets))[-1] == ["3/0"] * 4


def test_a_mixed_cluster_that_is_one_is_planned_like_any_other() -> None:
    plan = plan_of(healthy(mixed(declared=False), runs=SHARED), OWN.sets)
    assert [str(plan.baseline[m]) for m in MEMBERS] == ["3/0"] * 4
