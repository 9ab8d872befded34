"""Where a fault strikes: at which step of which strategy's migration, and at which moment of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tasks.core.step_kinds import RESTARTS, StepKind

STRATEGIES = ("prescribed", "overlap")
CHAINS = 6  # migrations for each fault and strategy, over which its points are spread


class Fault(StrEnum):
    """What happens, in the order of the table."""

    TOOL_KILLED = "tool-killed"
    SSH_CUT = "ssh-cut"
    NODE_KILLED = "node-killed"
    NODE_RESTARTED = "node-restarted"
    BUILTIN_PAIR = "built-in-pair"
    MAINTENANCE = "maintenance"
    DISK_FULL = "disk-full"
    REST_HANGS = "rest-hangs"


class Moment(StrEnum):
    BEGUN = "begun"  # the journal says that the step was started
    WAITING = "waiting"  # the restart was asked for, and is awaited


_AT_START_ONLY = frozenset({Fault.BUILTIN_PAIR, Fault.MAINTENANCE})  # they are of the start of a process


@dataclass(frozen=True, slots=True)
class Point:
    """A moment of one step of a migration."""

    strategy: str
    step: str  # its id: "restart:gw-b@2"
    moment: Moment = Moment.BEGUN

    @property
    def kind(self) -> StepKind:
        return StepKind(self.step.partition(":")[0])

    @property
    def target(self) -> str:
        """The node, member or cluster that the step is about."""
        return self.step.partition(":")[2].partition("@")[0]

    def __str__(self) -> str:
        late = "" if self.moment is Moment.BEGUN else f" ({self.moment})"
        return f"{self.strategy} {self.step}{late}"


@dataclass(frozen=True, slots=True)
class Case:
    """One fault at one point."""

    fault: Fault
    point: Point

    def __str__(self) -> str:
        return f"{self.fault} at {self.point}"


def points_of(strategy: str, steps: Iterable[str]) -> tuple[Point, ...]:
    """Every step's beginning, and of a restart the wait for it; in the order of the plan."""
    found = []
    for step in steps:
        begun = Point(strategy, step)
        found += [begun, Point(strategy, step, Moment.WAITING)] if begun.kind in RESTARTS else [begun]
    return tuple(found)


def can_strike(fault: Fault, point: Point) -> bool:
    """Some faults are about how a process starts: while one starts already it is too late for them."""
    return point.moment is Moment.BEGUN or fault not in _AT_START_ONLY


def cases_of(faults: Iterable[Fault], points: Sequence[Point]) -> tuple[Case, ...]:
    return tuple(Case(fault, point) for fault in faults for point in points if can_strike(fault, point))


@dataclass(frozen=True, slots=True)
class Chain:
    """The cases of one migration.

    Args:
        back: Whether it ends with `fab rollback`, if the tool stops at the last of them; else it goes on.
    """

    cases: tuple[Case, ...]
    back: bool = False


def chains_of(cases: Sequence[Case], *, number: int = CHAINS) -> tuple[Chain, ...]:
    """The cases of one fault and strategy over so many migrations, each with its faults far from each other.

    Every other one goes back at its end.
    """
    apart: dict[tuple[Fault, str], list[Case]] = {}
    for case in cases:
        apart.setdefault((case.fault, case.point.strategy), []).append(case)
    return tuple(
        Chain(alike[first::number], back=first % 2 == 1)
        for alike in map(tuple, apart.values())
        for first in range(min(number, len(alike)))
    )
