"""Who is told what happens in a run: the screen, JSON lines, hooks. Each call returns at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from tasks.core.availability import Look
from tasks.core.dataclass import dataclass
from tasks.core.errors import Interrupted, OperatorError, commands_of
from tasks.core.events import Event, EventKind
from tasks.core.model import Cluster
from tasks.core.plan import Plan, Step
from tasks.core.progress import Progress
from tasks.effects.clock import Clock


@dataclass(frozen=True, slots=True)
class Scene:
    """The run that is told about, as it begins or is gone on with."""

    run: str
    cluster: Cluster
    plan: Plan
    progress: Progress
    resume: str  # the command that goes on with it


class Reporter(Protocol):
    """Who shows what happens. `looked` comes from a thread of its own, all the others from the run's."""

    def begun(self, scene: Scene) -> None: ...

    def step(self, number: int, total: int, step: Step, *, what: str) -> None: ...

    def waiting(self, node: str, awaited: str, seen: str, *, left_s: float) -> None: ...

    def looked(self, looks: Mapping[str, Look]) -> None: ...

    def done(self, step: Step, seen: str, *, took_s: float) -> None: ...

    def note(self, node: str, text: str) -> None: ...

    def failed(self, error: OperatorError) -> None: ...

    def ended(self, *, complete: bool) -> None: ...


class Unheard:
    """A reporter that tells nobody: a base for those who tell of some things only."""

    def begun(self, scene: Scene) -> None: ...

    def step(self, number: int, total: int, step: Step, *, what: str) -> None: ...

    def waiting(self, node: str, awaited: str, seen: str, *, left_s: float) -> None: ...

    def looked(self, looks: Mapping[str, Look]) -> None: ...

    def done(self, step: Step, seen: str, *, took_s: float) -> None: ...

    def note(self, node: str, text: str) -> None: ...

    def failed(self, error: OperatorError) -> None: ...

    def ended(self, *, complete: bool) -> None: ...


class Several:
    """One reporter made of several; the first comes first."""

    def __init__(self, *reporters: Reporter) -> None:
        self._all = reporters

    def begun(self, scene: Scene) -> None:
        for each in self._all:
            each.begun(scene)

    def step(self, number: int, total: int, step: Step, *, what: str) -> None:
        for each in self._all:
            each.step(number, total, step, what=what)

    def waiting(self, node: str, awaited: str, seen: str, *, left_s: float) -> None:
        for each in self._all:
            each.waiting(node, awaited, seen, left_s=left_s)

    def looked(self, looks: Mapping[str, Look]) -> None:
        for each in self._all:
            each.looked(looks)

    def done(self, step: Step, seen: str, *, took_s: float) -> None:
        for each in self._all:
            each.done(step, seen, took_s=took_s)

    def note(self, node: str, text: str) -> None:
        for each in self._all:
            each.note(node, text)

    def failed(self, error: OperatorError) -> None:
        for each in self._all:
            each.failed(error)

    def ended(self, *, complete: bool) -> None:
        for each in self._all:
            each.ended(complete=complete)


class Events(Unheard):
    """Turns what happens into events, and hands each to a sink.

    Args:
        sink: Takes one event; may be called from a signal handler (a note).
    """

    def __init__(self, sink: Callable[[Event], None], *, clock: Clock) -> None:
        self._sink = sink
        self._clock = clock
        self._scene: Scene | None = None
        self._step: Step | None = None
        self._number = 0

    def begun(self, scene: Scene) -> None:
        self._scene = scene
        left = len(scene.progress.remaining(scene.plan))
        steps = len(scene.plan.steps)
        self._tell(EventKind.START, text=f"{left} of {steps} steps to do" if steps else "")

    def step(self, number: int, total: int, step: Step, *, what: str) -> None:
        self._step, self._number = step, number
        self._tell(EventKind.STEP, text=what)

    def waiting(self, node: str, awaited: str, seen: str, *, left_s: float) -> None:
        self._tell(EventKind.WAITING, node=node, text=awaited, seen=seen, left_s=round(left_s, 1))

    def done(self, step: Step, seen: str, *, took_s: float) -> None:
        self._tell(EventKind.STEP_DONE, seen=seen, took_s=round(took_s, 1))
        self._step = None

    def note(self, node: str, text: str) -> None:
        self._tell(EventKind.NOTE, node=node, text=text)

    def failed(self, error: OperatorError) -> None:
        kind = EventKind.STOPPED if isinstance(error, Interrupted) else EventKind.FAILED
        task = self._scene.plan.task if self._scene else ""
        self._tell(
            kind,
            node=error.node or "",
            text=error.problem,
            remedy=commands_of(task, error.remedy),
            exit_code=error.exit_code,
        )

    def ended(self, *, complete: bool) -> None:
        self._step = None
        self._tell(EventKind.DONE if complete else EventKind.STOPPED, exit_code=0)

    def _tell(
        self,
        kind: EventKind,
        *,
        node: str = "",
        text: str = "",
        seen: str = "",
        left_s: float | None = None,
        took_s: float | None = None,
        remedy: str = "",
        exit_code: int | None = None,
    ) -> None:
        if self._scene is None:  # nothing of a run has begun
            return
        scene, step = self._scene, self._step
        self._sink(
            Event(
                at=self._clock.now(),
                event=kind,
                cluster=scene.cluster.key,
                task=scene.plan.task,
                run=scene.run,
                step=step.id if step else "",
                number=self._number if step else 0,
                steps=len(scene.plan.steps),
                member=_member(scene, step),
                node=node,
                text=text,
                seen=seen,
                left_s=left_s,
                took_s=took_s,
                remedy=remedy,
                exit_code=exit_code,
                resume=scene.resume,
            )
        )


def _member(scene: Scene, step: Step | None) -> str:
    """The member that a step is about; "" where it is about all."""
    if step is None:
        return ""
    named = (m for m in scene.cluster.members if step.target in (m.name, *(n.name for n in m.nodes)))
    return next((member.name for member in named), "")
