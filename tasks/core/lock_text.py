"""Who holds the cluster's lock, in words for `fab status`."""

from __future__ import annotations

from collections.abc import Mapping


def lock_lines(held: Mapping[str, tuple[str, str, str]], *, nodes: int, own: str) -> tuple[str, ...]:
    """One line per run that holds it; nothing of the run that this machine itself has open, where all is in order.

    Args:
        held: By node, the run, its holder in words, and the task that goes on with it.
        nodes: How many the cluster has.
        own: The run that is open here; "" for none.
    """
    by_run: dict[tuple[str, str, str], list[str]] = {}
    for node, said in held.items():
        by_run.setdefault(said, []).append(node)
    lines = []
    for (run, holder, task), where in by_run.items():
        everywhere = len(where) == nodes
        if run == own and everywhere:
            continue
        on = "on every node" if everywhere else f"on {', '.join(where)} only"
        lines.append(
            f"locked {on} by {holder} -> fab {task} --resume takes it over, --break-lock {run} gives it up"
        )
    return tuple(lines)
