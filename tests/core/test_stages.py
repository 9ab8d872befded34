"""Who can connect to whom, step by step: links, directions, groups."""

from __future__ import annotations

from tasks.core.course import Course, Wish, course_of
from tasks.core.findings import Severity
from tasks.core.observed import loaded_now
from tasks.core.plan import TrustStage
from tasks.core.snapshot import Snapshot
from tasks.core.stages import NOW as AT_FIRST
from tasks.core.stages import Stage, compact, groups_of, one_way_findings, stage_now
from tests.core.certs import OWN, SHARED
from tests.core.plans import plan_of, renewed
from tests.core.snapshots import WITH_PAIR, alter, alter_files, healthy, wire

MEMBERS = ("gw-a", "gw-b", "gw-c")


def links(*pairs: str) -> frozenset[frozenset[str]]:
    return frozenset(frozenset(pair) for pair in pairs)


def course(snapshot: Snapshot) -> Course:
    sets = dict.fromkeys((member.name for member in snapshot.cluster.members), SHARED)
    return course_of(snapshot, sets, old=loaded_now(snapshot), wish=Wish("prescribed"))


def lost_ca(snapshot: Snapshot, node: str) -> Snapshot:
    """T4: its process runs without a CA file."""
    return alter(alter_files(snapshot, node, ca_pem=b""), node, wire=wire(SHARED, ca=()))


def test_a_migration_parts_old_and_new_until_the_last_restart() -> None:
    """Source: measured on three single members, from the built-in pair to a shared set."""
    stages = [compact(stage, MEMBERS) for stage in course(healthy()).stages]
    assert [(stage.after, stage.groups) for stage in stages] == [
        (AT_FIRST, (("gw-a", "gw-b", "gw-c"),)),
        ("restart:gw-a", (("gw-a",), ("gw-b", "gw-c"))),
        ("restart:gw-b", (("gw-a", "gw-b"), ("gw-c",))),
        ("restart:gw-c", (("gw-a", "gw-b", "gw-c"),)),
    ]
    assert not any(stage.one_way or stage.apart for stage in stages)


def test_a_pair_changes_with_its_primary() -> None:
    afters = [stage.after for stage in course(healthy(WITH_PAIR)).stages]
    assert "restart:gw-d" in afters
    assert "restart-standby:gw-d" not in afters


def test_renewed_leafs_part_nobody_and_leave_one_stage() -> None:
    plan = plan_of(healthy(runs=OWN.sets), renewed())
    assert [stage.after for stage in plan.trust] == [AT_FIRST]
    assert plan.trust[0].groups == (MEMBERS,)


def test_one_lost_ca_file_leaves_one_direction_to_each_of_its_pairs() -> None:
    snapshot = lost_ca(healthy(runs=SHARED), "gw-a")
    stage = stage_now(snapshot, loaded_now(snapshot))
    assert stage.one_way == (("gw-a", "gw-b"), ("gw-a", "gw-c"))
    (finding,) = one_way_findings(stage)
    assert (finding.name, finding.severity) == ("one-direction", Severity.WARNING)
    assert "gw-a > gw-b, gw-a > gw-c; all counts look healthy" in finding.problem
    whole = stage_now(healthy(runs=SHARED), loaded_now(healthy(runs=SHARED)))
    assert (whole.one_way, one_way_findings(whole)) == ((), ())


def test_two_lost_ca_files_would_be_apart_though_they_are_seen_connected() -> None:
    snapshot = lost_ca(lost_ca(healthy(runs=SHARED), "gw-a"), "gw-b")
    stage = stage_now(snapshot, loaded_now(snapshot))
    assert not {("gw-a", "gw-b"), ("gw-b", "gw-a")} & stage.dials
    assert frozenset(("gw-a", "gw-b")) in stage.links


def test_the_plan_holds_the_stages_and_an_empty_plan_none() -> None:
    assert [stage.after for stage in plan_of(healthy()).trust][1:] == [f"restart:{m}" for m in MEMBERS]
    assert plan_of(healthy(runs=SHARED)).trust == ()


def test_groups_hang_together_also_by_way_of_others() -> None:
    assert groups_of(links("ab", "bc"), "abcd") == (("a", "b", "c"), ("d",))
    assert groups_of(links(), "ab") == (("a",), ("b",))
    stage = Stage("now", links("ab", "bc"), frozenset({("a", "b"), ("b", "c"), ("c", "b")}))
    assert compact(stage, "abcd") == TrustStage(
        after="now", groups=(("a", "b", "c"), ("d",)), one_way=(("a", "b"),), apart=(("a", "c"),)
    )
