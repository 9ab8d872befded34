"""Who served during a run, and who was connected with whom: samples, and what follows from them.

A sample counts until the next one. Its nodes are asked at the same time, but do not answer at the same
instant: that two members are apart counts only where two samples in a row show it. One alone may be no more
than the difference between two looks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import TypeVar

from pydantic import AwareDatetime, ValidationError

from tasks.core.dataclass import dataclass
from tasks.core.model import Member
from tasks.core.node_states import NodeState, by_state, node_state
from tasks.core.plan import Frozen, Plan
from tasks.core.status import PRODUCTION, NodeStatus, RemoteMember
from tasks.core.step_kinds import ANY_RESTART

UNOBSERVED_S = 2.0  # a longer time without a sample: nobody was looking
_ACTIVE = "Active"

Named = TypeVar("Named", str, tuple[str, str])
Pair = tuple[str, str]  # two members, in the order of the alphabet


@dataclass(frozen=True, slots=True)
class Look:
    """What one node said; `status` is None where its REST is silent or makes no sense."""

    status: NodeStatus | None
    remotes: tuple[RemoteMember, ...] = ()


class Sample(Frozen):
    """Every member at one moment; each is in one of the three."""

    at: AwareDatetime
    settled: dict[str, tuple[str, ...]]  # a node of it serves: whom of the others it does not call Active
    away: tuple[str, ...] = ()  # all its nodes were asked, and none serves
    unseen: tuple[str, ...] = ()  # could not be asked, or not in time
    # By word, the nodes that were in that state; all others were ready. None: of a version that did not note it.
    nodes: dict[NodeState, tuple[str, ...]] | None = None

    @property
    def apart(self) -> frozenset[Pair]:
        """Every two settled members of which neither calls the other Active: one direction is enough."""
        return frozenset(
            (one, other)
            for one, missed in self.settled.items()
            for other in missed
            if one < other and one in self.settled.get(other, ())
        )


class Apart(Frozen):
    """How long two settled members had no connection."""

    members: Pair
    seconds: float


class Availability(Frozen):
    """What the samples of a run come to, in seconds."""

    samples: int
    observed_s: float
    longest_gap_s: float  # between two samples of the observed time: nothing is known of what lies between
    unobserved_s: float  # between samples more than 2 s apart: in no other number here
    away: dict[str, float]  # by member, those that were
    unseen: dict[str, float]  # by member: neither served nor away, as far as is known
    apart: tuple[Apart, ...]  # the longest first
    apart_s: float  # while any two were apart
    glimpses: int  # of two members apart in one sample only: not counted


def serves(status: NodeStatus) -> bool:
    """In production, and a member of its cluster: clients are served. A standby is nobody."""
    return status.server.state == PRODUCTION and status.cluster.status == _ACTIVE


def still_all_connected(status: NodeStatus, remotes: Sequence[RemoteMember]) -> bool:
    """Whether the counts alone say that these are connected: all of them were, and nobody is missing now."""
    counts = (status.cluster.connected, status.cluster.disconnected)
    return counts == (len(remotes), 0) and all(remote.status == _ACTIVE for remote in remotes)


def restarts_servers(plan: Plan) -> bool:
    return any(step.kind in ANY_RESTART for step in plan.steps)


def uids_of(members: Iterable[Member], looks: Mapping[str, Look]) -> dict[str, str]:
    """ServerUID -> member, as far as the nodes told; both nodes of a pair report the same one."""
    found = {}
    for member in members:
        for node in member.nodes:
            status = looks[node.name].status if node.name in looks else None
            if status is not None and status.server.uid:
                found[status.server.uid] = member.name
    return found


def sample(
    members: Sequence[Member], looks: Mapping[str, Look], *, uids: Mapping[str, str], at: datetime
) -> Sample:
    """What was seen of each member.

    Args:
        members: Those of the cluster.
        looks: By node; of one that could not be asked there is none.
        uids: ServerUID -> member, also of members that do not answer now: a restart does not change it.
        at: When the nodes were asked.
    """
    names = {member.name for member in members}
    settled: dict[str, tuple[str, ...]] = {}
    away: list[str] = []
    unseen: list[str] = []
    for member in members:
        seen = [looks[node.name] for node in member.nodes if node.name in looks]
        serving = [look for look in seen if look.status is not None and serves(look.status)]
        if serving:
            active = {uids.get(r.uid) for look in serving for r in look.remotes if r.status == _ACTIVE}
            settled[member.name] = tuple(sorted(names - active - {member.name}))
        else:
            (away if len(seen) == len(member.nodes) else unseen).append(member.name)
    return Sample(
        at=at, settled=settled, away=tuple(away), unseen=tuple(unseen), nodes=_node_states(members, looks)
    )


def _node_states(members: Iterable[Member], looks: Mapping[str, Look]) -> dict[NodeState, tuple[str, ...]]:
    return by_state(
        {
            node.name: node_state(looks[node.name].status) if node.name in looks else NodeState.UNSEEN
            for member in members
            for node in member.nodes
        }
    )


def sample_line(one: Sample) -> str:
    """One line of JSON, with its end."""
    return one.model_dump_json(exclude_defaults=True) + "\n"


def read_samples(text: str) -> tuple[Sample, ...]:
    """In order. A line cut short by a crash is no sample; after a resumption it has others behind it."""
    found = []
    for line in text.split("\n")[:-1]:
        try:
            found.append(Sample.model_validate_json(line))
        except ValidationError:
            continue
    return tuple(found)


def measured(samples: Sequence[Sample]) -> Availability:
    """Add up what the samples show; see the head of this module."""
    gaps = [(after.at - before.at).total_seconds() for before, after in pairwise(samples)]
    spans = spans_s(samples)
    seen = _seen_apart(samples)
    counted = apart_counted(samples)
    apart = _added(counted, spans)
    return Availability(
        samples=len(samples),
        observed_s=round(sum(spans), 3),
        longest_gap_s=round(max(spans, default=0.0), 3),
        unobserved_s=round(sum(gap for gap in gaps if gap > UNOBSERVED_S), 3),
        away=_added([one.away for one in samples], spans),
        unseen=_added([one.unseen for one in samples], spans),
        apart=tuple(
            Apart(members=pair, seconds=apart[pair]) for pair in sorted(apart, key=lambda p: -apart[p])
        ),
        apart_s=round(sum(span for pairs, span in zip(counted, spans, strict=True) if pairs), 3),
        glimpses=sum(len(all_ - twice) for all_, twice in zip(seen, counted, strict=True)),
    )


def spans_s(samples: Sequence[Sample]) -> list[float]:
    """For how many seconds each sample counts: until the next; none where that is too far off, or before it."""
    gaps = [(after.at - before.at).total_seconds() for before, after in pairwise(samples)]
    return [gap if 0 <= gap <= UNOBSERVED_S else 0.0 for gap in gaps] + [0.0] * bool(samples)


def apart_counted(samples: Sequence[Sample]) -> list[frozenset[Pair]]:
    """Of each sample the pairs that were apart as the head of this module counts it."""
    seen, spans = _seen_apart(samples), spans_s(samples)
    return [_confirmed(seen, spans, index) for index in range(len(seen))]


def _seen_apart(samples: Sequence[Sample]) -> list[frozenset[Pair]]:
    """Of each sample; worked out once for those in a row that show the same."""
    found: list[frozenset[Pair]] = []
    for number, one in enumerate(samples):
        same = number and one.settled == samples[number - 1].settled
        found.append(found[-1] if same else one.apart)
    return found


def _confirmed(seen: Sequence[frozenset[Pair]], spans: Sequence[float], index: int) -> frozenset[Pair]:
    """Those of one sample that the one before it or after it shows, too."""
    before = seen[index - 1] if index and spans[index - 1] else frozenset()
    after = seen[index + 1] if spans[index] else frozenset()
    if seen[index] in (before, after):
        return seen[index]
    return seen[index] & (before | after)


def _added(named: Sequence[Iterable[Named]], spans: Sequence[float]) -> dict[Named, float]:
    """Per member or pair, the seconds of the samples that name it; a sample of no length adds nothing."""
    found: defaultdict[Named, float] = defaultdict(float)
    for each, span in zip(named, spans, strict=True):
        for name in each:
            found[name] += span
    return {name: round(seconds, 3) for name, seconds in sorted(found.items()) if seconds > 0}
