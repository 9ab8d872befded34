"""Runs of any size, made up: their plans, journals and samples, as a documented migration leaves them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tasks.core.availability import Sample
from tasks.core.journal import Entry
from tasks.core.node_states import NodeState, by_state
from tasks.core.plan import Counts, Plan, PlanRound, Step, Target
from tasks.core.step_kinds import StepKind
from tests.core.statuses import NOON

OLD, NEW = "AB" * 32, "CD" * 32
AWAY_S = ((NodeState.STOPPING, 4), (NodeState.DOWN, 8), (NodeState.STARTING, 6), (NodeState.WAITING, 2))
RESTART_S = 28  # one step, its gate included


@dataclass(frozen=True, slots=True)
class Made:
    plan: Plan
    entries: tuple[Entry, ...]
    samples: tuple[Sample, ...]
    members: dict[str, tuple[str, ...]]


def long_run(size: int, *, every_s: float = 1.0, rounds: int = 1, pause_s: float = 0.0) -> Made:
    """A rolling restart of single members, the last one being the observer.

    Args:
        every_s: From one sample to the next.
        rounds: Of one, old and new trust are apart; of several, nobody is.
        pause_s: Between two rounds.
    """
    names = [f"gw-{number:02}" for number in range(1, size + 1)]
    steps = tuple(_steps(names, rounds))
    targets = {
        n: Target(files={}, leaf_sha256=NEW, leaf_subject="CN=new", not_after="2028-01-01") for n in names
    }
    nights = [NOON + timedelta(seconds=number * (size * RESTART_S + pause_s)) for number in range(rounds)]
    plan = Plan(
        cluster="production",
        cluster_name="MyCluster",
        strategy="prescribed" if rounds == 1 else "overlap",
        why="made up",
        observer=names[-1],
        steps=steps,
        targets=targets,
        before=dict.fromkeys(names, OLD),
        baseline={},
        pairs=(),
        addresses={},
        rounds=tuple(
            PlanRound(what=f"the {word} round", targets=targets, accepts={}, moving=tuple(names))
            for word in ("first", "second", "third")[: rounds if rounds > 1 else 0]
        ),
    )
    samples = tuple(one for night in nights for one in _samples(names, night, every_s, parts=rounds == 1))
    return Made(plan, tuple(_entries(plan, nights, size)), samples, {name: (name,) for name in names})


def _steps(names: list[str], rounds: int) -> Iterator[Step]:
    for number in range(1, rounds + 1):
        for done, name in enumerate(names, 1):
            new = {n: Counts(connected=done - 1, disconnected=len(names) - done) for n in names[:done]}
            old = {n: Counts(connected=len(names) - done - 1, disconnected=done) for n in names[done:]}
            yield Step(
                kind=StepKind.RESTART, target=name, expected=new | old, round=number if rounds > 1 else 0
            )
    yield Step(kind=StepKind.PROVE, target="cluster", expected={})


def _entries(plan: Plan, nights: list[datetime], size: int) -> Iterator[Entry]:
    yield Entry(at=NOON, event="opened", seen=f"plan {plan.fingerprint}")
    for number, step in enumerate(plan.steps[:-1]):
        begun = nights[number // size] + timedelta(seconds=number % size * RESTART_S)
        yield Entry(at=begun, event="started", step=step.id)
        seen = f"a new process at State 1; {step.target} serves {NEW[:8]}"
        yield Entry(at=begun + timedelta(seconds=RESTART_S - 1), event="done", step=step.id, seen=seen)
    end, last = nights[-1] + timedelta(seconds=size * RESTART_S), plan.steps[-1].id
    yield Entry(at=end, event="started", step=last)
    yield Entry(at=end, event="done", step=last, seen="all as planned")
    yield Entry(at=end, event="completed")


def _samples(names: list[str], night: datetime, every_s: float, *, parts: bool) -> Iterator[Sample]:
    for number in range(int(len(names) * RESTART_S / every_s) + 1):
        second = number * every_s
        going, into = min(int(second // RESTART_S), len(names) - 1), second % RESTART_S
        state = _state(into) if second < len(names) * RESTART_S else NodeState.READY
        new = set(names[: going + 1 if state is NodeState.READY else going]) if parts else set()
        serving = [name for name in names if name != names[going] or state is NodeState.READY]
        yield Sample(
            at=night + timedelta(seconds=second),
            settled={n: tuple(o for o in names if (o in new) != (n in new)) for n in serving},
            away=tuple(name for name in names if name not in serving),
            nodes=by_state({names[going]: state}),
        )


def _state(into: float) -> NodeState:
    for state, seconds in AWAY_S:
        if into < seconds:
            return state
        into -= seconds
    return NodeState.READY
