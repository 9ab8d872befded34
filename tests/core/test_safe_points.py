"""--not-after: where a run may rest, and when it does."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from tasks.core.errors import UsageError
from tasks.core.plan import Plan
from tasks.core.safe_points import deadline, is_late, rest_lines, safe_points, should_rest, stretch
from tests.core.plans import plan_of
from tests.core.snapshots import cluster, healthy, pair
from tests.effects.servers import step_of

HERE = timezone(timedelta(hours=1), "CET")
NOW = datetime(2026, 11, 28, 3, 0, tzinfo=HERE)
FOUR = deadline("04:00", now=NOW)
NODES = cluster("gw-a", "gw-b", pair("gw-d"))
PRESCRIBED = plan_of(healthy(NODES))
BRIDGE = plan_of(healthy(NODES), strategy="bridge")


@pytest.mark.parametrize(
    ("text", "day", "clock"),
    [("04:00", 28, "04:00"), ("3:01", 28, "03:01"), ("03:00", 29, "03:00"), ("02:59", 29, "02:59")],
)
def test_a_time_of_day_is_the_next_one_here(text: str, day: int, clock: str) -> None:
    found = deadline(text, now=NOW)
    assert (found.at.day, f"{found.at:%H:%M}") == (day, clock)
    assert str(found) == f"{text} (11-{day} {clock} CET)"


@pytest.mark.parametrize("text", ["4", "24:00", "12:60", "4:5", "04:00:00", "", "04:00\n", "noon"])
def test_what_is_no_time_of_day_is_said(text: str) -> None:
    with pytest.raises(UsageError, match="not a time of day") as no:
        deadline(text, now=NOW)
    assert no.value.remedy == "--not-after HH:MM, as in 04:30"


def _safe(plan: Plan) -> list[str]:
    return [step.id for step in plan.steps if step.id in safe_points(plan)]


def test_the_documented_procedure_rests_before_its_first_swap_and_then_at_its_end() -> None:
    swaps = [step.id for step in PRESCRIBED.steps if not step.id.startswith("place:")]
    assert [id for id in _safe(PRESCRIBED) if not id.startswith("place:")] == [swaps[0], "prove:cluster"]


def test_where_nobody_is_apart_it_rests_between_members_and_never_within_one() -> None:
    safe = _safe(BRIDGE)
    assert {"swap:gw-d@1", "swap:gw-b@1", "swap:gw-a@1", "swap:gw-d@2", "prove:cluster@2"} <= set(safe)
    assert not {"restart-standby:gw-d@1", "restart:gw-d@1", "restart:gw-a@2"} & set(safe)


def test_two_restarts_of_a_pair_are_one_stretch() -> None:
    found = [step.id for step in stretch(BRIDGE, step_of(BRIDGE, "swap:gw-d@1"))]
    assert found == ["swap:gw-d@1", "restart-standby:gw-d@1", "restart:gw-d@1"]


def _rests(plan: Plan, step: str, *, left_s: float) -> bool:
    return should_rest(plan, step_of(plan, step), now=FOUR.at - timedelta(seconds=left_s), until=FOUR.at)


def test_a_stretch_begins_only_if_its_last_restart_is_expected_to_begin_in_time() -> None:
    assert not _rests(BRIDGE, "swap:gw-a@1", left_s=1)
    assert _rests(BRIDGE, "swap:gw-a@1", left_s=-1)
    assert not _rests(BRIDGE, "swap:gw-d@1", left_s=60)
    assert _rests(BRIDGE, "swap:gw-d@1", left_s=40)
    first = next(s.id for s in PRESCRIBED.steps if s.id.startswith("swap:"))
    assert _rests(PRESCRIBED, first, left_s=120)
    assert not _rests(PRESCRIBED, first, left_s=600)


def test_placing_and_proving_are_never_too_late() -> None:
    assert not _rests(BRIDGE, "place:gw-a@1", left_s=-3600)
    assert not _rests(PRESCRIBED, "prove:cluster", left_s=-3600)


def test_within_a_stretch_it_does_not_stop_and_says_that_it_is_late() -> None:
    late = FOUR.at + timedelta(seconds=1)
    step = step_of(PRESCRIBED, "restart:gw-b")
    assert not should_rest(PRESCRIBED, step, now=late, until=FOUR.at)
    assert is_late(PRESCRIBED, step, now=late, until=FOUR.at)
    assert not is_late(PRESCRIBED, step, now=NOW, until=FOUR.at)
    assert not is_late(PRESCRIBED, step_of(PRESCRIBED, "swap:gw-b"), now=late, until=FOUR.at)


def test_what_comes_is_named_beforehand() -> None:
    lines = list(rest_lines(BRIDGE, BRIDGE.steps, FOUR, now=NOW))
    assert lines[:2] == [
        "not after 04:00 (11-28 04:00 CET): no restart begins later; it rests only where nobody is apart and no "
        "member half done:",
        "  before round 1: gw-a: 1 restart",
    ]
    assert "  before round 1: gw-d: 2 restarts as a whole, the last begins up to 46 s later" in lines
    left = [step for step in BRIDGE.steps if step.round == 2]
    assert not any("round 1" in line for line in rest_lines(BRIDGE, left, FOUR, now=NOW))


def test_a_window_that_is_too_short_is_named_at_once() -> None:
    short = deadline("03:01", now=NOW)
    lines = list(rest_lines(PRESCRIBED, PRESCRIBED.steps, short, now=NOW))
    assert lines[1] == "  already before gw-d, gw-a, gw-b: there is not enough time for it"
    assert lines[2].startswith("  before gw-d, gw-a, gw-b: 4 restarts as a whole, the last begins up to ")
    many = plan_of(healthy(cluster(*(f"gw-{n}" for n in range(9)))), strategy="bridge")
    assert len(list(rest_lines(many, many.steps, FOUR, now=NOW))) == 3
    assert list(rest_lines(PRESCRIBED, [], short, now=NOW)) == []
