"""In which order the members of each round are placed, swapped and restarted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tasks.core.model import Member
from tasks.core.rounds import Way
from tasks.core.snapshot import Snapshot
from tasks.core.step_kinds import StepKind
from tasks.core.strategy_names import PRESCRIBED

Wanted = tuple[StepKind, str, int]  # what is to be done, to whom, and in which round
NONE: Mapping[str, bool] = {}


def wanted_steps(
    snapshot: Snapshot, way: Way, *, observer: str, place_first: bool, resting: Mapping[str, bool] = NONE
) -> tuple[Wanted, ...]:
    """All steps, round by round; each round is proven before the next begins."""
    found = [(kind, target, int(len(way.rounds) > 1)) for kind, target in _put_back(snapshot, resting)]
    if found and not way.rounds:
        found.append((StepKind.PROVE, "cluster", 0))
    for number, one in enumerate(way.rounds, 1):
        members = [member for member in snapshot.cluster.members if member.name in one.moving]
        order = sorted(members, key=lambda member: member.name == observer)
        kinds = _documented(order) if way.strategy == PRESCRIBED else _member_by_member(order)
        if place_first:
            kinds = sorted(kinds, key=lambda kind: kind[0] is not StepKind.SWAP)
        places = [(StepKind.PLACE, node.name) for member in order for node in member.nodes]
        labelled = 0 if len(way.rounds) == 1 else number
        found += [(kind, target, labelled) for kind, target in (*places, *kinds, (StepKind.PROVE, "cluster"))]
    return tuple(found)


def _put_back(snapshot: Snapshot, resting: Mapping[str, bool]) -> list[tuple[StepKind, str]]:
    """The files of members that need no restart: first of all, so that none loads the others by accident."""
    members = [member for member in snapshot.cluster.members if member.name in resting]
    kinds = [(StepKind.PLACE, node.name) for member in members for node in member.nodes]
    for member in members:
        kinds.append((StepKind.SWAP, member.name))
        if resting[member.name]:
            kinds.append((StepKind.RESTART_STANDBY, member.name))
    return kinds


def _documented(order: Sequence[Member]) -> list[tuple[StepKind, str]]:
    """The documentation's (2), (4) and (5): all standbys, then the others in turn, the observer last."""
    standbys, rest = [], []
    for member in order:
        if member.is_pair:
            standbys += [(StepKind.SWAP, member.name), (StepKind.RESTART_STANDBY, member.name)]
        else:
            rest.append((StepKind.SWAP, member.name))
        rest.append((StepKind.RESTART, member.name))
    return [*standbys, *rest]


def _member_by_member(order: Sequence[Member]) -> list[tuple[StepKind, str]]:
    """Each member wholly before the next: of a pair the standby, and once it is in sync the primary."""
    found = []
    for member in order:
        found.append((StepKind.SWAP, member.name))
        if member.is_pair:
            found.append((StepKind.RESTART_STANDBY, member.name))
        found.append((StepKind.RESTART, member.name))
    return found
