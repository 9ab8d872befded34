"""What must be seen of a node that was brought back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from tasks.core.gates import STARTED_MOVED_S, Gate, Holds, NodeView, Verdict, View, Waiting, counts
from tasks.core.model import Cluster, Member
from tasks.core.plan import Counts
from tasks.core.status import MAINTENANCE, NodeStatus


def up_again(node: str, *, started_before: datetime | None = None) -> Gate:
    """REST answers from a settled server: State 1, 9 or 10.

    Args:
        started_before: Start of a process that is not to count; None where none was running.
    """

    def gate(view: View) -> Verdict:
        status = view[node].status
        if status is None:
            return Waiting(_no_answer(view[node]))
        server = status.server
        moved = (
            started_before is None or (server.started_at - started_before).total_seconds() > STARTED_MOVED_S
        )
        if not moved:
            return Waiting(f"the old process still answers, State {server.state}")
        if not status.settled:
            return Waiting(f"State {server.state} ({server.state_text}), wanted 1, 9 or 10")
        return Holds(f"State {server.state}, ErrorCode {server.error_code}")

    return gate


def _no_answer(seen: NodeView) -> str:
    return "REST is silent" if seen.silent else f"no answer from REST ({seen.trouble})"


def is_well(status: NodeStatus) -> bool:
    """In production, or a standby, without an error."""
    return status.settled and status.server.state != MAINTENANCE and status.server.error_code == 0


def joined(node: str) -> Gate:
    """The node is connected with somebody: all that can be asked for where no plan says with whom."""

    def gate(view: View) -> Verdict:
        status = view[node].status
        if status is None:
            return Waiting(_no_answer(view[node]))
        cluster = status.cluster
        if cluster.status == "Active" and cluster.connected:
            return Holds(f"connected {cluster.connected}/{cluster.disconnected}")
        return Waiting(f"Cluster {cluster.status}, connected with nobody", joining=True)

    return gate


def planned(cluster: Cluster, expected: Mapping[str, Counts]) -> Gate:
    """Every member shows the counts that the plan has for it; of a pair its primary speaks."""

    def gate(view: View) -> Verdict:
        active = {name: _speaker(cluster.member(name), view) for name in expected}
        return counts(active, expected)(view)

    return gate


def _speaker(member: Member, view: View) -> str:
    for node in member.nodes:
        status = view[node.name].status
        if status is not None and status.ha.new_role == "PRIMARY":
            return node.name
    return member.nodes[0].name
