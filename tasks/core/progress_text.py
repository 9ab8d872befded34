"""How far a run has come, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tasks.core.plan import Plan
    from tasks.core.progress import Progress


def rounds_done(plan: Plan, progress: Progress) -> int:
    """How many rounds are complete, each proven by its last step."""
    left = [step.round for step in progress.remaining(plan)]
    return min(left) - 1 if left else len(plan.rounds)


def round_text(plan: Plan, progress: Progress) -> str:
    """ "round 1 of 3 is complete"; "" for a plan without rounds, and before the first is."""
    done = rounds_done(plan, progress) if plan.rounds else 0
    if not done:
        return ""
    return f"round{'s 1 to' if done > 1 else ''} {done} of {len(plan.rounds)} {'are' if done > 1 else 'is'} complete"


def open_run_line(run: str, plan: Plan, progress: Progress) -> str:
    """What `fab status` says of it."""
    left = len(progress.remaining(plan))
    rounds = f", {text}" if (text := round_text(plan, progress)) else ""
    return f"run {run} is open{rounds}, {left} of {len(plan.steps)} steps left -> fab {plan.task} --resume"
