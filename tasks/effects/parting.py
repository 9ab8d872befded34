"""A partition that nobody foresaw stops the line, while the restart that it came with is still awaited."""

from __future__ import annotations

from collections.abc import Callable

from tasks.core.bystanders import Bystander, parted
from tasks.core.errors import NotAsPlanned
from tasks.core.gates import View
from tasks.core.model import Node
from tasks.core.plan import Step
from tasks.effects.run import RESUME, Run


def stop_if_parted(
    run: Run, step: Step, node: Node, bystanders: tuple[Bystander, ...]
) -> Callable[[View, float], None]:
    """A nudge for `wait.hold`: raises NotAsPlanned once members were apart, unplanned, for `limits.settle_s`."""
    since: list[float] = []

    def nudge(view: View, waited_s: float) -> None:
        text = parted(bystanders, view)
        if not text:
            since.clear()
            return
        since.append(waited_s)
        if waited_s - since[0] >= node.limits.settle_s and len(since) > 2:
            raise NotAsPlanned(
                f"a partition that the plan did not foresee, while {step.target} restarts: {text}",
                node=node.name,
                remedy=f"{RESUME}; fab credentials.matrix shows who can connect to whom",
            )

    return nudge
