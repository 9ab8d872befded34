"""A cluster under test, lab or real, as it is seen: through its inventory alone."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import pytest

from tasks.core.certificates import Certificate
from tasks.core.model import Member, Node, SecretRef, Via
from tasks.core.secret import SecretStr
from tasks.core.snapshot import Wire
from tasks.core.status import Membership, NodeStatus
from tasks.effects.direct import dial_directly
from tasks.effects.rest import Answer, Ask, Endpoint, RestError, RestRefused, basic
from tasks.effects.rest_exec import ExecTransport
from tasks.effects.rest_sockets import SocketTransport
from tasks.effects.site import Address, Site
from tasks.effects.wire_errors import WireError, WireRefused

T = TypeVar("T")
Links = Mapping[str, frozenset[str]]  # by member name, whom it is connected to


class Looks:
    """What REST and the wire show, waited for where it must come true."""

    def __init__(self, site: Site, *, secrets: Callable[[SecretRef], SecretStr]) -> None:
        self.site = site
        self.names = tuple(member.name for member in site.cluster.members)
        self.took_s = 0.0  # of the last restart: from the request to the last settled server
        self.gone: Mapping[str, int] = dict.fromkeys(self.names, 0)  # known members that left long ago
        self.builtin: Certificate | None = None  # what everybody served at the start
        self._secrets = secrets
        self._memberships: dict[str, Membership] = {}

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
