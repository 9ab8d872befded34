"""What keeps a run from beginning: another that is open, another plan than the approved one, a round too many."""

from __future__ import annotations

from tasks.core.errors import Refused, UsageError
from tasks.core.plan import Plan
from tasks.effects.execute import End
from tasks.effects.record import held, kept_plan, unfinished
from tasks.effects.site import Site


def refuse_if_unfinished(site: Site, *, but: str = "") -> None:
    """A new run does not begin while another is open.

    Args:
        but: The run that the new one undoes.

    Raises:
        Refused: With the two ways on.
        Locked: A process of this machine carries it on just now.
    """
    open_one = unfinished(site.cluster.runs_dir)
    if open_one is not None:
        with held(open_one):
            pass
        if open_one.id == but:
            return
        task = open_one.plan.task
        raise Refused(
            f"run {open_one.id} is not finished",
            remedy=f"fab {task} --resume; or, to give it up: fab {task} --break-lock {open_one.id}",
        )


def refuse_unapproved(site: Site, plan: Plan, approved: str) -> None:
    """Run only the plan that is on the change ticket.

    Raises:
        Refused: The plan is another one now; says what differs, as far as it is known here.
    """
    if plan.fingerprint == approved:
        return
    before = kept_plan(site.cluster.runs_dir, approved)
    lines = before.difference(plan) if before else ("the approved plan was not made on this machine",)
    raise Refused(
        f"the plan is now {plan.fingerprint}, approved was {approved}: " + "; ".join(lines[:20]),
        remedy="fab plan, have it approved anew, then: fab migrate-cluster --approve FINGERPRINT",
    )


def refuse_no_round(plan: Plan, end: End) -> None:
    """Raises UsageError where --until names a round that the plan does not have."""
    rounds = max(len(plan.rounds), 1)
    if end.until is not None and not 1 <= end.until <= rounds:
        text = f"--until {end.until}: the plan has {rounds} round{'s' * (rounds > 1)}"
        raise UsageError(text, remedy="fab plan shows its rounds")
