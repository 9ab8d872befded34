"""A cluster that a migration left half way: seen for what it is, and a start for a new plan."""

from __future__ import annotations

from dataclasses import replace

from tasks.core.checks_members import cluster_active
from tasks.core.findings import Severity
from tasks.core.health import report
from tasks.core.links import links_now
from tasks.core.snapshot import Snapshot
from tests.core.certs import BUILTIN_SET, OTHER_SHARED, SHARED
from tests.core.plans import plan_of, restarted
from tests.core.snapshots import THREE, alter, alter_status, healthy, uid
from tests.core.statuses import counted

HALF = {"gw-a": SHARED, "gw-b": BUILTIN_SET, "gw-c": BUILTIN_SET}


def _apart(snapshot: Snapshot, *, alone: str) -> Snapshot:
    """The member is connected to nobody, and nobody to it."""
    for name, seen in snapshot.nodes.items():
        assert isinstance(seen.remotes, tuple)
        lost = [replace(r, status="Inactive") if alone in (name, _name(r.uid)) else r for r in seen.remotes]
        snapshot = alter(snapshot, name, remotes=tuple(lost))
        cluster = counted(0, 2) if name == alone else counted(1, 1)
        snapshot = alter_status(snapshot, name, cluster=cluster)
    return snapshot


def _name(server_uid: str) -> str:
    return next(member.name for member in THREE.members if uid(member.name) == server_uid)


HALVES = _apart(healthy(runs=HALF), alone="gw-a")
UNEXPLAINED = _apart(healthy(runs=SHARED), alone="gw-a")


def test_halves_that_the_certificates_explain_are_no_error_but_not_healthy() -> None:
    found = list(cluster_active(HALVES))
    assert {(f.name, f.severity) for f in found} == {("apart", Severity.WARNING)}
    assert len(found) == 3
    assert not report(HALVES).healthy


def test_members_apart_in_spite_of_their_certificates_are_an_error() -> None:
    found = list(cluster_active(UNEXPLAINED))
    assert {(f.name, f.severity) for f in found} == {("counts", Severity.ERROR)}


def test_links_are_what_the_members_say() -> None:
    assert links_now(HALVES) == {frozenset({"gw-b", "gw-c"})}
    assert len(links_now(healthy())) == 3


def test_a_plan_from_halves_starts_at_their_counts_and_joins_them() -> None:
    plan = plan_of(HALVES, SHARED)
    assert [str(counts) for counts in plan.baseline.values()] == ["0/2", "1/1", "1/1"]
    assert restarted(plan) == ["gw-b", "gw-c"]
    after = [[str(c) for c in step.expected.values()] for step in plan.restarts]
    assert after == [["1/1", "1/1", "0/2"], ["2/0", "2/0", "2/0"]]


def test_the_observer_is_one_that_still_moves() -> None:
    left = _apart(healthy(runs={"gw-a": BUILTIN_SET, "gw-b": BUILTIN_SET, "gw-c": SHARED}), alone="gw-c")
    assert plan_of(left, SHARED).observer == "gw-b"
    assert plan_of(healthy(), SHARED).observer == "gw-c"


def test_a_plan_from_halves_to_a_third_set_leaves_nobody_out_at_the_end() -> None:
    plan = plan_of(HALVES, OTHER_SHARED)
    assert {str(counts) for counts in plan.steps[-1].expected.values()} == {"2/0"}
