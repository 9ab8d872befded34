"""What a run looked like over time: a bar per node, who was apart, how many were connected, rounds and steps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from tasks.core.availability import Pair, Sample, apart_counted, spans_s
from tasks.core.journal import Entry
from tasks.core.node_states import NodeState, states_of
from tasks.core.plan import Frozen

AWAY = "away"  # of a sample that does not say what the node was doing
PAUSE_S = 60.0  # a longer time in which nothing was looked at and nothing noted: the run was not at work
_UP = frozenset({NodeState.READY.value, NodeState.STANDBY.value})
_ENDS = frozenset({"completed", "abandoned"})
_ROUND = re.compile(r"@(\d+)\Z")
_OVER = frozenset({"done", "failed", "interrupted"})


class Span(Frozen):
    """From when to when something held, and what."""

    begun_at: datetime
    ended_at: datetime
    what: str

    @property
    def seconds(self) -> float:
        return (self.ended_at - self.begun_at).total_seconds()


class Bar(Frozen):
    """What one node did, in order; where nobody looked there is no span."""

    node: str
    member: str
    spans: tuple[Span, ...]


class ApartBar(Frozen):
    """When two members were apart."""

    members: Pair
    spans: tuple[Span, ...]

    @property
    def seconds(self) -> float:
        return sum(span.seconds for span in self.spans)


class StepMark(Frozen):
    """An attempt at a step: `what` is how it ended: done, failed, interrupted, or "begun"."""

    step: str
    begun_at: datetime
    ended_at: datetime | None
    what: str


class Timeline(Frozen):
    """The time from the first line of the journal to the end of the run, or to what was seen last."""

    begun_at: datetime
    ended_at: datetime
    pauses: tuple[Span, ...]  # while the run was not at work
    nodes: tuple[Bar, ...]
    pairs: int  # of members: so many connections there can be
    connected: tuple[Span, ...]  # how many there were
    apart: tuple[ApartBar, ...]  # the longest first
    rounds: tuple[Span, ...]  # "1", "2"
    steps: tuple[StepMark, ...]


def timeline(
    entries: Sequence[Entry], samples: Sequence[Sample], members: Mapping[str, Sequence[str]]
) -> Timeline:
    """Put together what journal and samples tell.

    Args:
        entries: At least the first.
        members: The nodes of each; of a member that is not named here there is one, of its name.
    """
    end = next((number for number, entry in enumerate(entries) if entry.event in _ENDS), len(entries) - 1)
    during = entries[: end + 1]
    moments = sorted([entry.at for entry in during] + [one.at for one in samples])
    steps = tuple(_steps(during))
    names = dict.fromkeys(name for one in samples for name in (*one.settled, *one.away, *one.unseen))
    apart = apart_counted(samples)
    return Timeline(
        begun_at=moments[0],
        ended_at=moments[-1],
        pauses=tuple(_pauses(moments, () if samples else steps)),
        nodes=tuple(_bars(samples, steps, members, _in_order(names, members))),
        pairs=len(names) * (len(names) - 1) // 2,
        connected=_runs(samples, _connected(samples, apart)),
        apart=tuple(sorted(_apart(samples, apart), key=lambda bar: (-bar.seconds, bar.members))),
        rounds=tuple(_rounds(steps)),
        steps=steps,
    )


def _in_order(names: Iterable[str], members: Mapping[str, Sequence[str]]) -> list[str]:
    known = set(names)
    return [name for name in members if name in known] + sorted(known - set(members))


def _pauses(moments: Sequence[datetime], steps: Sequence[StepMark]) -> Iterator[Span]:
    """Long gaps; of a run that was not sampled those within a step are none."""
    for before, after in pairwise(moments):
        at_work = any(step.begun_at <= before and step.ended_at and after <= step.ended_at for step in steps)
        if (after - before).total_seconds() > PAUSE_S and not at_work:
            yield Span(begun_at=before, ended_at=after, what="pause")


def _runs(samples: Sequence[Sample], values: Sequence[str | None]) -> tuple[Span, ...]:
    """Equal values in a row as one span; none where the value is None or the sample counts for no time."""
    found: list[tuple[datetime, datetime, str]] = []
    for one, seconds, value in zip(samples, spans_s(samples), values, strict=True):
        if value is None or not seconds:
            continue
        begun, ended = one.at, one.at + timedelta(seconds=seconds)
        if found and found[-1][1:] == (begun, value):
            begun = found.pop()[0]
        found.append((begun, ended, value))
    return tuple(Span(begun_at=begun, ended_at=ended, what=what) for begun, ended, what in found)


def _bars(
    samples: Sequence[Sample],
    steps: Sequence[StepMark],
    members: Mapping[str, Sequence[str]],
    names: Iterable[str],
) -> Iterator[Bar]:
    nodes = {node: name for name in names for node in members.get(name, (name,))}
    told = [states_of(nodes, one.nodes) if one.nodes is not None else None for one in samples]
    for node, member in nodes.items():
        states = [
            of_nodes[node].value if of_nodes else _of_member(member, one)
            for one, of_nodes in zip(samples, told, strict=True)
        ]
        restarts = [step for step in steps if _restarts(step, member)]
        yield Bar(node=node, member=member, spans=_gated(_runs(samples, states), restarts))


def _of_member(member: str, one: Sample) -> str | None:
    if member in one.settled:
        return NodeState.READY.value
    return AWAY if member in one.away else NodeState.UNSEEN.value if member in one.unseen else None


def _restarts(step: StepMark, member: str) -> bool:
    kind, _, target = _ROUND.sub("", step.step).partition(":")
    return target == member and ("restart" in kind or kind in ("ha-part", "ha-rejoin", "ha-wait", "ha-form"))


def _gated(spans: Sequence[Span], restarts: Sequence[StepMark]) -> tuple[Span, ...]:
    """Up again, but the gate of its restart does not hold yet: the node waits, whatever it shows itself."""
    found: list[Span] = []
    for span in (piece for one in spans for piece in _cut(one, restarts)):
        step = next((step for step in restarts if _within(span.begun_at, step)), None)
        was_away = step is not None and any(
            one.what not in _UP and step.begun_at <= one.begun_at for one in found
        )
        if was_away and span.what in _UP:
            span = span.model_copy(update={"what": NodeState.WAITING.value})
        if found and (found[-1].what, found[-1].ended_at) == (span.what, span.begun_at):
            span = span.model_copy(update={"begun_at": found.pop().begun_at})
        found.append(span)
    return tuple(found)


def _within(at: datetime, step: StepMark) -> bool:
    return step.begun_at <= at and (step.ended_at is None or at < step.ended_at)


def _cut(span: Span, restarts: Sequence[StepMark]) -> Iterator[Span]:
    """Where a restart ends while the node is up."""
    ends = [step.ended_at for step in restarts if step.ended_at and span.what in _UP]
    inside = sorted(at for at in ends if span.begun_at < at < span.ended_at)
    for begun, ended in pairwise([span.begun_at, *inside, span.ended_at]):
        yield span.model_copy(update={"begun_at": begun, "ended_at": ended})


def _connected(samples: Sequence[Sample], apart: Sequence[frozenset[Pair]]) -> list[str | None]:
    """Of every sample, how many pairs of members had a connection."""
    sizes = [len(one.settled) for one in samples]
    return [str(n * (n - 1) // 2 - len(pairs)) for n, pairs in zip(sizes, apart, strict=True)]


def _apart(samples: Sequence[Sample], apart: Sequence[frozenset[Pair]]) -> Iterator[ApartBar]:
    """One pass: a pair is apart from the first sample in a row that shows it until the next that does not."""
    found: dict[Pair, list[Span]] = {}
    going: dict[Pair, datetime] = {}
    until = samples[0].at if samples else None
    for one, seconds, pairs in zip(samples, spans_s(samples), apart, strict=True):
        shown = pairs if seconds else frozenset()
        for pair in list(going if until != one.at else going.keys() - shown):
            found.setdefault(pair, []).append(_apart_span(going.pop(pair), until or one.at))
        going |= dict.fromkeys(shown - going.keys(), one.at)
        until = one.at + timedelta(seconds=seconds)
    for pair, begun in going.items():
        found.setdefault(pair, []).append(_apart_span(begun, until or begun))
    for pair, spans in found.items():
        yield ApartBar(members=pair, spans=tuple(spans))


def _apart_span(begun: datetime, ended: datetime) -> Span:
    return Span(begun_at=begun, ended_at=ended, what="apart")


def _steps(entries: Iterable[Entry]) -> Iterator[StepMark]:
    """Every attempt at every step, in the order of their beginnings."""
    going: Entry | None = None
    for entry in entries:
        if going and (entry.event == "started" or (entry.event in _OVER and entry.step == going.step)):
            over = entry.event in _OVER
            yield _mark(going, entry.at if over else None, entry.event if over else "begun")
            going = None
        elif entry.event == "failed":  # while the cluster was not as it must be before the step
            yield _mark(entry, None, entry.event)
        if entry.event == "started":
            going = entry
    if going:
        yield _mark(going, None, "begun")


def _mark(began: Entry, ended_at: datetime | None, what: str) -> StepMark:
    return StepMark(step=began.step, begun_at=began.at, ended_at=ended_at, what=what)


def _rounds(steps: Iterable[StepMark]) -> Iterator[Span]:
    """From the first beginning of one of its steps to the last end."""
    found: dict[str, list[datetime]] = {}
    for step in steps:
        if named := _ROUND.search(step.step):
            moments = (step.begun_at, step.ended_at) if step.ended_at else (step.begun_at,)
            found.setdefault(named[1], []).extend(moments)
    for number, seen in found.items():
        yield Span(begun_at=min(seen), ended_at=max(seen), what=number)
