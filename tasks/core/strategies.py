"""The strategies: which are possible here, and why the others are not.

Source:
    AMLEN.md section 5; DESIGN, "Strategies".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import datetime

from tasks.core.certificates import Certificate, named_cluster
from tasks.core.dataclass import dataclass
from tasks.core.file_names import CERT_FILE, KEY_FILE
from tasks.core.rounds import Task, Way, bridging, one_round, overlapping, unbridging
from tasks.core.splits import Split, both_ways, first_split
from tasks.core.strategy_names import BRIDGE, OVERLAP, PRESCRIBED, RENEW, STRATEGIES
from tasks.core.trust import Links, Loaded


@dataclass(frozen=True, slots=True)
class Start:
    """What the strategies are judged by.

    Args:
        task: What is to be reached from where.
        links: Who is connected with whom now.
        at: By which clock dates are judged.
        pending: By member, the sentence that says which other certificate lies on its disk than it serves.
        would: By member, what an unplanned start would load: another pair than it has.
    """

    task: Task
    links: Links
    at: datetime
    pending: Mapping[str, str]
    would: Mapping[str, Loaded] = field(default_factory=dict)

    @property
    def unreckoned(self) -> Mapping[str, str]:
        """Of `pending`, what nobody can say the consequences of."""
        return {name: text for name, text in self.pending.items() if name not in self.would}

    @property
    def on_builtin(self) -> tuple[str, ...]:
        """The members that serve the built-in pair."""
        return tuple(name for name, was in self.task.before.items() if was.loaded.on_builtin)

    @property
    def to_builtin(self) -> tuple[str, ...]:
        """The members that are to serve it again."""
        return tuple(
            name
            for name, due in self.task.new.items()
            if due.loaded.on_builtin and not self.task.before[name].loaded.on_builtin
        )


@dataclass(frozen=True, slots=True)
class NotPossible:
    """Why a strategy cannot be taken here, in a sentence that begins small."""

    why: str


Found = Way | NotPossible


def ways(start: Start) -> Mapping[str, Found]:
    """By strategy, its way or why there is none; in the order of STRATEGIES."""
    makers: Mapping[str, Callable[[Start], Found]] = {
        RENEW: _renew,
        OVERLAP: _overlap,
        BRIDGE: _bridge,
        PRESCRIBED: _prescribed,
    }
    return {name: makers[name](start) for name in STRATEGIES}


def _prescribed(start: Start) -> Found:
    """The documented procedure is always possible; what it takes apart is told."""
    return one_round(PRESCRIBED, start.task)


def _renew(start: Start) -> Found:
    if start.to_builtin:
        return NotPossible(_builtin_wanted(start))
    if start.on_builtin:
        return NotPossible(_builtin_served(start))
    way = one_round(RENEW, start.task)
    if split := first_split(way, links=start.links, at=start.at, would=start.would):
        return NotPossible(_apart(split, "no CA file of one holds what the other serves"))
    if not both_ways(way, at=start.at):
        return NotPossible("old and new certificates are trusted in one direction only")
    return way


def _overlap(start: Start) -> Found:
    if start.to_builtin:
        return NotPossible(f"{_builtin_wanted(start)}, which trusts nothing else")
    if start.on_builtin:
        return NotPossible(f"{_builtin_served(start)}, and trusts nothing else")
    way = overlapping(start.task)
    if start.unreckoned and len(way.rounds) > 1:
        return NotPossible(next(iter(start.unreckoned.values())))
    if split := first_split(way, links=start.links, at=start.at, would=start.would):
        return NotPossible(str(split))
    return way


def _bridge(start: Start) -> Found:
    """Two rounds where the new certificates are self-signed, three where a CA has signed them."""
    if start.to_builtin:
        return _bridge_back(start)
    if not start.on_builtin:
        return NotPossible("no member serves the built-in certificate")
    builtin = _common_builtin({name: start.task.before[name].loaded.leaf for name in start.on_builtin})
    if isinstance(builtin, NotPossible):
        return builtin
    way = bridging(start.task, builtin=builtin, early=True)
    if first_split(way, links=start.links, at=start.at, would=start.would) is None:
        return way
    if lying := [text for name, text in start.pending.items() if name in start.on_builtin]:
        return NotPossible(f"{lying[0]}; remove {KEY_FILE} and {CERT_FILE} there, nothing uses them")
    way = bridging(start.task, builtin=builtin, early=False)
    if split := first_split(way, links=start.links, at=start.at, would=start.would):
        return NotPossible(str(split))
    return way


def _bridge_back(start: Start) -> Found:
    """The same rounds in reverse."""
    builtin = _common_builtin({name: start.task.new[name].loaded.leaf for name in start.to_builtin})
    if isinstance(builtin, NotPossible):
        return builtin
    if lying := [text for name, text in start.unreckoned.items() if name in start.to_builtin]:
        return NotPossible(lying[0])
    way = unbridging(start.task, builtin=builtin, early=True)
    if first_split(way, links=start.links, at=start.at, would=start.would) is None:
        return way
    way = unbridging(start.task, builtin=builtin, early=False)
    if split := first_split(way, links=start.links, at=start.at, would=start.would):
        return NotPossible(str(split))
    return way


def _common_builtin(served: Mapping[str, Certificate]) -> Certificate | NotPossible:
    """The one certificate that all of them serve, or are to serve again."""
    if len(set(served.values())) > 1:
        kinds = "; ".join(f"{name} {leaf.sha256[:8]}" for name, leaf in served.items())
        return NotPossible(f"the members serve different built-in certificates ({kinds})")
    builtin = next(iter(served.values()))
    if not named_cluster(builtin):
        return NotPossible(
            f"what they serve ({builtin.sha256[:8]} {builtin.subject}) is not self-signed, CN=cluster"
        )
    return builtin


def _builtin_wanted(start: Start) -> str:
    first, *rest = start.to_builtin
    others = f" (and {len(rest)} more)" if rest else ""
    return f"{first}{others} goes back to the built-in certificate"


def _builtin_served(start: Start) -> str:
    first, *rest = start.on_builtin
    others = f" (and {len(rest)} more)" if rest else ""
    return f"{first}{others} serves the built-in certificate"


def _apart(split: Split, why: str) -> str:
    """Of one round the reason is short: old and new know nothing of each other."""
    return (
        f"{split.one} and {split.other} are apart"
        if not split.round
        else f"{split.one} and {split.other} would be apart: {why}"
    )
