"""A partition that nobody foresaw: how long it is watched, and when it stops the line."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest

from tasks.core.bystanders import bystander
from tasks.core.errors import NotAsPlanned
from tasks.core.gates import View
from tasks.core.plan import Counts, Step
from tasks.core.step_kinds import StepKind
from tasks.effects.parting import stop_if_parted
from tasks.effects.run import Run
from tests.core.snapshots import THREE
from tests.core.statuses import counted, node_status, view

USUAL = Counts(connected=2, disconnected=0)
STEP = Step(kind=StepKind.RESTART, target="gw-a", expected={}, round=1)
SETTLE_S = THREE.node("gw-a").limits.settle_s


def shown(connected: int, disconnected: int) -> View:
    """What gw-b and gw-c show while gw-a is away."""
    status = node_status(cluster=counted(connected, disconnected))
    return {"gw-a": view(), "gw-b": view(status), "gw-c": view(status)}


MISSES_ONE, PARTED = shown(1, 1), shown(0, 2)


@pytest.fixture
def nudge() -> Callable[[View, float], None]:
    others = tuple(
        bystander(name, (name,), before=USUAL, after=USUAL, away=True) for name in ("gw-b", "gw-c")
    )
    return stop_if_parted(cast("Run", None), STEP, THREE.node("gw-a"), others)


def test_one_that_lasts_stops_the_line_and_says_who_shows_what(nudge: Callable[[View, float], None]) -> None:
    nudge(PARTED, 10)
    nudge(PARTED, 10 + SETTLE_S / 2)
    with pytest.raises(
        NotAsPlanned, match="did not foresee, while gw-a restarts: gw-b shows 0/2, planned"
    ) as no:
        nudge(PARTED, 10 + SETTLE_S)
    assert "gw-c shows 0/2" in no.value.problem
    assert "fab credentials.matrix" in no.value.remedy


def test_one_that_passes_does_not(nudge: Callable[[View, float], None]) -> None:
    for waited_s in (10.0, 11.0):
        nudge(PARTED, waited_s)
    nudge(MISSES_ONE, 12)
    for waited_s in (12 + SETTLE_S, 12 + SETTLE_S + 1):
        nudge(PARTED, waited_s)


def test_two_looks_are_no_proof_however_far_apart(nudge: Callable[[View, float], None]) -> None:
    nudge(PARTED, 10)
    nudge(PARTED, 10 + 10 * SETTLE_S)
    with pytest.raises(NotAsPlanned, match="did not foresee"):
        nudge(PARTED, 11 + 10 * SETTLE_S)


def test_that_the_restarting_one_is_missed_is_no_partition(nudge: Callable[[View, float], None]) -> None:
    for waited_s in range(0, 60, 2):
        nudge(MISSES_ONE, waited_s)
