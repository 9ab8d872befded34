"""One look at every node: files, REST, certificate on the wire. What fails says why, and no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from tasks.core.belonging import INACTIVE
from tasks.core.errors import OperatorError
from tasks.core.model import Node
from tasks.core.snapshot import NodeSnapshot, Snapshot, Unseen
from tasks.core.status import NodeStatus, RemoteMember
from tasks.effects.files import look_at_files
from tasks.effects.remote import Remote
from tasks.effects.service import why_start_would_fail
from tasks.effects.service_managers import look_at_container
from tasks.effects.site import Site

Seen = TypeVar("Seen")


def take_snapshot(site: Site) -> Snapshot:
    """Look at every node in parallel; a dead node costs its own time limit only."""
    nodes = site.cluster.nodes
    taken_at = site.clock.now()
    seen = site.pool.map(lambda node: look_at_node(site, node), nodes)
    return Snapshot(site.cluster, taken_at, dict(zip((n.name for n in nodes), seen, strict=True)))


def look_at_node(site: Site, node: Node) -> NodeSnapshot:
    """Everything about one node. Where SSH itself fails, nothing else is tried through it."""
    seen = _without_wire(site, node)
    if seen.sshd is not None or _is_standby(seen.status) or _outside(seen.status):
        return seen
    wire = _try(lambda: site.wire(node, seen.control_address))
    if isinstance(seen.status, Unseen) and isinstance(wire, Unseen):
        wire = Unseen(f"REST is silent, and {wire.problem}", wire.remedy)
    return replace(seen, wire=wire)


def _is_standby(status: NodeStatus | Unseen) -> bool:
    """A standby listens on neither cluster port."""
    return isinstance(status, NodeStatus) and status.is_standby


def _outside(status: NodeStatus | Unseen) -> bool:
    """Nor does a server that was started without cluster membership."""
    return isinstance(status, NodeStatus) and status.cluster.status == INACTIVE


def _without_wire(site: Site, node: Node) -> NodeSnapshot:
    remote, admin = site.remote(node), site.admin(node)
    files = _try(lambda: look_at_files(remote))
    if isinstance(files, Unseen) and (reach := _out_of_reach(site, remote, files)) is not None:
        return NodeSnapshot(node, "", reach, reach, reach, None, None, sshd=reach)
    status = _try(admin.status)
    by = node.container
    container = _try(lambda: look_at_container(remote, by)) if by is not None else None
    if isinstance(status, Unseen):
        return NodeSnapshot(node, admin.via.value, files, status, status, None, None, container=container)
    remotes: tuple[RemoteMember, ...] | Unseen | None = None
    if not status.is_standby and not _outside(status):
        remotes = _try(lambda: admin.remotes() or ())
    return NodeSnapshot(
        node=node,
        via=admin.via.value,
        files=files,
        status=status,
        membership=_try(admin.membership),
        remotes=remotes,
        wire=None,
        start_trouble=None if isinstance(files, Unseen) else _start_trouble(remote),
        container=container,
    )


def _out_of_reach(site: Site, remote: Remote, failed: Unseen) -> Unseen | None:
    """Why no command runs there at all; None where one does, and only its files could not be looked at."""
    if not site.logged_in(remote.node):
        return failed
    reach = _try(lambda: remote.run(("true",)))
    return reach if isinstance(reach, Unseen) else None


def _start_trouble(remote: Remote) -> str | None:
    try:
        return why_start_would_fail(remote)
    except OperatorError as error:
        return error.problem


def _try(ask: Callable[[], Seen]) -> Seen | Unseen:
    try:
        return ask()
    except OperatorError as error:
        return Unseen(error.problem, error.remedy)
