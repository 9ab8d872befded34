"""Plans of restarts: which steps, what is expected after each, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.core.errors import Refused, UsageError
from tasks.core.plan import Counts, Plan
from tasks.core.plan_text import closing_lines, nothing_to_do, reason_line, target_lines
from tasks.core.restart_plan import (
    RestartWish,
    load_checks,
    pairs_named,
    plan_restart,
    plan_standbys,
)
from tasks.core.snapshot import Snapshot
from tasks.core.start_load import KeyLook
from tests.core.certs import OTHER_SHARED, SHARED
from tests.core.plans import plan_of, step_ids
from tests.core.snapshots import (
    THREE,
    WITH_PAIR,
    alter,
    alter_status,
    cluster,
    healthy,
    pair,
    rest_silent,
)
from tests.core.statuses import paired

TWO_PAIRS = cluster("gw-a", pair("gw-c"), pair("gw-d"))


def planned(snapshot: Snapshot, member: str, node: str = "") -> Plan:
    return plan_restart(snapshot, RestartWish(member, node))


def swapped(snapshot: Snapshot) -> Snapshot:
    """The same with the roles of gw-d moved."""
    one, two = snapshot.nodes["gw-d1"], snapshot.nodes["gw-d2"]
    first = alter(snapshot, "gw-d1", status=two.status, wire=None, remotes=None)
    return alter(first, "gw-d2", status=one.status, wire=one.wire, remotes=one.remotes)


def test_a_single_member_is_restarted_and_everybody_is_as_before() -> None:
    plan = planned(healthy(runs=SHARED), "gw-b")
    assert step_ids(plan) == ["restart:gw-b", "prove:cluster"]
    usual = dict.fromkeys(("gw-a", "gw-b", "gw-c"), Counts(connected=2, disconnected=0))
    assert plan.baseline == usual
    assert all(step.expected == usual for step in plan.steps)
    assert {t.leaf_sha256 for t in plan.targets.values()} == {SHARED.leaf.sha256}
    assert plan.task == "restart"


def test_of_a_pair_the_standby_comes_first_then_the_primary() -> None:
    plan = planned(healthy(WITH_PAIR, runs=SHARED), "gw-d")
    assert step_ids(plan) == ["restart-standby:gw-d", "restart:gw-d", "prove:cluster"]


@pytest.mark.parametrize(("node", "step"), [("gw-d2", "restart-standby:gw-d"), ("gw-d1", "restart:gw-d")])
def test_one_node_of_a_pair_is_restarted_as_its_role_wants(node: str, step: str) -> None:
    plan = planned(healthy(WITH_PAIR), "gw-d", node)
    assert step_ids(plan) == [step, "prove:cluster"]
    assert plan.pinned == {step: node}


def test_roles_that_moved_make_it_the_other_step() -> None:
    assert step_ids(planned(swapped(healthy(WITH_PAIR)), "gw-d", "gw-d1"))[0] == "restart-standby:gw-d"


@pytest.mark.parametrize("asked", ["gw-d1", "gw-d2"])
def test_the_second_node_of_a_pair_is_not_restarted(asked: str) -> None:
    other = {"gw-d1": "gw-d2", "gw-d2": "gw-d1"}[asked]
    with pytest.raises(Refused, match=rf"\[{asked}\] a pair's second node: {other} is not there to serve"):
        planned(rest_silent(healthy(WITH_PAIR), other), "gw-d", asked)


def test_a_pair_out_of_sync_has_no_second_node() -> None:
    unsynced = alter_status(healthy(WITH_PAIR), "gw-d2", ha=paired("UNSYNC", active=1, synced=1))
    with pytest.raises(Refused, match=r"gw-d2 is not there to serve \(UNSYNC, State 10; wanted PRIMARY"):
        planned(unsynced, "gw-d", "gw-d1")


@pytest.mark.parametrize(
    ("wish", "says", "remedy"),
    [
        (RestartWish(), "no member was named", "fab restart MEMBER, one of: gw-a, gw-b, gw-c, gw-d"),
        (RestartWish("gw-x"), "gw-x is no member of production", "fab restart MEMBER, one of"),
        (RestartWish("gw-d1"), "gw-d1 is a node of the pair gw-d", "fab restart gw-d, or with --node gw-d1"),
        (RestartWish("gw-d", "gw-a"), "--node gw-a is no node of gw-d", "one of: gw-d1, gw-d2"),
    ],
)
def test_a_wish_for_nobody_is_refused_with_the_right_form(wish: RestartWish, says: str, remedy: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        wish.check(WITH_PAIR)
    assert remedy in caught.value.remedy


def test_every_standby_is_restarted_in_turn() -> None:
    plan = plan_standbys(healthy(TWO_PAIRS), pairs_named(TWO_PAIRS, ""))
    assert step_ids(plan) == ["restart-standby:gw-c", "restart-standby:gw-d", "prove:cluster"]
    assert step_ids(plan_standbys(healthy(TWO_PAIRS), pairs_named(TWO_PAIRS, "gw-d")))[0].endswith("gw-d")


def test_without_a_pair_there_is_nothing_to_do() -> None:
    plan = plan_standbys(healthy(), pairs_named(THREE, ""))
    assert plan.steps == ()
    assert nothing_to_do(plan) == "production: nothing to do: there is no HA pair"
    with pytest.raises(UsageError, match="gw-a is no HA pair"):
        pairs_named(THREE, "gw-a")


def test_a_member_that_nobody_saw_cannot_be_proven() -> None:
    with pytest.raises(Refused, match="the certificate of gw-c cannot be seen"):
        planned(alter(healthy(), "gw-c", wire=None), "gw-a")


# --- what is pending


def _other_on_disk() -> Snapshot:
    """gw-a runs with the others' set; another one was put on its disk."""
    before = healthy(runs=SHARED)
    files = healthy(runs=OTHER_SHARED).nodes["gw-a"].files
    return alter(before, "gw-a", files=files)


def _checks(snapshot: Snapshot, *, load_pending: bool) -> list[str]:
    nodes = [snapshot.cluster.node("gw-a")]
    again = {"gw-a": "fab restart gw-a --load-pending"}
    keys = {"gw-a": KeyLook.MATCHES}
    return [f.name for f in load_checks(snapshot, nodes, keys, load_pending=load_pending, again=again)]


def test_what_is_pending_wants_a_word_of_its_own() -> None:
    assert set(_checks(_other_on_disk(), load_pending=False)) == {"load-pending"}
    assert _checks(_other_on_disk(), load_pending=True) == []
    assert _checks(healthy(runs=SHARED), load_pending=False) == []


def test_the_counts_after_loading_what_is_pending_follow_from_the_certificates() -> None:
    plan = planned(_other_on_disk(), "gw-a")
    apart, left = Counts(connected=0, disconnected=2), Counts(connected=1, disconnected=1)
    assert plan.steps[0].expected == {"gw-a": apart, "gw-b": left, "gw-c": left}
    assert plan.targets["gw-a"].leaf_sha256 == OTHER_SHARED.leaf.sha256
    assert plan.targets["gw-b"].leaf_sha256 == SHARED.leaf.sha256
    assert any(note.startswith("gw-a: serves ") for note in plan.notes)
    assert target_lines(plan)[0].startswith(f"  gw-a: -> {OTHER_SHARED.leaf.sha256[:8]} CN=another")


def test_another_members_pending_files_change_nothing_here() -> None:
    plan = planned(_other_on_disk(), "gw-b")
    assert plan.steps[0].expected == plan.baseline
    assert target_lines(plan) == ()


def test_what_a_half_shows_now_is_what_it_shows_after() -> None:
    """Members apart for a reason that the certificates explain stay so."""
    snapshot = healthy(runs={"gw-a": SHARED, "gw-b": OTHER_SHARED, "gw-c": SHARED})
    for name, others in (("gw-a", ("gw-b",)), ("gw-b", ("gw-a", "gw-c")), ("gw-c", ("gw-b",))):
        seen = snapshot.nodes[name]
        assert isinstance(seen.remotes, tuple)
        remotes = tuple(
            replace(r, status="Inactive") if r.name.split(":")[0] in others else r for r in seen.remotes
        )
        snapshot = alter(snapshot, name, remotes=remotes)
    plan = planned(snapshot, "gw-a")
    assert plan.baseline["gw-a"] == Counts(connected=1, disconnected=1)
    assert plan.steps[0].expected == plan.baseline


# --- what is said of any plan


def test_a_plan_names_the_command_that_runs_it() -> None:
    plan = planned(healthy(runs=SHARED), "gw-b")
    typed = plan.model_copy(update={"command": "restart gw-b"})
    assert closing_lines(typed)[-1] == (
        f"fingerprint {typed.fingerprint} -> fab restart gw-b --approve {typed.fingerprint}"
    )
    assert closing_lines(plan)[-1].endswith(f"-> fab restart --approve {plan.fingerprint}")
    assert closing_lines(plan)[0].startswith("note: clients of gw-b have no server")
    assert reason_line(plan) == plan.why


def test_a_migration_is_told_as_ever() -> None:
    plan = plan_of(healthy())
    words = "fab migrate-cluster --strategy prescribed --approve"
    assert closing_lines(plan)[-1].endswith(f"-> {words} {plan.fingerprint}")
    automatic = plan_of(healthy(), strategy="auto")
    assert closing_lines(automatic)[-1].endswith(f"-> fab migrate-cluster --approve {automatic.fingerprint}")
    assert reason_line(plan).startswith("strategy prescribed: the documented procedure")
    assert len(target_lines(plan)) == 3
    assert "every member already runs" in nothing_to_do(plan_of(healthy(runs=SHARED)))


def test_a_standbys_restart_costs_no_client() -> None:
    plan = plan_standbys(healthy(TWO_PAIRS), pairs_named(TWO_PAIRS, "gw-d"))
    assert "1 restart, about 25 s of waiting" in closing_lines(plan)
