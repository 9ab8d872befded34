"""One look at every node: files, REST, certificate on the wire. What fails says why, and no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from tasks.core.belonging import INACTIVE
from tasks.core.errors import OperatorError
from tasks.core.model import ExecFiles, Node
from tasks.core.snapshot import NodeSnapshot, Snapshot, Unseen
from tasks.core.status import NodeStatus, RemoteMember
from tasks.effects.lock import Holder, holder_said, holders, work_of
from tasks.effects.looking import Looked, More, look_with
from tasks.effects.remote import Remote
from tasks.effects.service import start_fault, start_question, why_start_would_fail
from tasks.effects.service_managers import look_at_container
from tasks.effects.site import Site

Seen = TypeVar("Seen")


@dataclass(frozen=True, slots=True)
class NodeLook:
    """Everything about one node, and who holds its lock; None where nobody does, or it cannot be asked."""

    snapshot: NodeSnapshot
    holder: Holder | None = None


def take_snapshot(site: Site) -> Snapshot:
    """Look at every node in parallel; a dead node costs its own time limit only."""
    nodes = site.cluster.nodes
    taken_at = site.clock.now()
    seen = site.pool.map(lambda node: look_at_node(site, node).snapshot, nodes)
    return Snapshot(site.cluster, taken_at, dict(zip((n.name for n in nodes), seen, strict=True)))


def look_at_node(site: Site, node: Node) -> NodeLook:
    """Everything about one node; REST and the wire are asked while it looks at its files.

    Where SSH itself fails, nothing else is tried through it.
    """
    login = _try(lambda: site.log_in(node))
    if isinstance(login, Unseen):
        return NodeLook(_out_of_reach(node, login))
    asked = site.beside.begin(partial(_by_ports, site), (node,))
    remote = site.remote(node)
    looked = _try(lambda: look_with(remote, _more(remote)))
    by = node.container
    container = _try(lambda: look_at_container(remote, by)) if by is not None else None
    (ports,) = asked()
    if isinstance(looked, Unseen):
        reach = _try(lambda: remote.run(("true",)))
        if isinstance(reach, Unseen):
            return NodeLook(_out_of_reach(node, reach))
        return NodeLook(replace(ports, files=looked, container=container), _holder(remote))
    seen = replace(ports, files=looked.files, container=container)
    if isinstance(seen.status, NodeStatus):
        seen = replace(seen, start_trouble=_start_trouble(remote, looked))
    return NodeLook(seen, _holder(remote, looked))


def _out_of_reach(node: Node, reach: Unseen) -> NodeSnapshot:
    """No command runs there at all."""
    return NodeSnapshot(node, "", reach, reach, reach, None, None, sshd=reach)


def _by_ports(site: Site, node: Node) -> NodeSnapshot:
    """What REST and the control port tell; its files are somebody else's question."""
    seen = _by_rest(site, node)
    if _is_standby(seen.status) or _outside(seen.status):
        return seen
    wire = _try(lambda: site.wire(node, seen.control_address))
    if isinstance(seen.status, Unseen) and isinstance(wire, Unseen):
        wire = Unseen(f"REST is silent, and {wire.problem}", wire.remedy)
    return replace(seen, wire=wire)


_NOT_ASKED = Unseen("not asked", "fab status")


def _by_rest(site: Site, node: Node) -> NodeSnapshot:
    admin = site.admin(node)
    status = _try(admin.status)
    if isinstance(status, Unseen):
        return NodeSnapshot(node, admin.via.value, _NOT_ASKED, status, status, None, None)
    remotes: tuple[RemoteMember, ...] | Unseen | None = None
    if not status.is_standby and not _outside(status):
        remotes = _try(lambda: admin.remotes() or ())
    membership = _try(admin.membership)
    return NodeSnapshot(node, admin.via.value, _NOT_ASKED, status, membership, remotes, None)


def _is_standby(status: NodeStatus | Unseen) -> bool:
    """A standby listens on neither cluster port."""
    return isinstance(status, NodeStatus) and status.is_standby


def _outside(status: NodeStatus | Unseen) -> bool:
    """Nor does a server that was started without cluster membership."""
    return isinstance(status, NodeStatus) and status.cluster.status == INACTIVE


def _more(remote: Remote) -> More:
    return More(work=work_of(remote), start=start_question(remote.node.start_by))


def _start_trouble(remote: Remote, looked: Looked) -> str | None:
    if looked.start is not None:
        return start_fault(remote.node.start_by, *looked.start)
    try:
        return why_start_would_fail(remote)
    except OperatorError as error:
        return error.problem


def _holder(remote: Remote, looked: Looked | None = None) -> Holder | None:
    if looked is not None and not isinstance(remote.node.files_by, ExecFiles):
        return holder_said(looked.lock) if looked.lock is not None else None
    try:
        return holders([remote]).get(remote.node.name)
    except OperatorError:  # the table says what keeps it from answering
        return None


def _try(ask: Callable[[], Seen]) -> Seen | Unseen:
    try:
        return ask()
    except OperatorError as error:
        return Unseen(error.problem, error.remedy)
