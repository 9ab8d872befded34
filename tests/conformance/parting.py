"""A pair whose HA credentials are not the same: parted at the standby's restart, joined at the primary's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.core.model import Member, Node
from tasks.core.status import NodeStatus

if TYPE_CHECKING:
    from tests.conformance.target import Target


def part(target: Target, pair: Member) -> tuple[Node, Node]:
    """Restart the standby with credentials that keep it apart; (primary, what was the standby)."""
    primary, standby = target.roles(pair)
    target.begin(standby)
    limits = standby.limits
    target.until(
        lambda: (target.status(primary), target.status(standby)),
        lambda seen: all(map(_is_apart, seen)),
        what=f"{standby.name} unsynchronized in State 11 beside a primary",
        limit_s=limits.restart_s,
        hold_s=max(limits.settle_s, target.took_s / 2),
    )
    return primary, standby


def cross(target: Target, pair: Member) -> tuple[Node, Node]:
    """The documented way to credentials that are on both disks by now; (primary, standby) again."""
    primary, _ = part(target, pair)
    target.load(primary)
    return target.roles(pair)


def _is_apart(status: NodeStatus | None) -> bool:
    """A primary without a standby, or a node that searches for its primary and finds none."""
    if status is None:
        return False
    shown = (status.server.state, status.role, status.ha.active_nodes, status.ha.sync_nodes)
    return status.ha.reason_code == 0 and shown in ((1, "PRIMARY", 1, 1), (11, "UNSYNC", 0, 0))
