"""One look at every node: files, REST, certificate on the wire. What fails says why, and no more."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tasks.core.errors import OperatorError
from tasks.core.model import Node
from tasks.core.snapshot import NodeSnapshot, Snapshot, Unseen, Wire
from tasks.core.status import Membership, NodeStatus, RemoteMember
from tasks.effects.files import look_at_files
from tasks.effects.remote import Remote
from tasks.effects.service import why_start_would_fail
from tasks.effects.site import Address, Site

Seen = TypeVar("Seen")


def take_snapshot(site: Site) -> Snapshot:
    """Look at every node in parallel; a dead node costs its own time limit only."""
    nodes = site.cluster.nodes
    taken_at = site.clock.now()
    seen = site.pool.map(lambda node: look_at_node(site, node), nodes)
    return Snapshot(site.cluster, taken_at, dict(zip((n.name for n in nodes), seen, strict=True)))


def look_at_node(site: Site, node: Node) -> NodeSnapshot:
    """Everything about one node. Where SSH itself fails, nothing else is tried through it."""
    remote, admin = site.remote(node), site.admin(node)
    reach = _try(lambda: remote.run(("true",)))
    if isinstance(reach, Unseen):
        return NodeSnapshot(node, "", reach, reach, reach, None, None, sshd=reach)
    files = _try(lambda: look_at_files(remote))
    status = _try(admin.status)
    if isinstance(status, Unseen):
        return NodeSnapshot(
            node, admin.via.value, files, status, status, None, _wire_anyway(site, node, status)
        )
    membership = _try(admin.membership)
    remotes: tuple[RemoteMember, ...] | Unseen | None = None
    if not status.is_standby:
        remotes = _try(lambda: admin.remotes() or ())
    return NodeSnapshot(
        node=node,
        via=admin.via.value,
        files=files,
        status=status,
        membership=membership,
        remotes=remotes,
        wire=_wire(site, node, status, membership),
        start_trouble=_start_trouble(remote),
    )


def _start_trouble(remote: Remote) -> str | None:
    try:
        return why_start_would_fail(remote)
    except OperatorError as error:
        return error.problem


def control_address(node: Node, membership: Membership | Unseen) -> Address:
    """Where the control port listens: as REST names it, else the node's own address."""
    if isinstance(membership, Unseen):
        return node.host, 9104
    return membership.control_address or node.host, membership.control_port


def _wire(
    site: Site, node: Node, status: NodeStatus, membership: Membership | Unseen
) -> Wire | Unseen | None:
    if status.is_standby:
        return None
    return _try(lambda: site.wire(node, control_address(node, membership)))


def _wire_anyway(site: Site, node: Node, silent: Unseen) -> Wire | Unseen:
    """REST is silent: the control port may still answer (T11), on the default address."""
    found = _try(lambda: site.wire(node, control_address(node, silent)))
    return found if isinstance(found, Wire) else Unseen(f"REST is silent, and {found.problem}", silent.remedy)


def _try(ask: Callable[[], Seen]) -> Seen | Unseen:
    try:
        return ask()
    except OperatorError as error:
        return Unseen(error.problem, error.remedy)
