"""One look at every node: files, REST, certificate on the wire. What fails says why, and no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from tasks.core.belonging import INACTIVE
from tasks.core.dataclass import dataclass
from tasks.core.errors import OperatorError
from tasks.core.model import ExecFiles, Node
from tasks.core.snapshot import CONTROL_PORT, NodeSnapshot, Snapshot, Unseen, Wire
from tasks.core.status import Membership, NodeStatus, RemoteMember
from tasks.effects.admin import AdminApi
from tasks.effects.lock import Holder, holder_said, holders, work_of
from tasks.effects.looking import Looked, More, look_with
from tasks.effects.pool import WORKERS
from tasks.effects.remote import Remote
from tasks.effects.service import start_fault, start_question, why_start_would_fail
from tasks.effects.service_managers import look_at_container
from tasks.effects.site import Site

Seen = TypeVar("Seen")
FAR_S = 0.02  # a round trip for which it is worth while to ask several questions at the same time


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


def look_at_node(site: Site, node: Node, *, way: float | OperatorError | None = None) -> NodeLook:
    """Everything about one node; REST and the wire are asked while it looks at its files.

    Where SSH itself fails, nothing else is tried through it.

    Args:
        way: What a login there has come to just now, as `Site.log_in` tells; None: it is made here.
    """
    reached = _try(lambda: site.log_in(node) if way is None else _or_raise(way))
    if isinstance(reached, Unseen):
        return NodeLook(_out_of_reach(node, reached))
    ask = _far_ports if reached > FAR_S and len(site.cluster.nodes) <= WORKERS else _near_ports
    ports_of = ask(site, node)
    remote = site.remote(node)
    looked = _try(lambda: look_with(remote, _more(remote)))
    by = node.container
    container = _try(lambda: look_at_container(remote, by)) if by is not None else None
    ports = ports_of()
    if isinstance(looked, Unseen):
        reach = _try(lambda: remote.run(("true",)))
        if isinstance(reach, Unseen):
            return NodeLook(_out_of_reach(node, reach))
        return NodeLook(replace(ports, files=looked, container=container), _holder(remote))
    seen = replace(ports, files=looked.files, container=container)
    if isinstance(seen.status, NodeStatus):
        seen = replace(seen, start_trouble=_start_trouble(remote, looked))
    return NodeLook(seen, _holder(remote, looked))


def _or_raise(way: float | OperatorError) -> float:
    if isinstance(way, OperatorError):
        raise way
    return way


def _out_of_reach(node: Node, reach: Unseen) -> NodeSnapshot:
    """No command runs there at all."""
    return NodeSnapshot(node, "", reach, reach, reach, None, None, sshd=reach)


# Waits for what REST and the control port tell; files are not its question.
Ports = Callable[[], NodeSnapshot]


def _near_ports(site: Site, node: Node) -> Ports:
    """One question after the other over one REST connection: of a round trip that takes nearly no time."""

    def ask(node: Node) -> NodeSnapshot:
        seen = _by_rest(site.admin(node), node)
        if _listens_not(seen.status):
            return seen
        return _with_wire(seen, _try(lambda: site.wire(node, seen.control_address)))

    asked = site.beside.begin(ask, (node,))
    return lambda: asked()[0]


def _far_ports(site: Site, node: Node) -> Ports:
    """What does not hang on an answer is asked meanwhile: the configuration by a REST connection of its own, and
    the control port where it most likely is. Of a pair one node does not listen: there the answer is awaited.
    """
    alone = not site.cluster.member(node.member).is_pair
    guess = (node.host, CONTROL_PORT)
    asked = site.beside.begin(lambda node: _by_rest(site.admin(node), node, without_membership=True), (node,))
    apart = site.beside.begin(lambda node: _membership(site, node), (node,))
    met = site.beside.begin(lambda node: _try(lambda: site.wire(node, guess)), (node,) if alone else ())

    def ports() -> NodeSnapshot:
        (seen,), (membership,), wires = asked(), apart(), met()
        if isinstance(seen.status, NodeStatus):
            seen = replace(seen, membership=membership)
        if _listens_not(seen.status):
            return seen
        if wires and seen.control_address == guess:
            return _with_wire(seen, wires[0])
        return _with_wire(seen, _try(lambda: site.wire(node, seen.control_address)))

    return ports


def _with_wire(seen: NodeSnapshot, wire: Wire | Unseen) -> NodeSnapshot:
    if isinstance(seen.status, Unseen) and isinstance(wire, Unseen):
        wire = Unseen(f"REST is silent, and {wire.problem}", wire.remedy)
    return replace(seen, wire=wire)


def _membership(site: Site, node: Node) -> Membership | Unseen:
    admin = site.another_admin(node)
    try:
        return _try(admin.membership)
    finally:
        admin.close()


_NOT_ASKED = Unseen("not asked", "fab status")


def _by_rest(admin: AdminApi, node: Node, *, without_membership: bool = False) -> NodeSnapshot:
    status = _try(admin.status)
    if isinstance(status, Unseen):
        return NodeSnapshot(node, admin.via.value, _NOT_ASKED, status, status, None, None)
    remotes: tuple[RemoteMember, ...] | Unseen | None = None
    if not _listens_not(status):
        remotes = _try(lambda: admin.remotes() or ())
    membership = _NOT_ASKED if without_membership else _try(admin.membership)
    return NodeSnapshot(node, admin.via.value, _NOT_ASKED, status, membership, remotes, None)


def _listens_not(status: NodeStatus | Unseen) -> bool:
    """A standby listens on neither cluster port, nor does a server that was started without cluster membership."""
    return isinstance(status, NodeStatus) and (status.is_standby or status.cluster.status == INACTIVE)


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
