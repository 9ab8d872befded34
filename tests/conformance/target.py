"""A cluster under test, lab or real: seen and changed through its inventory alone."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import TypeVar

import pytest
from pydantic import SecretStr

from tasks.core.certificates import Certificate, is_builtin
from tasks.core.errors import UsageError
from tasks.core.model import Member, Node, SecretRef, Via
from tasks.core.server_log import DEFAULT_LOG
from tasks.core.snapshot import Wire
from tasks.core.status import Membership, NodeStatus
from tasks.effects.direct import dial_directly
from tasks.effects.rest import Answer, Ask, Endpoint, RestError, RestRefused, basic
from tasks.effects.rest_exec import ExecTransport
from tasks.effects.rest_sockets import SocketTransport
from tasks.effects.service import start
from tasks.effects.site import Address, Site
from tasks.effects.wire_errors import WireError, WireRefused
from tests.conformance import process
from tests.conformance.disk import Disk
from tests.conformance.sets import Files

T = TypeVar("T")
Links = Mapping[str, frozenset[str]]  # by member name, whom it is connected to


class Target:
    """The cluster, its nodes' disks, and what they were like at the start."""

    def __init__(self, site: Site, *, secrets: Callable[[SecretRef], SecretStr]) -> None:
        self.site = site
        self._secrets = secrets
        self.names = tuple(member.name for member in site.cluster.members)
        self.took_s = 0.0  # of the last load: from the request to the last settled server
        self.gone: Mapping[str, int] = dict.fromkeys(self.names, 0)  # known members that left long ago
        self.disks: Mapping[str, Disk] = {}
        self.builtin: Certificate | None = None  # what everybody served at the start
        self._memberships: dict[str, Membership] = {}
        self._log_sizes: dict[str, int] = {}
        self._silent: set[str] = set()
        self._dirty: set[str] = set()

    def prepare(self) -> None:
        """Mend what a killed run left, see that the cluster is healthy, and keep what is there.

        Raises:
            UsageError: It is not healthy, or not on the built-in pair; nothing was changed.
        """
        nodes = self.site.cluster.nodes
        if any(self.site.pool.map(lambda node: Disk.was_left(self.site.remote(node)), nodes)):
            self._open_disks()
            self._dirty = {node.name for node in nodes}
            self.restore()
        self._require_healthy()
        self.site.pool.map(self.membership, nodes)
        self._open_disks()

    def _open_disks(self) -> None:
        nodes = self.site.cluster.nodes
        disks = self.site.pool.map(lambda node: Disk.open(self.site.remote(node)), nodes)
        self.disks = dict(zip((node.name for node in nodes), disks, strict=True))

    def _require_healthy(self) -> None:
        others = f"{len(self.names) - 1}/"
        limit_s = self.site.cluster.nodes[0].limits.join_s
        try:
            seen = self.until(
                self.counts,
                lambda seen: all(text.startswith(others) for text in seen.values()),
                what=f"every member counts {others}0",
                limit_s=limit_s,
            )
            self.gone = {name: int(text.partition("/")[2]) for name, text in seen.items()}
            leaf = self.wire(self.speaker(self.names[0])).leaf
        except AssertionError as error:
            raise UsageError(f"unhealthy; nothing was changed: {error}", remedy="fab status") from error
        if not is_builtin(leaf):
            raise UsageError(
                f"the cluster serves {leaf.subject}, wanted the built-in pair; nothing was changed",
                remedy="docs/conformance.md: remove Cluster_*.pem on every node, restart",
            )
        self.builtin = leaf

    # Who is who.

    @property
    def singles(self) -> tuple[Node, ...]:
        return tuple(member.nodes[0] for member in self.site.cluster.members if not member.is_pair)

    @property
    def pairs(self) -> tuple[Member, ...]:
        return tuple(member for member in self.site.cluster.members if member.is_pair)

    def speaker(self, member: str) -> Node:
        """The node that takes part for its member: of a pair the primary."""
        nodes = self.site.cluster.member(member).nodes
        for node in nodes:
            status = self.status(node)
            if status is not None and not status.is_standby:
                return node
        return nodes[0]

    # Looking.

    def status(self, node: Node) -> NodeStatus | None:
        """None while REST does not answer."""
        try:
            return self.site.admin(node).status()
        except RestError:
            return None

    def membership(self, node: Node) -> Membership:
        """As configured when it was first asked for; addresses and ports do not change here."""
        if node.name not in self._memberships:
            self._memberships[node.name] = self.site.admin(node).membership()
        return self._memberships[node.name]

    def control(self, node: Node) -> Address:
        return self.membership(node).control_address, self.membership(node).control_port

    def messaging(self, node: Node) -> Address:
        shown = self.membership(node)
        return shown.messaging_address or shown.control_address, shown.messaging_port

    def wire(self, node: Node, address: Address | None = None) -> Wire:
        return self.site.wire(node, address or self.control(node))

    def mark_logs(self, *nodes: Node) -> None:
        """Remember how long the servers' logs are now."""
        sizes = self.site.pool.map(lambda node: self.disks[node.name].log_size(DEFAULT_LOG), nodes)
        self._log_sizes.update(zip((node.name for node in nodes), sizes, strict=True))

    def log(self, node: Node) -> str:
        """What imaserver-default.log got since it was marked."""
        return self.disks[node.name].log_from(DEFAULT_LOG, self._log_sizes[node.name])

    def listens(self, node: Node, address: Address) -> bool:
        try:
            self.wire(node, address)
        except WireRefused:
            return False
        return True

    def refuses_rest(self, node: Node) -> bool:
        try:
            self.site.admin(node).status()
        except RestRefused:
            return True
        return False

    def served(self, node: Node) -> str:
        """The SHA-256 of the certificate that the control port shows, lower case; "" for none."""
        try:
            return self.wire(node).leaf.sha256.lower()
        except WireError:
            return ""

    def exchange(self, node: Node, ask: Ask, *, authorization: str | None) -> Answer:
        """One REST exchange as it is, with that Authorization header."""
        endpoint = Endpoint(node.name, node.admin, node.limits.rest_s, authorization)
        if self.site.admin(node).via is Via.EXEC:
            return ExecTransport(endpoint, self.site.remote(node)).ask(ask)
        address = (node.admin.host, node.admin.port)
        transport = SocketTransport(endpoint, via="test", dial=lambda _: self.dial(node, address))
        try:
            return transport.ask(ask)
        finally:
            transport.close()

    def authorization(self, node: Node) -> str | None:
        admin = node.admin
        if admin.user is None or admin.password is None:
            return None
        return basic(admin.user, self._secrets(admin.password).get_secret_value())

    def dial(self, node: Node, address: Address) -> socket.socket:
        """A socket to a port of the node, by the way that its REST goes."""
        match self.site.admin(node).via:
            case Via.EXEC:
                pytest.skip(f"{node.name}'s sshd forbids forwarding: no handshake from here")
            case Via.DIRECT:
                return dial_directly(*address, limit_s=node.limits.rest_s, node=node.name)
            case _:
                return self.site.remote(node).dial(*address, limit_s=node.limits.rest_s)

    # Waiting.

    def until(
        self,
        look: Callable[[], T],
        holds: Callable[[T], bool],
        *,
        what: str,
        limit_s: float,
        hold_s: float = 0.0,
    ) -> T:
        """Poll until it has held for hold_s in a row; fails the test beyond the limit."""
        clock, since = self.site.clock, None
        deadline = clock.monotonic() + limit_s
        poll_s = self.site.cluster.nodes[0].limits.poll_s
        while True:
            seen, now = look(), clock.monotonic()
            since = (since if since is not None else now) if holds(seen) else None
            if since is not None and now - since >= hold_s:
                return seen
            assert since is not None or now < deadline, f"not within {limit_s:g} s: {what}; last seen: {seen}"
            clock.sleep(poll_s)

    def counts(self) -> Mapping[str, str]:
        """Per member what it shows, "connected/disconnected"."""
        return dict(zip(self.names, self.site.pool.map(self._counts_of, self.names), strict=True))

    def expect(self, links: Links, *, firmly: bool = False) -> None:
        """Wait until every member counts exactly these connections.

        Args:
            firmly: They must stay so for a good while: what is not connected must not be about to be.
        """
        limits = self.site.cluster.nodes[0].limits
        wanted = {name: self._wanted(name, links) for name in self.names}
        hold_s = max(limits.settle_s, self.took_s / 3) if firmly else 0.0
        self.until(
            self.counts,
            lambda seen: seen == wanted,
            what=f"wanted {wanted}",
            limit_s=limits.join_s,
            hold_s=hold_s,
        )

    def halves(self, *groups: Iterable[str]) -> Links:
        """Links where each group is connected within itself; who is in none of them forms one more."""
        named = {name for group in groups for name in group}
        whole = [frozenset(group) for group in groups] + [frozenset(self.names) - named]
        return {name: group - {name} for group in whole for name in group}

    @property
    def together(self) -> Links:
        return self.halves(self.names)

    # Changing.

    def disk(self, node: Node) -> Disk:
        """The node's files, to be changed: it is restored at the end."""
        self._dirty.add(node.name)
        return self.disks[node.name]

    def place(self, files: Mapping[Node, Files]) -> None:
        """Make these the live files of each node; nothing loads them before a restart."""
        self.site.pool.map(lambda node: self.disk(node).place(files[node]), files)

    def load(self, *nodes: Node) -> None:
        """Restart these, all at once, and wait until each is settled with what is on its disk now."""
        began = self.site.clock.monotonic()
        self.site.pool.map(self._reload, nodes)
        self.took_s = self.site.clock.monotonic() - began

    def begin(self, node: Node) -> datetime | None:
        """Ask for a restart (T5: only of a settled server); a silent one is ended and started.

        Returns:
            The start time of the process before; None if there is a new one already.
        """
        self._dirty.add(node.name)
        if node.name in self._silent or (status := self._settled(node)) is None:
            self.end(node)
            self.start(node)
            return None
        self.site.admin(node).restart()
        return status.server.started_at

    def await_ports_without_rest(self, node: Node) -> None:
        """A begun restart ends with both cluster ports up and no admin API (T11)."""
        self.until(
            lambda: self.status(node),
            lambda seen: seen is None,
            what="REST to end",
            limit_s=node.limits.restart_s,
        )
        for address in (self.control(node), self.messaging(node)):
            self.until(
                lambda address=address: self.listens(node, address),  # type: ignore[misc]
                lambda seen: seen,
                what=f"{address} to listen",
                limit_s=node.limits.restart_s,
            )
        assert self.refuses_rest(node), f"[{node.name}] REST answers"
        self.went_silent(node)

    def went_silent(self, node: Node) -> None:
        """Note that the running process has no admin API: it can be ended by signals only."""
        self._silent.add(node.name)

    def pid(self, node: Node) -> int | None:
        return process.server(self.site.remote(node), own=self._own(node))

    def terminate(self, node: Node) -> None:
        pid = self.pid(node)
        assert pid is not None, f"[{node.name}] no server process to signal"
        process.terminate(self.site.remote(node), pid)

    def await_end(self, node: Node, *, limit_s: float) -> None:
        remote, own = self.site.remote(node), self._own(node)
        self.until(
            lambda: process.processes(remote, own=own),
            lambda seen: not seen,
            what=f"{node.name}'s end",
            limit_s=limit_s,
        )

    def end(self, node: Node) -> None:
        """TERM; a deaf server (T1) needs two, and no other one gets two."""
        if self.pid(node) is None:
            return
        known = node.name in self._memberships
        deaf = known and not self.listens(node, self.control(node))
        self.terminate(node)
        limit_s = node.limits.return_s / 2
        if deaf or not known:
            clock, until = self.site.clock, self.site.clock.monotonic() + (0 if deaf else limit_s)
            while self.pid(node) is not None and clock.monotonic() < until:
                clock.sleep(node.limits.poll_s)
            if self.pid(node) is not None:
                self.terminate(node)
        self.await_end(node, limit_s=limit_s)

    def start(self, node: Node) -> None:
        """Start a server that is down; asked again while the service manager thinks it still runs."""

        def look() -> int | None:
            start(self.site.remote(node))
            return self.pid(node)

        self.until(
            look, lambda pid: pid is not None, what=f"{node.name} to start", limit_s=node.limits.return_s
        )
        self._silent.discard(node.name)

    def restore(self) -> None:
        """Files and processes as they were found; does nothing where nothing was changed."""
        nodes = [node for node in self.site.cluster.nodes if node.name in self._dirty]
        self.site.pool.map(lambda node: self.disks[node.name].restore(), nodes)
        singles = [node for node in nodes if node in self.singles]
        if singles:
            self.load(*singles)
        for member in self.pairs:
            if self._dirty & {node.name for node in member.nodes}:
                self.roll(member)
        self._dirty.clear()
        if nodes and self.builtin is not None:
            self.expect(self.together)

    def forget(self) -> None:
        for disk in self.disks.values():
            disk.forget()

    # Pairs.

    def roles(self, member: Member) -> tuple[Node, Node]:
        """(primary, standby), once the pair is in sync."""

        def look() -> tuple[Node | None, Node | None]:
            seen = [(node, self.status(node)) for node in member.nodes]
            synced = [(node, s.role, s.server.state) for node, s in seen if s is not None and s.ha.in_sync]
            primary = next((node for node, role, state in synced if (role, state) == ("PRIMARY", 1)), None)
            return primary, next((n for n, role, state in synced if (role, state) == ("STANDBY", 10)), None)

        limit_s = member.nodes[0].limits.sync_s + member.nodes[0].limits.restart_s
        primary, standby = self.until(
            look, lambda seen: None not in seen, what=f"{member.name} in sync", limit_s=limit_s
        )
        assert primary is not None
        assert standby is not None
        return primary, standby

    def roll(self, member: Member) -> None:
        """Restart standby, then primary, each from a pair in sync: roles are swapped afterwards."""
        for which in (1, 0):
            self.load(self.roles(member)[which])
        self.roles(member)

    def _wanted(self, name: str, links: Links) -> str:
        connected = len(links[name])
        return f"{connected}/{len(self.names) - 1 - connected + self.gone[name]}"

    def _counts_of(self, name: str) -> str:
        status = self.status(self.speaker(name))
        if status is None:
            return "silent"
        cluster = status.cluster
        if status.server.state != 1 or cluster.status != "Active":
            return f"State {status.server.state} {cluster.status}"
        return f"{cluster.connected}/{cluster.disconnected}"

    def _own(self, node: Node) -> frozenset[PurePosixPath]:
        others = [other for other in self.site.cluster.nodes if other is not node]
        return process.own_directories(node, others)

    def _settled(self, node: Node) -> NodeStatus | None:
        """Its status once it is settled; None if it stays silent for as long as a start may take."""
        clock = self.site.clock
        deadline = clock.monotonic() + node.limits.return_s
        while (status := self.status(node)) is None or not status.settled:
            if clock.monotonic() > deadline:
                return None
            clock.sleep(node.limits.poll_s)
        return status

    def _reload(self, node: Node) -> None:
        before = self.begin(node)
        left = before is None

        def look() -> NodeStatus | None:
            nonlocal left
            status = self.status(node)
            left = left or status is None or not status.settled
            return status

        def holds(status: NodeStatus | None) -> bool:
            if status is None or not status.settled:
                return False
            return left or (before is not None and (status.server.started_at - before).total_seconds() > 1)

        self.until(look, holds, what=f"{node.name} back and settled", limit_s=node.limits.restart_s)
