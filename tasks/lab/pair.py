"""The HA side of a gateway: who is primary, the standby's synchronization, the take-over."""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import Any

from tasks.lab import availability, replication, timeline
from tasks.lab.channel import Channel, open_channel
from tasks.lab.claim import Claim, claim_of, read_claim
from tasks.lab.config_file import ServerConfig
from tasks.lab.election import elect
from tasks.lab.host import Host
from tasks.lab.listener import Listener
from tasks.lab.logs import timestamp
from tasks.lab.standing import Reason, Role, Standing
from tasks.lab.stream import Message, PeerRefused, Stream

_REDIAL_S = 1.0


class AddressRefused(Exception):
    """The node cannot listen at an address of its own that is configured; the message names both."""


class Pair:
    """The running HA component of one process."""

    def __init__(self, host: Host, *, on_change: Callable[[], None]) -> None:
        self.host = host
        self._configured = availability.in_force(host.state.now.availability)
        self._in_cluster = bool(host.state.now.membership.get("EnableClusterMembership"))
        self._on_change = on_change
        self._standing = Standing(Role.UNSYNC, Role.UNSYNC)
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._streams: set[Stream] = set()
        self._take_over: Callable[[], None] = lambda: None
        self._listeners: list[Listener] = []
        self._channel = Channel(host.settings.address)
        self.standby: Stream | None = None  # where a primary sends what its standby must know

    @property
    def now(self) -> Standing:
        return self._standing

    def find_role(self, config: ServerConfig, *, take_over: Callable[[], None]) -> Standing:
        """Wait until this node is a primary, a synchronized standby, or refused.

        Args:
            take_over: Called when the primary of a standby is gone.

        Raises:
            ContextRefused: The HA credentials make no TLS context.
            AddressRefused: It cannot listen where it should.
        """
        self._take_over = take_over
        self._channel = open_channel(self.host, self._configured, config)
        self._listen()
        threading.Thread(target=self._dial_around, name="ha-dial", daemon=True).start()
        alone = self._configured["StartupMode"] == "StandAlone"
        limit_s = timeline.STAND_ALONE_S if alone else float(self._configured["DiscoveryTimeout"])
        with self._changed:
            if not self._changed.wait_for(self._decided, timeout=self.host.clock.real(limit_s)):
                if not alone:
                    self.give_up(Reason.DISCOVERY_TIMEOUT)
                elif self._claim().can_be_primary:
                    self.become_primary()
                else:
                    self.fail()
        return self.now

    def await_sync(self, *, limit_s: float) -> None:
        """A new primary with a peer beside it waits for its standby, at most so long (simulated)."""
        with self._changed:
            if self.now.active_nodes == 2:
                done = lambda: self.now.sync_nodes == 2 or self.now.active_nodes == 1  # noqa: E731
                self._changed.wait_for(done, timeout=self.host.clock.real(limit_s))

    def fail(self) -> None:
        """The store is not available: this node takes no part."""
        self.update(role=Role.UNSYNC_ERROR)

    def give_up(self, reason: Reason, detail: str = "") -> None:
        """Take no part any more until the next start; nobody listens from now on."""
        self.stop()
        self.update(role=Role.UNSYNC_ERROR, active_nodes=1, sync_nodes=0, reason=reason, detail=detail)

    def primary_is_gone(self) -> None:
        """The link broke: a standby takes over, a node that was still joining searches again."""
        was_standby = self.now.role is Role.STANDBY
        if not was_standby and not self._stopped.is_set():
            self.update(active_nodes=0, sync_nodes=0)
        self.host.clock.sleep(timeline.TAKE_OVER_S if was_standby else 0.0)
        if was_standby and not self._stopped.is_set():
            self.become_primary()
            self._take_over()

    def stop(self) -> None:
        self._stopped.set()
        for listener in self._listeners:
            listener.close()
        with self._changed:
            streams = tuple(self._streams)
        for stream in streams:
            stream.abort()

    def _decided(self) -> bool:
        return self.now.role is not Role.UNSYNC

    def update(self, **changes: Any) -> None:
        """Change what is known; percent, reason and detail go back to nothing unless they are named."""
        with self._changed:
            before = self._standing
            old = before.old_role if changes.get("role", before.role) == before.role else before.role
            kept = replace(before, old_role=old, percent=-1, reason=Reason.NONE, detail="")
            self._standing = replace(kept, **changes)
            self._changed.notify_all()
        self._on_change()

    def become_primary(self, **changes: Any) -> None:
        """Nothing happens if this node is the primary already."""
        before, state = self.now.role, self.host.state.now
        if before is Role.PRIMARY:
            return
        if before is Role.STANDBY and state.store.session:
            count = state.store.sessions + 2 + state.store.sessions % 2
            store = replace(state.store, was_primary=True, sessions=count)
        else:
            store = replace(state.store, was_primary=True, session=secrets.token_hex(5), sessions=2)
        self.host.state.change(role=Role.PRIMARY.value, primary_last_time=timestamp(), store=store)
        self.update(**{"role": Role.PRIMARY, "active_nodes": 1, "sync_nodes": 1, **changes})

    def replicate(self, membership: Message) -> None:
        """Send a changed membership to the synchronized standby, if there is one."""
        if self.standby is not None and self.now.sync_nodes == 2:
            self.standby.post({"membership": membership})

    def _listen(self) -> None:
        """At the discovery address, and at the replication address where that has a port of its own."""
        wanted = {"LocalDiscoveryNIC": self._port}
        if self._configured["ReplicationPort"] not in (0, self._port):
            wanted["LocalReplicationNIC"] = int(self._configured["ReplicationPort"])
        for key, port in wanted.items():
            address = str(self._configured[key])
            try:
                listener = Listener(address, port, serve=self._accept, name="ha-accept")
            except OSError as error:
                raise AddressRefused(f"parameter name=HA.{key} value={address}") from error
            self._listeners.append(listener)

    @property
    def _port(self) -> int:
        pair = self.host.settings.pair
        return pair.ha_port if pair else self.host.settings.ha_port

    def _accept(self, sock: socket.socket) -> None:
        self._hold(lambda: self._channel.accept(sock), self._answer)

    def _dial_around(self) -> None:
        while not self._stopped.is_set() and self.now.role in (Role.UNSYNC, Role.STANDBY):
            if not self._streams:
                self._hold(self._dial, self._ask)
            self._stopped.wait(self.host.clock.real(_REDIAL_S))

    def _dial(self) -> Stream:
        port = int(self._configured["RemoteDiscoveryPort"]) or self._port
        return self._channel.dial((str(self._configured["RemoteDiscoveryNIC"]), port))

    def _hold(self, connect: Callable[[], Stream], talk: Callable[[Stream], None]) -> None:
        """Stay on one link to the other node until it breaks."""
        try:
            stream = connect()
        except PeerRefused as refused:
            return self.host.logs.trace("HAChannel", f"The HA channel was not made: {refused}")
        with self._changed:
            if self._stopped.is_set():
                return stream.close()
            self._streams.add(stream)
        try:
            talk(stream)
        except PeerRefused as refused:
            self.host.logs.trace("HAChannel", f"The HA channel was closed: {refused}")
        finally:
            with self._changed:
                self._streams.discard(stream)
            stream.close()
        return None

    def _ask(self, stream: Stream) -> None:
        """The dialing end: tell of itself first."""
        mine, messages = self._claim(), stream.messages()
        stream.post(asdict(mine))
        theirs = next(messages, None)
        if theirs is not None:
            self._decide(stream, mine, read_claim(theirs), messages=messages)

    def _answer(self, stream: Stream) -> None:
        """The accepting end; answers only to a node that it can dial and that trusts it, too."""
        messages = stream.messages()
        first = next(messages, None)
        if first is None or "proof" in first:
            stream.post({"proof": True})
            next(messages, None)  # the other end closes
            return None
        mine, theirs = self._claim(), read_claim(first)
        both_searching = self.now.role is Role.UNSYNC and mine.node < theirs.node
        if both_searching or self.now.role in (Role.STANDBY, Role.UNSYNC_ERROR):
            return None  # of two that search, the lower address is the one that dials
        self._prove()
        stream.post(asdict(mine))
        stream.flush()  # a node that gives up now must have said why
        return self._decide(stream, mine, theirs, messages=messages)

    def _prove(self) -> None:
        """Be accepted by the other node as well: trust in one direction is not enough.

        Raises:
            PeerRefused: It does not let us in, or cannot be reached.
        """
        stream = self._dial()
        try:
            stream.post({"proof": True})
            if next(stream.messages(), None) is None:
                raise PeerRefused("the other node closed the connection to it")
        finally:
            stream.close()

    def _claim(self) -> Claim:
        return claim_of(self.host, self._configured, role=self.now.role, in_cluster=self._in_cluster)

    def _decide(self, stream: Stream, mine: Claim, theirs: Claim, *, messages: Iterator[Message]) -> None:
        outcome = elect(mine, theirs)
        if self.now.role is Role.UNSYNC_ERROR:
            return None
        if outcome.mine is Role.UNSYNC_ERROR:
            return self.give_up(outcome.reason, outcome.detail)
        if outcome.theirs is Role.UNSYNC_ERROR:
            return None
        self.update(remote_name=theirs.name)
        if outcome.mine is Role.PRIMARY:
            return replication.serve_standby(self, stream, messages=messages)
        return replication.follow_primary(self, stream, messages=messages, joining=theirs.is_primary)
