"""About how long the steps of a plan take, and those that are left: as measured on real servers until a run
shows how fast its own are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tasks.core.costs import BETWEEN_S, PRIMARY_S, STANDBY_S, restart_s
from tasks.core.plan import RESTARTS, Plan, Step, StepKind

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


def step_s(plan: Plan, step: Step, took: Mapping[str, float]) -> float:
    """About how long the step takes, in seconds.

    Args:
        took: By step that is done, seconds: restarts here are as much faster or slower than elsewhere as these
            were, another step takes as long as those of its kind did.
    """
    usual = restart_step_s(plan, step)
    if usual is not None:
        return usual * _pace(plan, took)
    alike = [took[one.id] for one in plan.steps if one.kind is step.kind and one.id in took]
    return sum(alike) / len(alike) if alike else OTHER_S


def left_s(plan: Plan, steps: Iterable[Step], took: Mapping[str, float]) -> float:
    """About how long these steps take together, in seconds."""
    return sum(step_s(plan, step, took) for step in steps)


def _pace(plan: Plan, took: Mapping[str, float]) -> float:
    """How long restarts take here, where on the servers that were measured they take 1."""
    known = [
        (took[one.id], usual) for one in plan.steps if one.id in took and (usual := restart_step_s(plan, one))
    ]
    return sum(seconds for seconds, _ in known) / sum(usual for _, usual in known) if known else 1.0
