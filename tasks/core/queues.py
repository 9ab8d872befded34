"""What the other members hold for one that was restarted: when it has drained, and what was lost.

A sender is another member, as its monitor/Cluster lists the restarted one. Its counters begin anew
with each of its own processes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from tasks.core.dataclass import dataclass
from tasks.core.gates import Holds, Verdict, Waiting
from tasks.core.plan import Plan, Step
from tasks.core.status import RemoteMember
from tasks.core.step_kinds import LAST_RESTARTS


@dataclass(frozen=True, slots=True)
class Sight:
    """What a sender shows of the restarted member.

    Args:
        connected: Whether it is Active there.
        trouble: Why nothing could be read; "" otherwise.
    """

    connected: bool = False
    buffered: int = 0
    discarded: int = 0
    trouble: str = ""


Sights = Mapping[str, Sight]  # by sender


@dataclass(frozen=True, slots=True)
class Mark:
    """A sender's counters before the restart: what is compared with afterwards."""

    buffered: int
    discarded: int


Marks = Mapping[str, Mark]  # by sender; those that are missing were not asked


@dataclass(frozen=True, slots=True)
class Loss:
    """DiscardedMsgs of one sender that rose."""

    sender: str
    before: int
    now: int

    def __str__(self) -> str:
        return f"{self.sender} discarded {self.now - self.before} (DiscardedMsgs {self.before} -> {self.now})"


def sight_of(remotes: Iterable[RemoteMember], uid: str) -> Sight:
    """The member with this ServerUID in a sender's list; one that is not listed has nothing waiting."""
    for remote in remotes:
        if remote.uid == uid:
            return Sight(remote.status == "Active", remote.buffered, remote.discarded)
    return Sight()


def senders(plan: Plan, step: Step) -> tuple[str, ...]:
    """The members that, as far as the plan says, are connected with the step's one after it."""
    others = [name for name in step.expected if name != step.target]
    done = {each.id for each in plan.steps[: plan.steps.index(step) + 1]}
    stages = [stage for stage in plan.trust if stage.after == "now" or stage.after in done]
    if not stages:
        return tuple(others)
    group = next((found for found in stages[-1].groups if step.target in found), ())
    apart = {name for pair in stages[-1].apart if step.target in pair for name in pair}
    return tuple(name for name in others if name in group and name not in apart)


def marks_of(sights: Sights, *, fresh: frozenset[str]) -> Marks:
    """What the queues are to come back to.

    What a sender holds for a member that is not connected is no measure: 0 stands for it. Of a sender in
    `fresh` every discarded message counts: see `fresh_senders`.
    """
    return {
        name: Mark(
            buffered=seen.buffered if seen.connected else 0,
            discarded=0 if name in fresh else seen.discarded,
        )
        for name, seen in sights.items()
    }


def fresh_senders(plan: Plan, step: Step) -> frozenset[str]:
    """Members whose own restart lies between the last one of this member and this step.

    Their processes counted from zero, and nobody has looked at what they lost for this member yet.
    """
    found = set()
    for each in reversed(plan.steps[: plan.steps.index(step)]):
        if each.kind in LAST_RESTARTS:
            if each.target == step.target:
                break
            found.add(each.target)
    return frozenset(found)


def marks_text(marks: Marks) -> str:
    """As a journal keeps it."""
    return json.dumps({name: [mark.buffered, mark.discarded] for name, mark in marks.items()})


def marks_from(text: str) -> Marks:
    """The marks of a journal; none if it has none, or they were damaged."""
    return {
        name: Mark(*numbers)
        for name, numbers in _noted(text).items()
        if isinstance(numbers, list) and len(numbers) == 2 and all(isinstance(n, int) for n in numbers)
    }


def told_text(told: Mapping[str, int], losses: Iterable[Loss]) -> str:
    """As a journal keeps what the operator has been told: before, and now."""
    return json.dumps({**told, **{loss.sender: loss.now for loss in losses}})


def told_from(text: str) -> Mapping[str, int]:
    """Per sender, the DiscardedMsgs that was told; as `marks_from`."""
    return {name: number for name, number in _noted(text).items() if isinstance(number, int)}


def _noted(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def readable(sights: Sights) -> Verdict:
    """Every sender's queues can be read."""
    troubles = _troubles(sights)
    return Waiting("; ".join(troubles)) if troubles else Holds("queues read")


def drained(sights: Sights, marks: Marks, *, target: str, margin: int) -> Verdict:
    """Every sender that is connected with the member holds no more for it than before, plus the margin."""
    off = _troubles(sights)
    for name, seen in sights.items():
        most = margin + (marks[name].buffered if name in marks else 0)
        if seen.connected and seen.buffered > most:
            off.append(f"{name} holds {seen.buffered} messages for {target}, wanted {most} at most")
    return Waiting("; ".join(off)) if off else Holds("queues drained")


def _troubles(sights: Sights) -> list[str]:
    return [f"{name}: {seen.trouble}" for name, seen in sights.items() if seen.trouble]


def losses(sights: Sights, marks: Marks, told: Mapping[str, int] | None = None) -> tuple[Loss, ...]:
    """Where messages were discarded since the mark, or since it was told.

    A counter that is lower than before belongs to a new process: all of it counts.
    """
    told = told or {}
    found = []
    for name, seen in sights.items():
        if name not in marks or seen.trouble:
            continue
        before = max(marks[name].discarded, told.get(name, 0))
        if seen.discarded < before:
            before = 0
        if seen.discarded > before:
            found.append(Loss(name, before, seen.discarded))
    return tuple(found)


def outcome(verdict: Holds, lost: Iterable[Loss]) -> str:
    """What a step has seen of the queues in the end."""
    return "; ".join([verdict.seen, *map(str, lost)])
