"""About how long the steps of a plan take, and those that are left: as measured on real servers until a run
shows how fast its own are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tasks.core.costs import BETWEEN_S, PRIMARY_S, STANDBY_S, restart_s
from tasks.core.dataclass import dataclass
from tasks.core.plan import Plan, Step
from tasks.core.step_kinds import RESTARTS, StepKind

OTHER_S = 1.0  # of a step that restarts nothing, before one of its kind has been seen
_HA_S: Mapping[StepKind, float] = {  # AMLEN.md section 5, "HA credentials of a pair" and "Forming a pair"
    StepKind.HA_PART: 15,
    StepKind.HA_REJOIN: 24,
    StepKind.HA_RESTART_STANDBY: STANDBY_S,
    StepKind.HA_RESTART_PRIMARY: PRIMARY_S,
    StepKind.HA_WAIT: 12,
    StepKind.HA_FORM: 24,
}


def restart_step_s(plan: Plan, step: Step) -> float | None:
    """Seconds of a step that restarts something, on real servers with a small store; None of another one."""
    if step.kind in _HA_S:
        return _HA_S[step.kind]
    if step.kind not in RESTARTS:
        return None
    alone = _apart(plan, step)
    return restart_s(step.kind, in_pair=step.target in plan.pairs, alone=alone) + BETWEEN_S


def _apart(plan: Plan, step: Step) -> bool:
    """Whether the restarted member does not meet everybody: it looks for them longer."""
    before, then = plan.baseline.get(step.target), step.expected.get(step.target)
    return before is not None and then is not None and then.disconnected > before.disconnected


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a run is, by the steps that it has done.

    Args:
        restarts: How long restarts take here, where on the servers that were measured they take 1.
        others: By kind, seconds of a step that restarts nothing.
    """

    restarts: float
    others: Mapping[StepKind, float]


def pace_of(plan: Plan, took: Mapping[str, float]) -> Pace:
    """By the seconds that the steps took; as on the servers that were measured where there are none yet."""
    seen = [(one, took[name]) for one in plan.steps if took and (name := one.id) in took]
    restarts = [(seconds, usual) for one, seconds in seen if (usual := restart_step_s(plan, one)) is not None]
    others: dict[StepKind, list[float]] = {}
    for one, seconds in seen:
        if restart_step_s(plan, one) is None:
            others.setdefault(one.kind, []).append(seconds)
    took_s, usual_s = (sum(column) for column in zip(*restarts, strict=True)) if restarts else (1.0, 1.0)
    return Pace(took_s / usual_s, {kind: sum(each) / len(each) for kind, each in others.items()})


def step_s(plan: Plan, step: Step, pace: Pace) -> float:
    """About how long the step takes, in seconds."""
    usual = restart_step_s(plan, step)
    return pace.others.get(step.kind, OTHER_S) if usual is None else usual * pace.restarts


def left_s(plan: Plan, steps: Iterable[Step], pace: Pace) -> float:
    """About how long these steps take together, in seconds."""
    return sum(step_s(plan, step, pace) for step in steps)
