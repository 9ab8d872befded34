"""The live view of a run as data: what each thing that happens makes of it, in little and in much space."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest

from tasks.core.availability import Look
from tasks.core.live_rows import NodeRow, Rank, node_rows
from tasks.core.live_state import Ending, Live, Looked, StepBegun, StepEnded, Waited, after, begun
from tasks.core.live_view import live_view
from tasks.core.model import Cluster
from tasks.core.plan import Counts, Plan, Step
from tasks.core.progress import Progress
from tasks.core.snapshot import Snapshot
from tasks.core.status import NodeStatus
from tasks.core.step_kinds import StepKind
from tests.core.plans import plan_of, renewed
from tests.core.snapshots import THREE, cluster, healthy, pair, status_of
from tests.core.statuses import counted, paired

PAIRED = cluster("gw-a", pair("gw-d"))
NOW_S = 100.0


def _step(plan: Plan, name: str) -> Step:
    return next(step for step in plan.steps if step.id == name)


@cache
def _healthy(wanted: Cluster) -> Snapshot:
    return healthy(wanted)


def _status(wanted: Cluster, node: str, *, state: int | None = None, restarted: bool = False) -> NodeStatus:
    """As in a healthy cluster, in another state, or of a process that has started a minute later."""
    found = status_of(_healthy(wanted), node)
    server = replace(found.server, state=found.server.state if state is None else state)
    if restarted:
        server = replace(server, server_time=server.server_time + timedelta(seconds=60))
    return replace(found, server=server)


def _looks(wanted: Cluster, **other: NodeStatus | None) -> Looked:
    """Of every node; names with _ in place of -."""
    told = {name.replace("_", "-"): status for name, status in other.items()}
    seen = {node.name: status_of(_healthy(wanted), node.name) for node in wanted.nodes}
    return Looked({name: Look(status) for name, status in (seen | told).items()})


def _begun(wanted: Cluster, plan: Plan, *done: str) -> Live:
    live = begun("RUN", wanted, plan, Progress(done=frozenset(done)), now_s=NOW_S)
    return after(live, _looks(wanted), now_s=NOW_S)


def _rows(live: Live, *, now_s: float = NOW_S) -> Mapping[str, NodeRow]:
    return {row.label: row for row in node_rows(live, now_s=now_s)}


def test_before_its_restart_a_member_serves_the_old_and_the_first_is_next() -> None:
    rows = _rows(_begun(THREE, plan_of(healthy())))
    assert [(row.serves, row.state, row.counts, row.mark) for row in rows.values()] == [
        ("old", "running", "2/0", " ")
    ] * 3
    assert [row.now for row in rows.values()] == ["next", "", ""]


@pytest.mark.parametrize(
    ("status", "state", "now"),
    [
        pytest.param(_status(THREE, "gw-a"), "running", "to be restarted", id="asked"),
        pytest.param(_status(THREE, "gw-a", state=2), "State 2", "stopping", id="stopping"),
        pytest.param(None, "silent", "down", id="down"),
        pytest.param(_status(THREE, "gw-a", state=11, restarted=True), "State 11", "starting", id="starting"),
        pytest.param(
            _status(THREE, "gw-a", restarted=True), "running", "waiting for members", id="not yet as planned"
        ),
        pytest.param(
            replace(_status(THREE, "gw-a", restarted=True), cluster=counted(0, 2)),
            "running",
            "ready",
            id="ready",
        ),
    ],
)
def test_a_restarting_member_says_what_it_is_doing(status: NodeStatus | None, state: str, now: str) -> None:
    plan = plan_of(healthy())
    live = after(_begun(THREE, plan), StepBegun(_step(plan, "restart:gw-a")), now_s=NOW_S)
    row = _rows(after(live, _looks(THREE, gw_a=status), now_s=NOW_S + 1))["gw-a"]
    assert (row.state, row.now, row.rank, row.mark) == (state, now, Rank.MOVING, ">")


def test_a_new_process_is_new_with_a_question_mark_until_its_gate_held() -> None:
    plan = plan_of(healthy())
    step = _step(plan, "restart:gw-a")
    live = after(_begun(THREE, plan), StepBegun(step), now_s=NOW_S)
    live = after(live, _looks(THREE, gw_a=_status(THREE, "gw-a", restarted=True)), now_s=NOW_S)
    assert _rows(live)["gw-a"].serves == "new?"
    live = after(live, StepEnded(step, 14.0), now_s=NOW_S + 14)
    assert [row.serves for row in _rows(live).values()] == ["new", "old", "old"]


def test_counts_otherwise_than_planned_stand_before_what_is_planned() -> None:
    plan = plan_of(healthy())
    live = after(_begun(THREE, plan), StepBegun(_step(plan, "restart:gw-a")), now_s=NOW_S)
    row = _rows(live)["gw-b"]
    assert (row.counts, row.rank) == ("2/0 -> 1/1", Rank.NEXT)  # on its way, as planned
    wrong = replace(_status(THREE, "gw-b"), cluster=counted(1, 0))
    row = _rows(after(live, _looks(THREE, gw_b=wrong), now_s=NOW_S))["gw-b"]
    assert (row.counts, row.now, row.mark) == ("1/0 -> 1/1", "not as planned", "!")


def test_a_node_that_goes_down_though_nobody_restarts_it_is_not_as_planned() -> None:
    plan = plan_of(healthy())
    live = after(_begun(THREE, plan), StepBegun(_step(plan, "restart:gw-a")), now_s=NOW_S)
    row = _rows(after(live, _looks(THREE, gw_b=None), now_s=NOW_S))["gw-b"]
    assert (row.state, row.now, row.mark) == ("silent", "not as planned", "!")


def test_a_node_that_is_not_heard_says_since_when() -> None:
    live = _begun(THREE, plan_of(healthy()))
    others = Looked({name: look for name, look in _looks(THREE).looks.items() if name != "gw-b"})
    live = after(live, others, now_s=NOW_S + 12)
    rows = _rows(live, now_s=NOW_S + 12)
    assert [row.state for row in rows.values()] == ["running", "no answer 12 s", "running"]
    assert rows["gw-b"].mark == "!"


def test_of_a_pair_the_standby_moves_first_then_the_primary_and_roles_follow() -> None:
    plan = plan_of(healthy(PAIRED), observer="gw-a")
    live = after(_begun(PAIRED, plan), StepBegun(_step(plan, "restart-standby:gw-d")), now_s=NOW_S)
    rows = _rows(live)
    assert [(row.mark, row.serves) for row in rows.values()] == [(" ", "old"), (" ", "old"), (">", "(old)")]
    live = after(live, StepEnded(_step(plan, "restart-standby:gw-d"), 23), now_s=NOW_S)
    assert [row.serves for row in _rows(live).values()] == ["old", "old", "(new)"]
    live = after(live, StepBegun(_step(plan, "restart:gw-d")), now_s=NOW_S)
    assert [row.mark for row in _rows(live).values()] == [" ", ">", " "]
    swapped = replace(_status(PAIRED, "gw-d2", state=16), ha=paired("PRIMARY"))
    live = after(live, _looks(PAIRED, gw_d1=None, gw_d2=swapped), now_s=NOW_S)
    rows = _rows(live)
    assert [(row.mark, row.role, row.now) for row in rows.values()] == [
        (" ", "single", "next"),
        (">", "-", "down"),
        (" ", "primary", ""),
    ]
    live = after(live, StepEnded(_step(plan, "restart:gw-d"), 26), now_s=NOW_S)
    assert [row.serves for row in _rows(live).values()] == ["old", "new", "new"]


def test_a_run_that_is_gone_on_with_knows_what_is_done() -> None:
    plan = plan_of(healthy(PAIRED), observer="gw-a")
    half = _begun(PAIRED, plan, "restart-standby:gw-d")
    assert [row.serves for row in _rows(half).values()] == ["old", "old", "(new)"]
    more = _begun(PAIRED, plan, "restart-standby:gw-d", "restart:gw-d")
    assert [row.serves for row in _rows(more).values()] == ["old", "new", "(new)"]
    unseen = begun("RUN", PAIRED, plan, Progress(done=frozenset({"restart-standby:gw-d"})), now_s=NOW_S)
    assert [(row.serves, row.state) for row in _rows(unseen).values()] == [("old", "-")] * 3


def test_of_several_rounds_each_says_how_many_it_has_loaded() -> None:
    plan = plan_of(healthy(), strategy="bridge")
    assert len(plan.rounds) > 1
    first = [step for step in plan.steps if step.round == 1]
    live = _begun(THREE, plan, *(step.id for step in first))
    number = len(plan.rounds)
    assert {row.serves for row in _rows(live).values()} <= {f"old 1/{number}", f"new 1/{number}"}
    whole = _begun(THREE, plan, *(step.id for step in plan.steps))
    assert {row.serves for row in _rows(whole).values()} == {f"new {number}/{number}"}


def test_a_rollback_goes_from_new_to_old() -> None:
    plan = plan_of(healthy()).model_copy(update={"undoes": "RUN"})
    assert [row.serves for row in _rows(_begun(THREE, plan, "restart:gw-a")).values()] == [
        "old",
        "new",
        "new",
    ]


def test_a_plan_that_changes_no_certificate_or_names_no_member_has_no_such_column() -> None:
    plan = plan_of(healthy())
    same = plan.model_copy(update={"before": {n: plan.targets[n].leaf_sha256 for n in plan.targets}})
    bare = plan.model_copy(update={"targets": {}, "before": {}, "baseline": {}})
    for one in (same, bare):
        view = live_view(_begun(THREE, one), width=80, height=24, now_s=NOW_S)
        assert view.header == ("", "NODE", "ROLE", "STATE", "C/D", "NOW")
        assert [row.cells[1] for row in view.rows] == ["gw-a", "gw-b", "gw-c"]
    assert "SERVES" in live_view(_begun(THREE, plan), width=80, height=24, now_s=NOW_S).header


def test_the_lines_tell_step_wait_and_time_and_are_as_many_at_every_moment() -> None:
    plan = plan_of(healthy())
    step = _step(plan, "restart:gw-a")
    live = _begun(THREE, plan)
    assert len(live_view(live, width=80, height=24, now_s=NOW_S).lines) == 4
    live = after(live, StepBegun(step), now_s=NOW_S)
    live = after(live, Waited("gw-a", "restart of gw-a", "REST is \x1b[2J silent", 60.0), now_s=NOW_S + 5)
    number, total = plan.steps.index(step) + 1, len(plan.steps)
    assert live_view(live, width=80, height=24, now_s=NOW_S + 7).lines == (
        f"step {number} of {total}: restart gw-a, 7 s of about 33 s",
        "  waiting at most 58 s more for restart of gw-a",
        "  last seen: REST is ?[2J silent",
        f"[{'-' * 20}] 0 of {total} steps done, 7 s so far, about 1 m 30 s to go",
    )


@pytest.mark.parametrize("how", list(Ending), ids=lambda how: how.name.lower())
def test_in_the_end_the_last_state_stays_but_of_a_complete_run_one_line(how: Ending) -> None:
    live = after(_begun(THREE, plan_of(healthy())), how, now_s=NOW_S + 9)
    view = live_view(live, width=80, height=24, now_s=NOW_S + 9)
    assert view.lines[-1].endswith(f"steps done: {how.value} after 9 s")
    assert (view.rows == ()) is (how is Ending.COMPLETE)
    assert not any("next" in row.cells for row in view.rows)


SIXTY = cluster(*(f"gw-{number:02}" for number in range(58)), pair("gw-p"))


@cache
def _plan_of_sixty() -> Plan:
    """Without what a plan of so many would take seconds to find out."""
    names = [member.name for member in SIXTY.members]
    counts = {name: Counts(connected=58, disconnected=0) for name in names}
    one = plan_of(healthy())
    restarts = tuple(Step(kind=StepKind.RESTART, target=name, expected=counts) for name in names)
    targets = dict.fromkeys(names, one.targets["gw-a"])
    before = {node.name: one.before["gw-a"] for node in SIXTY.nodes}
    return one.model_copy(
        update={
            "steps": restarts,
            "targets": targets,
            "before": before,
            "baseline": counts,
            "pairs": ("gw-p",),
        }
    )


def _of_sixty(*odd: str) -> Live:
    plan = _plan_of_sixty()
    live = after(_begun(SIXTY, plan), StepBegun(_step(plan, "restart:gw-30")), now_s=NOW_S)
    return after(
        live, _looks(SIXTY, **dict.fromkeys((name.replace("-", "_") for name in odd), None)), now_s=NOW_S
    )


def test_where_sixty_do_not_fit_those_that_matter_are_shown_and_the_others_counted() -> None:
    view = live_view(_of_sixty("gw-50", "gw-p1"), width=80, height=15, now_s=NOW_S)
    shown = [row.cells[1] for row in view.rows]
    assert {"gw-30", "gw-50", "gw-p/gw-p1", "gw-p/gw-p2", "gw-00"} <= set(shown)  # gw-00 is next
    assert shown == sorted(shown)
    assert view.more == f"and {59 - len(shown) + 1} more members as planned"
    assert 1 + 1 + len(view.rows) + 1 + len(view.lines) == 15


def test_what_is_odd_and_does_not_fit_is_counted_too() -> None:
    view = live_view(
        _of_sixty(*(f"gw-{number:02}" for number in range(20))), width=80, height=12, now_s=NOW_S
    )
    assert view.more.endswith(", 16 of them not as planned")


@pytest.mark.parametrize("height", [*range(1, 20), 40, 63, 64, 65, 66, 67, 80])
def test_it_is_never_higher_than_the_screen(height: int) -> None:
    view = live_view(_of_sixty("gw-p1"), width=80, height=height, now_s=NOW_S)
    above = 2 * bool(view.rows) + len(view.rows) + bool(view.more)
    assert above + len(view.lines) <= height
    assert (view.more == "") is (len(view.rows) in (0, 60))


def test_a_wide_screen_shows_uptimes_too() -> None:
    live = _begun(THREE, plan_of(healthy(runs=renewed()), renewed()))
    assert live_view(live, width=160, height=24, now_s=NOW_S).header[-1] == "UP"


def test_swaps_and_places_are_shown_at_their_nodes() -> None:
    plan = plan_of(healthy(PAIRED), observer="gw-a")
    live = after(_begun(PAIRED, plan), StepBegun(_step(plan, "place:gw-d1")), now_s=NOW_S)
    assert [row.now for row in _rows(live).values()] == ["", "placing files", "next"]
    live = after(live, StepBegun(_step(plan, "swap:gw-d")), now_s=NOW_S)
    assert [row.now for row in _rows(live).values()] == ["", "files swapped in", "files swapped in"]
    live = after(live, StepBegun(plan.steps[-1]), now_s=NOW_S)
    assert plan.steps[-1].kind is StepKind.PROVE
    assert {row.mark for row in _rows(live).values()} == {" "}
