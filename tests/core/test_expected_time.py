"""About how long steps take: as measured elsewhere at first, then as fast as this run is."""

from __future__ import annotations

import pytest

from tasks.core.expected_time import OTHER_S, left_s, pace_of, restart_step_s, step_s
from tasks.core.plan import Plan, Step
from tests.core.plans import plan_of, renewed
from tests.core.snapshots import cluster, healthy, pair

PAIRED = cluster("gw-a", pair("gw-d"))


def _step(plan: Plan, name: str) -> Step:
    return next(step for step in plan.steps if step.id == name)


@pytest.mark.parametrize(
    ("name", "seconds"),
    [("restart-standby:gw-d", 31), ("restart:gw-d", 34), ("restart:gw-a", 24), ("place:gw-a", None)],
)
def test_restarts_take_as_long_as_on_real_servers(name: str, seconds: float | None) -> None:
    plan = plan_of(healthy(PAIRED), observer="gw-a")
    assert restart_step_s(plan, _step(plan, name)) == seconds


def test_one_that_meets_nobody_takes_longer() -> None:
    apart, together = plan_of(healthy()), plan_of(healthy(runs=renewed()), renewed(), strategy="renew")
    assert restart_step_s(apart, _step(apart, "restart:gw-a")) == 33
    assert restart_step_s(together, _step(together, "restart:gw-a")) == 24


def test_what_is_left_is_told_by_the_pace_of_this_run() -> None:
    plan = plan_of(healthy())
    at_first = pace_of(plan, {})
    assert step_s(plan, _step(plan, "restart:gw-b"), at_first) == 33
    assert step_s(plan, _step(plan, "place:gw-b"), at_first) == OTHER_S
    fast = pace_of(plan, {"restart:gw-a": 3.3, "place:gw-a": 0.5, "place:gw-b": 0.7})
    assert step_s(plan, _step(plan, "restart:gw-b"), fast) == pytest.approx(3.3)
    assert step_s(plan, _step(plan, "place:gw-c"), fast) == pytest.approx(0.6)
    both = [_step(plan, "restart:gw-b"), _step(plan, "place:gw-c")]
    assert left_s(plan, both, fast) == pytest.approx(3.9)
