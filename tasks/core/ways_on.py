"""At a failure: the way forward and the way back, what each costs from here, and which one is advised."""

from __future__ import annotations

from tasks.core.costs import BETWEEN_S, restart_s
from tasks.core.dataclass import dataclass
from tasks.core.plan import Plan, Step
from tasks.core.progress import Progress
from tasks.core.step_kinds import RESTARTS
from tasks.core.task_names import MIGRATE, ROLLBACK
from tasks.core.text_table import duration


@dataclass(frozen=True, slots=True)
class WayOn:
    """One of the two, from where the run stands.

    Args:
        restarts: Of server processes.
        apart_s: How long members other than the restarting one are apart, by the seconds of `costs`.
    """

    command: str
    restarts: int
    apart_s: int

    def __str__(self) -> str:
        many = f"{self.restarts} restart{'s' * (self.restarts != 1)}"
        apart = f"members apart for about {duration(self.apart_s)}" if self.apart_s else "nobody apart"
        return f"{self.command} ({many}, {apart})"


def ways_on(plan: Plan, progress: Progress, *, run: str) -> tuple[WayOn, WayOn] | None:
    """Forward and back; None of a run that no rollback undoes.

    Back goes through the same states in reverse, of the restarts that were begun.
    """
    if plan.task not in (MIGRATE, ROLLBACK):
        return None
    back = "fab rollback"
    if plan.task == ROLLBACK:
        back = f"fab rollback --break-lock {run}, then fab migrate-cluster"
    ahead = [step for step in plan.steps if step.kind in RESTARTS and step.id not in progress.done]
    behind = [step for step in plan.steps if step.kind in RESTARTS and step.id in progress.touched]
    before, after = _stages(plan)
    forward_s = sum(_cost(plan, step, apart=before[step.id]) for step in ahead)
    back_s = sum(_cost(plan, step, apart=after[step.id]) for step in behind)
    return WayOn(f"fab {plan.task} --resume", len(ahead), forward_s), WayOn(back, len(behind), back_s)


def _stages(plan: Plan) -> tuple[dict[str, bool], dict[str, bool]]:
    """By step, whether members are apart before it and after it."""
    groups = {stage.after: len(stage.groups) > 1 for stage in plan.trust}
    apart, before, after = groups.get("now", False), {}, {}
    for step in plan.steps:
        before[step.id] = apart
        apart = groups.get(step.id, apart)
        after[step.id] = apart
    return before, after


def _cost(plan: Plan, step: Step, *, apart: bool) -> int:
    """The seconds of one restart that are spent in that state."""
    return (restart_s(step.kind, in_pair=step.target in plan.pairs, alone=apart) + BETWEEN_S) * apart


def ways_lines(plan: Plan, progress: Progress, *, run: str) -> tuple[str, ...]:
    """Both ways, and which is advised; nothing where there is only one."""
    found = ways_on(plan, progress, run=run)
    if found is None:
        return ()
    forward, back = found
    return (f"forward: {forward}", f"back:    {back}", f"advised: {_advice(forward, back)}")


def _advice(forward: WayOn, back: WayOn) -> str:
    if not back.restarts:
        return "forward, once the cause is mended; back only puts files away, nobody restarts"
    if forward.apart_s != back.apart_s:
        better = "forward" if forward.apart_s < back.apart_s else "back"
        return f"{better}, members are apart for a shorter time"
    if forward.restarts <= back.restarts:
        return "forward, it takes no more restarts than back"
    if forward.apart_s:
        return "back, it takes fewer restarts"
    return "forward, once the cause is mended; nobody is apart either way, and back would be for nothing"
