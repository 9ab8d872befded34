"""Gates for both nodes of a pair that restart as one, and what to do about a node that was refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from tasks.core.gates import MAINTENANCE, STARTED_MOVED_S, Gate, Verdict, View, Waiting


def but_in_maintenance(gate: Gate, *nodes: str) -> Gate:
    """A node in maintenance is waited for, since it is restarted once more; else as the gate says."""

    def patient(view: View) -> Verdict:
        stuck = [name for name in nodes if _in_maintenance(view, name)]
        if stuck:
            return Waiting(f"{' and '.join(stuck)} in maintenance, to be restarted once more")
        return gate(view)

    return patient


def _in_maintenance(view: View, node: str) -> bool:
    status = view[node].status
    return status is not None and status.server.state == MAINTENANCE


def refused_nodes(view: View, started_before: Mapping[str, datetime]) -> dict[str, datetime]:
    """Nodes whose new process is in maintenance, and when that started; none while an old one still runs.

    So it is with a node that met the other one's old process: one a cluster member, one not (ReasonCode 1).
    """
    found = {}
    for node, before in started_before.items():
        status = view[node].status
        if status is None:
            continue
        started = status.server.started_at
        if (started - before).total_seconds() <= STARTED_MOVED_S:
            return {}
        if _in_maintenance(view, node):
            found[node] = started
    return found
