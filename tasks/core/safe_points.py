"""Where a run may rest, and whether it should: --not-after HH:MM.

A safe point lies before a step where nobody is apart and no member is half done. What lies between two of
them is done as a whole: a stretch begins only if its last restart is expected to begin in time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import groupby

from tasks.core.costs import BETWEEN_S, restart_s
from tasks.core.dataclass import dataclass
from tasks.core.errors import UsageError
from tasks.core.plan import Plan, Step
from tasks.core.step_kinds import ANY_RESTART, HA_SWAPS, StepKind
from tasks.core.text_table import duration

_NAMED = 4
MARGIN = 1.5  # a restart may take so many times what it usually takes
_MOVES = ANY_RESTART | HA_SWAPS | {StepKind.SWAP}


@dataclass(frozen=True, slots=True)
class Deadline:
    """No restart begins after it; `text` is what was typed."""

    at: datetime
    text: str

    def __str__(self) -> str:
        return f"{self.text} ({self.at:%m-%d %H:%M %Z})"


def deadline(text: str, *, now: datetime) -> Deadline:
    """The next time that a clock on this machine shows HH:MM.

    Args:
        now: With the time zone of this machine.

    Raises:
        UsageError: It is no such time.
    """
    found = re.fullmatch(r"(\d{1,2}):(\d{2})", text)
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise UsageError(f"--not-after {text}: not a time of day", remedy="--not-after HH:MM, as in 04:30")
    at = now.replace(hour=int(found[1]), minute=int(found[2]), second=0, microsecond=0)
    return Deadline(at if at > now else at + timedelta(days=1), text)


def safe_points(plan: Plan) -> frozenset[str]:
    """The ids of the steps before which the run may rest."""
    groups = {stage.after: len(stage.groups) > 1 for stage in plan.trust}
    last = {(step.target, step.round): step.id for step in plan.steps if step.kind in ANY_RESTART}
    apart, found = groups.get("now", False), set[str]()
    half_done: set[tuple[str, int]] = set()
    for step in plan.steps:
        if not apart and not half_done:
            found.add(step.id)
        apart = groups.get(step.id, apart)
        moving = (step.target, step.round)
        if step.kind in _MOVES and moving in last:
            half_done.add(moving)
        if last.get(moving) == step.id:
            half_done.discard(moving)
    return frozenset(found)


def _stretches(plan: Plan) -> Iterator[tuple[Step, ...]]:
    """The plan, cut at its safe points."""
    safe, found = safe_points(plan), list[Step]()
    for step in plan.steps:
        if step.id in safe and found:
            yield tuple(found)
            found = []
        found.append(step)
    yield tuple(found)


def stretch(plan: Plan, step: Step) -> tuple[Step, ...]:
    """What has to be done as a whole together with this step."""
    return next(one for one in _stretches(plan) if step in one)


def should_rest(plan: Plan, step: Step, *, now: datetime, until: datetime) -> bool:
    """Whether the run stops before this step: it is a safe point, and what follows would end too late."""
    found = stretch(plan, step)
    if step != found[0] or step.id not in safe_points(plan):
        return False
    return not _in_time(plan, found, now=now, until=until)


def _in_time(plan: Plan, steps: tuple[Step, ...], *, now: datetime, until: datetime) -> bool:
    restarts = [each for each in steps if each.kind in ANY_RESTART]
    return not restarts or now + timedelta(seconds=_until_last(plan, restarts)) <= until


def _until_last(plan: Plan, restarts: list[Step]) -> float:
    """Seconds from now until the last of them begins; the pair that leads to it included."""
    return MARGIN * sum(_seconds(plan, step) for step in restarts[:-1])


def _seconds(plan: Plan, step: Step) -> int:
    return restart_s(step.kind, in_pair=step.target in plan.pairs, alone=True) + BETWEEN_S


def is_late(plan: Plan, step: Step, *, now: datetime, until: datetime) -> bool:
    """Whether a restart begins although the time is over: no safe point has come since."""
    return step.kind in ANY_RESTART and now > until and not should_rest(plan, step, now=now, until=until)


def rest_lines(plan: Plan, left: Iterable[Step], end: Deadline, *, now: datetime) -> Iterator[str]:
    """What is said beforehand: where the run would rest, and whether it gets anywhere at all.

    Args:
        left: The steps that are still to be done.
    """
    ahead, safe = {step.id for step in left}, safe_points(plan)
    stretches = [
        one
        for one in _stretches(plan)
        if one[0].id in ahead & safe and any(step.kind in ANY_RESTART for step in one)
    ]
    if not stretches:
        return
    yield f"not after {end}: no restart begins later; it rests only where nobody is apart and no member half done:"
    if not _in_time(plan, stretches[0], now=now, until=end.at):
        yield f"  already before {_members(stretches[0])}: there is not enough time for it"
    for (number, needs), found in groupby(stretches, key=lambda one: (one[0].round, _needs(plan, one))):
        each = [_members(one) for one in found]
        where = f"round {number}: " if number else ""
        yield f"  before {where}{_few(each)}{', each' if len(each) > 1 else ''}: {needs}"


def _members(steps: tuple[Step, ...]) -> str:
    """Whom the stretch restarts."""
    return _few(list(dict.fromkeys(step.target for step in steps if step.kind in ANY_RESTART)))


def _few(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _needs(plan: Plan, steps: tuple[Step, ...]) -> str:
    restarts = [step for step in steps if step.kind in ANY_RESTART]
    if len(restarts) == 1:
        return "1 restart"
    return f"{len(restarts)} restarts as a whole, the last begins up to {duration(_until_last(plan, restarts))} later"
