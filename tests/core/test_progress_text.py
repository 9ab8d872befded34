"""How far a run has come, in words."""

from __future__ import annotations

import pytest

from tasks.core.plan import Plan
from tasks.core.progress import Progress
from tasks.core.progress_text import open_run_line, round_text, rounds_done
from tests.core.certs import OWN
from tests.core.kinds import NEW
from tests.core.plans import plan_of
from tests.core.snapshots import healthy

ROUNDS = plan_of(healthy(runs=OWN.sets), NEW["ca"], strategy="overlap")
ONE = plan_of(healthy())


def done_until(plan: Plan, *, round: int, but: str = "") -> Progress:
    return Progress(done=frozenset(s.id for s in plan.steps if s.round <= round and s.id != but))


@pytest.mark.parametrize(
    ("progress", "done", "text"),
    [
        pytest.param(done_until(ROUNDS, round=0), 0, "", id="none"),
        pytest.param(done_until(ROUNDS, round=1, but="prove:cluster@1"), 0, "", id="not proven yet"),
        pytest.param(done_until(ROUNDS, round=1), 1, "round 1 of 3 is complete", id="one"),
        pytest.param(done_until(ROUNDS, round=2), 2, "rounds 1 to 2 of 3 are complete", id="two"),
        pytest.param(done_until(ROUNDS, round=3), 3, "rounds 1 to 3 of 3 are complete", id="all"),
    ],
)
def test_a_round_is_complete_once_its_last_step_is_done(progress: Progress, done: int, text: str) -> None:
    assert rounds_done(ROUNDS, progress) == done
    assert round_text(ROUNDS, progress) == text


def test_a_plan_of_one_round_speaks_of_none() -> None:
    assert round_text(ONE, done_until(ONE, round=0)) == ""
    assert round_text(ONE, Progress()) == ""


def test_an_open_run_is_told_with_its_rounds_the_steps_left_and_how_to_go_on() -> None:
    left = len(ROUNDS.steps) // 3 * 2
    assert open_run_line("RUN-1", ROUNDS, done_until(ROUNDS, round=1)) == (
        f"run RUN-1 is open, round 1 of 3 is complete, {left} of {len(ROUNDS.steps)} steps left "
        "-> fab migrate-cluster --resume"
    )
    assert open_run_line("RUN-1", ROUNDS, Progress()).startswith("run RUN-1 is open, 30 of 30 steps left")
