"""What a live view knows of a run: a state, and what each thing that happens makes of it.

Which certificate a process has loaded is not looked at anew: before a node's restart it is what the plan saw
on the wire, after it what the restart's gate proved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from datetime import datetime
from enum import Enum
from typing import assert_never

from tasks.core.availability import Look
from tasks.core.dataclass import dataclass
from tasks.core.model import Cluster, Member, Node
from tasks.core.plan import Counts, Plan, Step
from tasks.core.progress import Progress
from tasks.core.status import NodeStatus
from tasks.core.step_kinds import LAST_RESTARTS, StepKind

_JITTER_S = 2.0  # start times are told in whole seconds


@dataclass(frozen=True, slots=True)
class StepBegun:
    step: Step


@dataclass(frozen=True, slots=True)
class Waited:
    """A gate was looked at, and does not hold yet."""

    node: str
    awaited: str
    seen: str
    left_s: float


@dataclass(frozen=True, slots=True)
class Looked:
    """Every node that could be asked, once."""

    looks: Mapping[str, Look]


@dataclass(frozen=True, slots=True)
class StepEnded:
    """Its gate held."""

    step: Step
    took_s: float


class Ending(Enum):
    COMPLETE = "complete"
    AS_ASKED = "stopped as asked"
    INTERRUPTED = "interrupted"
    FAILED = "stopped"


Happening = StepBegun | Waited | Looked | StepEnded | Ending


@dataclass(frozen=True, slots=True)
class Live:
    """A run at one moment. Times are seconds of one monotonic clock.

    Args:
        loaded: By node, the number of the last round whose files its process has loaded; 1 without rounds.
        standbys: By pair, such a round of its standby, as long as nobody has seen which node that is.
        looks: The last of each node that was seen; `seen_s` says when.
        started: By node, when its process had started as the step under way began.
        took: By step done in this process, seconds.
    """

    run: str
    cluster: Cluster
    plan: Plan
    began_s: float
    done: frozenset[str]
    loaded: Mapping[str, int]
    standbys: Mapping[str, int]
    looks: Mapping[str, Look] = field(default_factory=dict)
    seen_s: Mapping[str, float] = field(default_factory=dict)
    started: Mapping[str, datetime] = field(default_factory=dict)
    took: Mapping[str, float] = field(default_factory=dict)
    step: Step | None = None
    step_began_s: float = 0.0
    wait: Waited | None = None
    wait_at_s: float = 0.0
    end: Ending | None = None

    @property
    def members(self) -> tuple[Member, ...]:
        """Those that the plan speaks of, in inventory order; all of them if it names none."""
        named = {*self.plan.targets, *self.plan.baseline}
        return tuple(m for m in self.cluster.members if m.name in named) or self.cluster.members

    def status(self, node: str) -> NodeStatus | None:
        return self.looks[node].status if node in self.looks else None

    def is_new_process(self, node: str) -> bool:
        """Whether its process has started since the step under way began."""
        status, before = self.status(node), self.started.get(node)
        if status is None or before is None:
            return False
        return abs((status.server.started_at - before).total_seconds()) > _JITTER_S

    @property
    def expected(self) -> Mapping[str, Counts]:
        """By member, once the step under way is done; between two steps as the one before left it."""
        if self.step is not None:
            return self.step.expected
        return self.expected_before

    @property
    def expected_before(self) -> Mapping[str, Counts]:
        """By member, as the last step that is done left it."""
        done = [step for step in self.plan.steps if step.id in self.done]
        return done[-1].expected if done else self.plan.baseline


def begun(run: str, cluster: Cluster, plan: Plan, progress: Progress, *, now_s: float) -> Live:
    """As a run begins, or is gone on with."""
    live = Live(run, cluster, plan, now_s, frozenset(), loaded={}, standbys={})
    for step in plan.steps:
        if step.id in progress.done:
            live = _loads(replace(live, done=live.done | {step.id}), step)
    return live


def after(live: Live, happening: Happening, *, now_s: float) -> Live:
    """The state once that has happened."""
    match happening:
        case StepBegun(step):
            return replace(
                live, step=step, step_began_s=now_s, wait=None, started=dict(_start_times(live)), end=None
            )
        case Waited():
            return replace(live, wait=happening, wait_at_s=now_s)
        case Looked(looks):
            seen = {**live.seen_s, **dict.fromkeys(looks, now_s)}
            return _standbys_known(replace(live, looks={**live.looks, **looks}, seen_s=seen))
        case StepEnded(step, took_s):
            took = {**live.took, step.id: took_s}
            done = live.done | {step.id}
            return _standbys_known(
                _loads(replace(live, done=done, took=took, step=None, wait=None, started={}), step)
            )
        case Ending():
            return replace(live, end=happening)
        case _:
            assert_never(happening)


def _start_times(live: Live) -> Iterator[tuple[str, datetime]]:
    for name, look in live.looks.items():
        if look.status is not None:
            yield name, look.status.server.started_at


def _loads(live: Live, step: Step) -> Live:
    """What processes have loaded once the step is done."""
    number = step.round or 1
    if step.kind in LAST_RESTARTS:
        nodes = live.cluster.member(step.target).nodes
        left = {name: round_ for name, round_ in live.standbys.items() if name != step.target}
        return replace(live, loaded={**live.loaded, **{node.name: number for node in nodes}}, standbys=left)
    if step.kind is StepKind.RESTART_STANDBY:
        return replace(live, standbys={**live.standbys, step.target: number})
    return live


def _standbys_known(live: Live) -> Live:
    """Once a look shows which node of a pair is the standby, what it has loaded is known."""
    found = {name: _standby_of(live, live.cluster.member(name)) for name in live.standbys}
    loaded = {node.name: live.standbys[name] for name, node in found.items() if node is not None}
    left = {name: round_ for name, round_ in live.standbys.items() if found[name] is None}
    return replace(live, loaded={**live.loaded, **loaded}, standbys=left)


def _standby_of(live: Live, pair: Member) -> Node | None:
    for node in pair.nodes:
        status = live.status(node.name)
        if status is not None and status.is_standby:
            return node
    return None
