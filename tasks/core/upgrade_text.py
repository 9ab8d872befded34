"""A runbook as Markdown and as plain data."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.core.upgrade import Runbook, Stage
from tasks.core.versions import NAMES


def as_markdown(runbook: Runbook) -> str:
    """To be printed, or kept in a change ticket; ends with a line end."""
    return "\n".join(
        [*_head(runbook), *(line for n, s in enumerate(runbook.stages, 1) for line in _stage(n, s))]
    )


def _head(runbook: Runbook) -> Iterator[str]:
    yield f"# Upgrade of {runbook.cluster} to Eclipse Amlen"
    yield ""
    yield f"As seen at {runbook.at:%Y-%m-%d %H:%M:%S} UTC. Nothing in here is run by this tool."
    yield ""
    yield "| node | member | role | product | version | |"
    yield "|---|---|---|---|---|---|"
    for node in runbook.nodes:
        version, role = node.version or "no answer", node.role or "?"
        yield f"| {node.name} | {node.member} | {role} | {NAMES[node.product]} | {version} | {node.standing} |"
    yield ""
    if not runbook.order:
        yield "Every node runs Eclipse Amlen: nothing to do."
    else:
        yield f"Order: {', '.join(runbook.order)}."
    yield ""


def _stage(number: int, stage: Stage) -> Iterator[str]:
    yield f"## {number}. {stage.title}"
    yield ""
    for count, action in enumerate(stage.actions, 1):
        yield f"{count}. {action.text}"
        if action.commands:
            yield ""
            yield f"   On {action.where}:"
            yield "   ```sh"
            yield from (f"   {command}" for command in action.commands)
            yield "   ```"
    yield ""
