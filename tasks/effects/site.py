"""A cluster and everything needed to reach it: connections, REST clients, the pool, the clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING

from tasks.core.errors import OperatorError
from tasks.core.model import Cluster, Node, SecretRef
from tasks.core.secret import SecretStr
from tasks.core.status import NodeStatus
from tasks.effects.admin import AdminApi
from tasks.effects.clock import Clock, SystemClock
from tasks.effects.pool import WORKERS, Pool
from tasks.effects.remote import Remote
from tasks.effects.rest import RestRefused, RestTimeout
from tasks.effects.ssh import Connections

if TYPE_CHECKING:  # what judges comes later: the first node can be asked
    from tasks.core.gates import NodeView, View
    from tasks.core.snapshot import Wire

Address = tuple[str, int]
BESIDE = 3  # further questions to a node at the same time, at most


class Site:
    """Use as a context manager: it closes every connection."""

    def __init__(
        self, cluster: Cluster, *, secrets: Callable[[SecretRef], SecretStr], clock: Clock | None = None
    ) -> None:
        self.cluster = cluster
        self.clock = clock or SystemClock()
        self.pool = Pool()
        # For what is asked of a node beside the question that one of the pool is busy with; these ask no others.
        self.beside = Pool(workers=BESIDE * WORKERS)
        self._secrets = secrets
        self._connections = Connections(secrets=secrets, clock=self.clock)
        self._admins = {
            node.name: AdminApi(self._connections.remote(node), secrets=secrets) for node in cluster.nodes
        }

    def remote(self, node: Node) -> Remote:
        return self._connections.remote(node)

    def log_in(self, node: Node) -> float:
        """Connect to the node, unless that stands; seconds of a round trip, roughly. Raises RemoteError."""
        return self._connections.log_in(node)

    def admin(self, node: Node) -> AdminApi:
        return self._admins[node.name]

    def another_admin(self, node: Node) -> AdminApi:
        """One more client, over an HTTP connection of its own; who asks for it closes it."""
        return AdminApi(self.remote(node), secrets=self._secrets)

    def wire(self, node: Node, address: Address) -> Wire:
        """The certificate that the running process serves on its control port.

        Raises:
            RemoteError: Nothing listens, or it does not speak TLS.
        """
        from tasks.effects.wire import (
            look_at_wire,  # here: it comes with OpenSSL, and the first node can be asked
        )

        host, port = address
        return look_at_wire(self.remote(node), host, port, via=self.admin(node).via)

    def view(self, addresses: Mapping[str, Address], *, probe: frozenset[str] = frozenset()) -> View:
        """One look at every node, in parallel; `probe` names those whose certificate is asked for."""

        def ask(node: Node) -> NodeView:
            return self._view_node(node, addresses.get(node.name) if node.name in probe else None)

        nodes = self.cluster.nodes
        return dict(zip((n.name for n in nodes), self.pool.map(ask, nodes), strict=True))

    def _view_node(self, node: Node, address: Address | None) -> NodeView:
        from tasks.core.gates import NodeView

        try:
            status = self.admin(node).status()
        except (RestRefused, RestTimeout) as error:
            return NodeView(status=None, trouble=error.problem, silent=True)
        except OperatorError as error:
            return NodeView(status=None, trouble=error.problem)
        if address is None or not _listens(status):
            return NodeView(status=status)
        try:
            wire = self.wire(node, address)
            return NodeView(status=status, served=wire.leaf, accepts=wire.client_cas)
        except OperatorError as error:
            return NodeView(status=status, served_trouble=error.problem)

    def leave(self, node: Node) -> None:
        """Close what is open to the node; who asks it again connects again."""
        self.admin(node).close()
        self._connections.leave(node)

    def close(self) -> None:
        for admin in self._admins.values():
            admin.close()
        self._connections.close()
        self.pool.close()
        self.beside.close()

    def __enter__(self) -> Site:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _listens(status: NodeStatus) -> bool:
    """A standby listens on neither cluster port."""
    return not status.is_standby and status.settled
