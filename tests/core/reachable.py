"""Every state that a cluster can come to while a plan is carried out, the tool killed and servers restarted at will.

A model of its own, from AMLEN.md alone: a process keeps what it loaded; a restart loads what lies on the disk;
a standby gets its primary's files whenever it joins (T7), loads them when it takes over, and the former primary
comes back as standby (T8). It knows of a plan only its steps and what each round brings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

from tasks.core.course import Course
from tasks.core.model import Cluster, Member
from tasks.core.step_kinds import StepKind
from tasks.core.trust import Loaded, can_connect
from tests.core.certs import NOW

Rounds = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """Everything counted in rounds: 0 is what was there at first.

    Args:
        ahead: The number of the part that is carried out next.
        loaded: Per member, what the process has that speaks for it.
        disk: Per node, what lies there.
        ran: Per node, the last round with whose files its process started.
        active: Per member, which of its nodes is not the standby.
    """

    ahead: int
    loaded: Rounds
    disk: Rounds
    ran: Rounds
    active: Rounds


@dataclass(frozen=True, slots=True)
class Part:
    """A step, or one node's half of a swap: the tool may be killed between the two."""

    kind: StepKind
    target: str
    round: int
    half: int = 0
    waits: bool = False  # the other half follows


@dataclass(frozen=True, slots=True)
class Apart:
    """Two members that do not find each other, in that moment."""

    one: str
    other: str
    moment: Moment


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where a course begins that another one was broken off for.

    Args:
        loaded: By member, what its process has.
        lying: By node, what a start would load.
        active: By member, which of its nodes is not the standby.
    """

    loaded: Mapping[str, Loaded]
    lying: Mapping[str, Loaded]
    active: Rounds


class Explored:
    """All moments that can be reached on a course, and what is wrong in them.

    Args:
        begins: Where it does; else with members that run with what lies on their disks.
    """

    def __init__(self, cluster: Cluster, course: Course, *, begins: Beginning | None = None) -> None:
        self._members = cluster.members
        self._nodes = [(m, n) for m in range(len(self._members)) for n in range(len(self._members[m].nodes))]
        self._variants = [_variants(course, member, begins) for member in self._members]
        self._begins = begins
        self._parts = tuple(_parts(cluster, course))
        self._moving = [frozenset(one.moving) for one in course.way.rounds]
        self._connected: dict[tuple[int, int, int, int], bool] = {}
        self.moments = self._explore()

    def apart(self) -> Iterator[Apart]:
        """Settled members that are not connected; whoever restarts is back already in every moment."""
        for moment in self.moments:
            for one, other in combinations(range(len(self._members)), 2):
                if not self._meet(one, moment.loaded[one], other, moment.loaded[other]):
                    yield Apart(self._members[one].name, self._members[other].name, moment)

    def premature(self) -> Iterator[Moment]:
        """Where files of a round are swapped in while a node has not run with those of the round before."""
        for moment in self.moments:
            if moment.ahead == len(self._parts):
                continue
            part = self._parts[moment.ahead]
            if part.kind is StepKind.SWAP and any(self._behind(moment, part.round - 1)):
                yield moment

    def _behind(self, moment: Moment, number: int) -> Iterator[bool]:
        for index, (member, _) in enumerate(self._nodes):
            if number and self._members[member].name in self._moving[number - 1]:
                yield moment.ran[index] < number

    def ends(self) -> tuple[Moment, ...]:
        """The moments in which the plan is complete."""
        return tuple(moment for moment in self.moments if moment.ahead == len(self._parts))

    def undisturbed(self) -> Moment:
        """The end of a run in which nothing else happens."""
        now = self._first()
        for part in self._parts:
            now = self._carried_out(now, part)
            assert self._live(now, part), f"the tool would stop after {part}"
        return now

    def last_loaded(self, moment: Moment) -> Mapping[str, Loaded]:
        return {
            member.name: self._variants[index][moment.loaded[index]]
            for index, member in enumerate(self._members)
        }

    def _meet(self, one: int, mine: int, other: int, theirs: int) -> bool:
        key = (one, mine, other, theirs)
        if key not in self._connected:
            loaded = (self._variants[one][mine], self._variants[other][theirs])
            self._connected[key] = can_connect(*loaded, at=NOW)
        return self._connected[key]

    def _explore(self) -> frozenset[Moment]:
        first = self._first()
        found, left = {first}, [first]
        while left:
            for then in self._next(left.pop()):
                if then not in found:
                    found.add(then)
                    left.append(then)
        return frozenset(found)

    def _first(self) -> Moment:
        zeros = tuple(0 for _ in self._nodes)
        members = tuple(0 for _ in self._members)
        if self._begins is None:
            return Moment(0, members, zeros, zeros, members)
        lying = tuple(
            self._variants[m].index(self._begins.lying[self._members[m].nodes[n].name])
            for m, n in self._nodes
        )
        return Moment(0, members, lying, zeros, self._begins.active)

    def _next(self, now: Moment) -> Iterator[Moment]:
        """The next part is carried out, for the first time or again; or any node restarts by itself."""
        if now.ahead < len(self._parts):
            part = self._parts[now.ahead]
            after = self._carried_out(now, part)
            yield after
            yield replace(after, ahead=now.ahead + 1 if self._live(after, part) else now.ahead - part.half)
        for index in range(len(self._nodes)):
            yield self._restarted(now, index)

    def _live(self, now: Moment, part: Part) -> bool:
        """Whether the tool goes on: it looks at the files of both nodes once they are swapped in, and after a restart.

        A primary that went down between the two got the former files back from the other node. At the end of each
        round it looks at the certificate of every member.
        """
        if part.kind is StepKind.PROVE:
            pairs = zip(self._variants, now.loaded, strict=True)
            return all(variants[has].leaf == variants[part.round].leaf for variants, has in pairs)
        if part.kind is StepKind.PLACE or (part.kind is StepKind.SWAP and part.waits):
            return True
        disks = (
            now.disk[index]
            for index, (member, _) in enumerate(self._nodes)
            if self._members[member].name == part.target
        )
        return all(disk == part.round for disk in disks)

    def _carried_out(self, now: Moment, part: Part) -> Moment:
        if part.kind in (StepKind.PLACE, StepKind.PROVE):
            return now
        member = next(i for i, each in enumerate(self._members) if each.name == part.target)
        primary = now.active[member]
        if part.kind is StepKind.SWAP:
            node = primary if part.half == 0 else 1 - primary
            return replace(now, disk=_with(now.disk, self._index(member, node), part.round))
        node = 1 - primary if part.kind is StepKind.RESTART_STANDBY else primary
        return self._restarted(now, self._index(member, node))

    def _restarted(self, now: Moment, index: int) -> Moment:
        member, node = self._nodes[index]
        primary = now.active[member]
        if not self._members[member].is_pair:
            ran = _with(now.ran, index, now.disk[index])
            return replace(now, ran=ran, loaded=_with(now.loaded, member, now.disk[index]))
        successor = self._index(member, 1 - node if node == primary else primary)
        loaded = now.disk[successor] if node == primary else now.loaded[member]
        disk = _with(now.disk, index, now.disk[successor])  # it joins as standby, and is synchronized
        ran = _with(now.ran, index, now.disk[index])
        if node == primary:
            ran = _with(ran, successor, now.disk[successor])
        ran = _with(ran, index, now.disk[successor])
        active = _with(now.active, member, self._nodes[successor][1])
        return replace(now, loaded=_with(now.loaded, member, loaded), disk=disk, ran=ran, active=active)

    def _index(self, member: int, node: int) -> int:
        return self._nodes.index((member, node))


def _with(values: Rounds, index: int, value: int) -> Rounds:
    return (*values[:index], value, *values[index + 1 :])


def _variants(course: Course, member: Member, begins: Beginning | None) -> tuple[Loaded, ...]:
    """What it loads, by round; a round that leaves it alone brings it what it had. Last, what lies there at first."""
    before = course.way.before[member.name].loaded
    rounds = [one.after[member.name].loaded for one in course.way.rounds] or [before]
    if begins is None:
        return (before, *rounds)
    lying = [begins.lying[node.name] for node in member.nodes]
    return (begins.loaded[member.name], *rounds, *lying)


def _parts(cluster: Cluster, course: Course) -> Iterator[Part]:
    for step in course.steps:
        number = max(step.round, 1)
        halved = step.kind is StepKind.SWAP and cluster.member(step.target).is_pair
        yield Part(step.kind, step.target, number, waits=halved)
        if halved:
            yield Part(step.kind, step.target, number, half=1)
