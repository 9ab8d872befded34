"""Whom the step under way of a live view is about, and what becomes of them just now."""

from __future__ import annotations

from tasks.core.live_state import Live
from tasks.core.model import Member, Node
from tasks.core.plan import Counts, Step
from tasks.core.status import NodeStatus
from tasks.core.step_kinds import ANY_RESTART, StepKind

_STOPPING = 2
_OF_STANDBY = frozenset({StepKind.RESTART_STANDBY, StepKind.HA_PART, StepKind.HA_RESTART_STANDBY})
_DOING = {
    StepKind.PLACE: "placing files",
    StepKind.HA_PLACE: "placing files",
    StepKind.CONFIGURE: "being configured",
    StepKind.SWAP: "files swapped in",
    StepKind.HA_SWAP: "files swapped in",
    StepKind.HA_SWAP_STANDBY: "files swapped in",
    StepKind.HA_SWAP_PRIMARY: "files swapped in",
    StepKind.MOVE_KEYSTORE: "keystore moves",
    StepKind.PLACE_CRL: "placing list",
    StepKind.REMOVE_CRL: "removing list",
}


def concerned(live: Live, member: Member) -> tuple[Node, ...]:
    """Nodes of the member that the step under way is about."""
    step = live.step
    if step is None or (step.kind not in _DOING and step.kind not in ANY_RESTART):
        return ()
    named = tuple(node for node in member.nodes if node.name == step.target)
    if named or step.target != member.name:
        return named
    if step.kind not in ANY_RESTART or not member.is_pair:
        return member.nodes
    return _restarted(live, step, member)


def _restarted(live: Live, step: Step, pair: Member) -> tuple[Node, ...]:
    """The node of the pair that is restarted: as pinned, or as it shows; both if nothing tells."""
    pinned = tuple(node for node in pair.nodes if node.name == live.plan.pinned.get(step.id))
    if pinned:
        return pinned
    if step.kind is StepKind.RESTART_PAIR:
        return pair.nodes
    down = tuple(node for node in pair.nodes if live.is_new_process(node.name) or _is_away(live, node))
    if down:
        return down
    role = "STANDBY" if step.kind in _OF_STANDBY else "PRIMARY"
    statuses = {node: live.status(node.name) for node in pair.nodes}
    right = tuple(node for node, status in statuses.items() if status and status.role == role)
    return right or pair.nodes


def _is_away(live: Live, node: Node) -> bool:
    """Silent, or on its way down or up; a standby that takes over is there."""
    if node.name not in live.looks:
        return False
    status = live.status(node.name)
    return status is None or (not status.settled and status.role != "PRIMARY")


def doing(live: Live, member: Member, node: Node) -> str:
    step = live.step
    if step is None:
        return ""
    if step.kind in _DOING:
        return _DOING[step.kind]
    status = live.status(node.name)
    if status is None:
        return "down" if node.name in live.looks else "not seen"
    if status.server.state == _STOPPING:
        return "stopping"
    if not status.settled:
        return "starting"
    if not live.is_new_process(node.name):
        return "to be restarted"
    if member.is_pair and not status.ha.in_sync:
        return "waiting for sync"
    if not status.is_standby and not as_planned(step.expected.get(member.name), status):
        return "waiting for members"
    return "ready"


def as_planned(planned: Counts | None, status: NodeStatus) -> bool:
    seen = (status.cluster.connected, status.cluster.disconnected)
    return planned is None or seen == (planned.connected, planned.disconnected)


def following_of(live: Live) -> str:
    """The member whose restart comes next, after the step under way."""
    done = live.done | ({live.step.id} if live.step else set())
    left = (step for step in live.plan.steps if step.id not in done and step.kind in ANY_RESTART)
    return next((step.target for step in left), "")
