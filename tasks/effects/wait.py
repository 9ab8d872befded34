"""Polling a gate: with a clock, a hard limit, a settle time and the last thing seen."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Generic, TypeVar

from tasks.core.dataclass import dataclass
from tasks.core.errors import GateTimeout, Interrupted, NotAsPlanned
from tasks.core.gates import Broken, Holds, Verdict, Waiting
from tasks.effects.clock import Clock

Seen = TypeVar("Seen")


QUICK_S = 0.2  # between two looks while something happens
_QUICK_FOR_S = 15.0  # so long after a change the next one is near: a server settles within that time
_LEAST_S = 0.01
_AGAIN_S = 0.05  # to the second look at what holds and has nothing to settle


@dataclass(frozen=True, slots=True)
class Waits:
    """How long, in seconds: until it must hold, until counts may be off, in a row, between looks.

    Args:
        quick_s: Between looks while what is seen changes, where that is less than poll_s.
    """

    limit_s: float
    join_s: float
    settle_s: float
    poll_s: float
    quick_s: float = math.inf


@dataclass(frozen=True, slots=True)
class Watch(Generic[Seen]):
    """One wait: what is awaited on which node, and whom to tell.

    Args:
        awaited: What must come true, in the operator's words.
        node: The node or member it is about.
        look: Takes a fresh view, of whatever the gate judges.
        report: Called with the text last seen and the seconds left, at every look.
        stopping: Whether the operator asked to stop.
        nudge: Called at every look that does not hold, with the view and the seconds waited; may raise.
        remedy: What to do when the limit passes.
    """

    awaited: str
    node: str
    look: Callable[[], Seen]
    report: Callable[[str, float], None]
    stopping: Callable[[], bool]
    nudge: Callable[[Seen, float], None]
    remedy: str


def hold(gate: Callable[[Seen], Verdict], watch: Watch[Seen], *, waits: Waits, clock: Clock) -> str:
    """Poll until the gate has held for `settle_s` in a row (at least two looks).

    It looks more often while what it sees changes, but rests at least as long as a look takes.

    Returns:
        What was seen when it held.

    Raises:
        GateTimeout: A limit passed, or what was seen cannot become right by waiting.
        Interrupted: The operator asked to stop; the gate is to be awaited again.
    """
    started = clock.monotonic()
    holding: float | None = None
    joining: float | None = None
    seen, changed = "", started
    while True:
        began = clock.monotonic()
        view = watch.look()
        verdict = gate(view)
        now = clock.monotonic()
        seen, changed = verdict.seen, now if verdict.seen != seen else changed
        watch.report(verdict.seen, waits.limit_s - (now - started))
        match verdict:
            case Broken():
                raise GateTimeout(f"{watch.awaited}: {verdict.seen}", node=watch.node, remedy=verdict.remedy)
            case Holds():
                if holding is not None and now - holding >= waits.settle_s:
                    return verdict.seen
                holding = now if holding is None else holding
                joining = None
            case Waiting():
                holding = None
                joining = None if not verdict.joining else now if joining is None else joining
                _check_limits(watch, verdict, waits=waits, waited_s=now - started, joining=joining, now=now)
                watch.nudge(view, now - started)
        if watch.stopping():
            raise Interrupted(f"stopped while waiting: {watch.awaited}", node=watch.node, remedy=watch.remedy)
        settles_s = math.inf if holding is None else waits.settle_s - (now - holding)
        clock.sleep(_pause_s(waits, calm_s=now - changed, look_s=now - began, settles_s=settles_s))


def _pause_s(waits: Waits, *, calm_s: float, look_s: float, settles_s: float) -> float:
    """Until the next look; not beyond the moment at which a gate that holds has settled."""
    quick_s = max(waits.quick_s, look_s)
    if quick_s >= waits.poll_s:
        return waits.poll_s
    if settles_s < math.inf:
        return min(waits.poll_s, max(settles_s, _LEAST_S if waits.settle_s else max(_AGAIN_S, look_s)))
    return quick_s if calm_s <= _QUICK_FOR_S else waits.poll_s


def _check_limits(
    watch: Watch[Seen], verdict: Waiting, *, waits: Waits, waited_s: float, joining: float | None, now: float
) -> None:
    kind = NotAsPlanned if verdict.joining else GateTimeout
    if joining is not None and now - joining >= waits.join_s:
        text = f"settled, but not as planned for {waits.join_s:g} s"
    elif waited_s >= waits.limit_s:
        text = f"not within {waits.limit_s:g} s"
    else:
        return
    raise kind(f"{watch.awaited}: {text}; last seen: {verdict.seen}", node=watch.node, remedy=watch.remedy)
