"""Statuses for tests of pure rules: what a healthy node says, with what a test changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tasks.core.gates import NodeView
from tasks.core.status import ClusterStatus, HaStatus, NodeStatus, ServerStatus

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def node_status(
    *,
    state: int = 1,
    started_at: datetime = NOON,
    uptime_s: int = 100,
    error_code: int = 0,
    cluster: ClusterStatus | None = None,
    ha: HaStatus | None = None,
    uid: str = "UID-A",
) -> NodeStatus:
    server = ServerStatus(
        name="gw-a:9089",
        uid=uid,
        status="Running",
        state=state,
        state_text="as state",
        server_time=started_at + timedelta(seconds=uptime_s),
        uptime_s=uptime_s,
        version="1.1dev",
        error_code=error_code,
        error_message="trouble" if error_code else "",
    )
    return NodeStatus(server, ha or HaStatus("Inactive", enabled=False), cluster or counted(2, 0))


def counted(connected: int | None, disconnected: int | None, *, status: str = "Active") -> ClusterStatus:
    return ClusterStatus(status, enabled=True, name="C", connected=connected, disconnected=disconnected)


def paired(role: str, *, active: int = 2, synced: int = 2, pct: int = -1) -> HaStatus:
    return HaStatus(
        "Active", enabled=True, group="g", new_role=role, old_role=role,
        active_nodes=active, sync_nodes=synced, pct_sync=pct,
    )  # fmt: skip


def view(status: NodeStatus | None = None, **more: object) -> NodeView:
    return NodeView(status=status, **more)  # type: ignore[arg-type]
