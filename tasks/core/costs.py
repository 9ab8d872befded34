"""What a strategy costs: rounds, restarts, waiting, and how long members are apart.

Source of the seconds: AMLEN.md section 5, measured on real servers, until everything is as planned again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import combinations, product

from tasks.core.plan import Choice
from tasks.core.rounds import Way
from tasks.core.step_kinds import RESTARTS, StepKind
from tasks.core.trust import Links, Loaded, can_connect

Doing = tuple[StepKind, str]  # what is done, and to whom
NOTHING: Mapping[str, Loaded] = {}

SINGLE_S = 16
ALONE_S = 25  # of one that cannot reach everybody: it looks for them as long as DiscoveryTime allows
STANDBY_S = 23
PRIMARY_S = 26
BETWEEN_S = 8  # from one that is back to the next that is gone: settled, files swapped in, asked


def cost_of(
    way: Way,
    steps: Sequence[Doing],
    *,
    pairs: frozenset[str],
    links: Links,
    at: datetime,
    together: bool,
    would: Mapping[str, Loaded] = NOTHING,
) -> Choice:
    """What this way costs.

    Args:
        steps: Its steps, in order.
        pairs: The members that are HA pairs.
        links: Who is connected with whom before it.
        at: By which clock dates are judged.
        together: Whether nobody is taken apart on it, as was found already.
        would: By member that has not moved yet, what an unplanned start would load: it counts as if it came to that.
    """
    apart = partial(_apart, way, links=links, at=at, would=would)
    waiting = tuple(_waits(steps, pairs=pairs, apart=apart, together=together))
    return Choice(
        strategy=way.strategy,
        rounds=len(way.rounds),
        restarts=len(waiting),
        waiting_s=sum(seconds for seconds, _ in waiting),
        apart_s=sum(seconds for _, seconds in waiting),
        reconnects=max((way.restarted.count(name) for name in way.before), default=0),
    )


def _waits(
    steps: Sequence[Doing],
    *,
    pairs: frozenset[str],
    apart: Callable[[set[str], str], bool],
    together: bool,
) -> Iterator[tuple[int, int]]:
    """Per restart its seconds, and those in which others than the restarting one are apart."""
    moved: set[str] = set()

    for kind, target in steps:
        if kind not in RESTARTS:
            continue
        during = not together and apart(moved, target if kind is StepKind.RESTART else "")
        if kind is StepKind.RESTART:
            moved.add(target)
        after = not together and apart(moved, "")
        seconds = restart_s(kind, in_pair=target in pairs, alone=after)
        yield seconds + BETWEEN_S, seconds * during + BETWEEN_S * after


def restart_s(kind: StepKind, *, in_pair: bool, alone: bool) -> int:
    """What one restart takes, in seconds, where members are apart (`alone`) and where they are not."""
    if kind is StepKind.RESTART_STANDBY:
        return STANDBY_S
    return PRIMARY_S if in_pair else ALONE_S if alone else SINGLE_S


def _apart(
    way: Way, moved: set[str], away: str, *, links: Links, at: datetime, would: Mapping[str, Loaded]
) -> bool:
    """Of a way of one round: whether two members, the one that is away not counted, are apart."""
    there = [name for name in way.before if name != away]
    return any(
        frozenset(two) not in links
        if moved.isdisjoint(two)
        else not all(can_connect(*has, at=at) for has in _meetings(way, moved, two, would))
        for two in combinations(there, 2)
    )


def _meetings(
    way: Way, moved: set[str], two: tuple[str, str], would: Mapping[str, Loaded]
) -> Iterator[tuple[Loaded, ...]]:
    """What the two run with, or might."""
    has = []
    for name in two:
        loaded = (way.rounds[0].after if name in moved else way.before)[name].loaded
        has.append((loaded, would[name]) if name in would and name not in moved else (loaded,))
    return product(*has)


def preferred(found: Mapping[str, Choice], *, prefer: str) -> Choice:
    """The least disruptive of those that are possible.

    Args:
        found: By strategy; at least one is possible.
        prefer: "no-partition": rather more restarts than members that are apart; "fewest-restarts": the other way.
    """
    possible = [choice for choice in found.values() if not choice.refused]
    if prefer == "fewest-restarts":
        return min(possible, key=lambda one: (one.restarts, one.apart_s))
    return min(possible, key=lambda one: (one.apart_s, one.restarts))
