"""The HA side of a gateway: who is primary, the standby's synchronization, the take-over.

The replication link is plain TCP between the two nodes; `_server_stream` and `_client_stream` are the
place where it learns TLS.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any

from tasks.lab import replication, timeline
from tasks.lab.host import Host
from tasks.lab.listener import Listener
from tasks.lab.logs import timestamp
from tasks.lab.standing import Reason, Role, Standing
from tasks.lab.state_file import Address
from tasks.lab.stream import Message, PeerRefused, Stream


class Pair:
    """The running HA component of one process."""

    def __init__(self, host: Host, *, ha_port: int, on_change: Callable[[], None]) -> None:
        self.host = host
        self._configured = host.state.now.availability
        self._port = ha_port
        self._on_change = on_change
        self._standing = Standing(Role.UNSYNC, Role.UNSYNC)
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._streams: set[Stream] = set()
        self._take_over: Callable[[], None] = lambda: None
        self._listener: Listener | None = None

    @property
    def now(self) -> Standing:
        return self._standing

    @property
    def peer(self) -> str:
        """The other node's address."""
        return str(self._configured.get("RemoteDiscoveryNIC") or "")

    def find_role(self, *, take_over: Callable[[], None]) -> Standing:
        """Wait until this node is a primary, a synchronized standby, or discovery failed.

        Args:
            take_over: Called when the primary of a standby is gone.
        """
        self._take_over = take_over
        if self._configured.get("StartupMode") == "StandAlone":
            self._listen()
            self.become_primary()
            return self.now
        self._listen()
        threading.Thread(target=self._dial_around, name="ha-dial", daemon=True).start()
        limit_s = self.host.clock.real(timeline.PAIR_DISCOVERY_LIMIT_S)
        with self._changed:
            if not self._changed.wait_for(self._decided, timeout=limit_s):
                self.update(role=Role.UNSYNC_ERROR, reason=Reason.DISCOVERY_TIMEOUT)
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
        if self._listener is not None:
            self._listener.close()
        with self._changed:
            streams = tuple(self._streams)
        for stream in streams:
            stream.abort()

    def _decided(self) -> bool:
        return self.now.role is not Role.UNSYNC

    def update(self, **changes: Any) -> None:
        """Change what is known; percent and reason go back to nothing unless they are named."""
        with self._changed:
            before = self._standing
            values = {
                "old_role": before.role
                if changes.get("role", before.role) != before.role
                else before.old_role,
                "role": before.role,
                "active_nodes": before.active_nodes,
                "sync_nodes": before.sync_nodes,
                "remote_name": before.remote_name,
                **changes,
            }
            self._standing = Standing(**values)
            self._changed.notify_all()
        self._on_change()

    def become_primary(self, **changes: Any) -> None:
        """Nothing happens if this node is the primary already."""
        if self.now.role is not Role.PRIMARY:
            self.host.state.change(role=Role.PRIMARY.value, primary_last_time=timestamp())
            self.update(**{"role": Role.PRIMARY, "active_nodes": 1, "sync_nodes": 1, **changes})

    def _listen(self) -> None:
        self._listener = Listener(
            self.host.settings.address, self._port, serve=self._accept, name="ha-accept"
        )

    def _server_stream(self, sock: socket.socket) -> Stream:
        return Stream(sock)

    def _client_stream(self, sock: socket.socket) -> Stream:
        return Stream(sock)

    def _accept(self, sock: socket.socket) -> None:
        both_searching = self.now.role is Role.UNSYNC and self.host.settings.address < self.peer
        if both_searching or self.now.role in (Role.STANDBY, Role.UNSYNC_ERROR):
            return sock.close()  # of two that search, the lower address is the one that dials
        return self._hold(self._server_stream(sock))

    def _dial_around(self) -> None:
        address: Address = (self.peer, self._port)
        while not self._stopped.wait(self.host.clock.real(1.0)) and self.now.role in (
            Role.UNSYNC,
            Role.STANDBY,
        ):
            if self._streams:
                continue
            try:
                sock = socket.create_connection(address, 2.0, (self.host.settings.address, 0))
            except OSError:
                continue
            self._hold(self._client_stream(sock))

    def _hold(self, stream: Stream) -> None:
        """Stay on one link to the other node until it breaks."""
        with self._changed:
            if self._stopped.is_set():
                return stream.close()
            self._streams.add(stream)
        try:
            stream.handshake(limit_s=10.0)
            stream.post(self._hello())
            self._converse(stream)
        except PeerRefused as refused:
            self.host.logs.trace("HAChannel", f"The HA channel was closed: {refused}")
        finally:
            with self._changed:
                self._streams.discard(stream)
            stream.close()
        return None

    def _hello(self) -> Message:
        state = self.host.state.now
        starts_as = self.host.settings.pair.starts_as if self.host.settings.pair else ""
        preferred = starts_as == "PRIMARY" or bool(self._configured.get("PreferredPrimary"))
        return {
            "group": self._configured.get("Group"),
            "role": self.now.role.value,
            "name": self.host.server_name,
            "rank": [
                state.role == "PRIMARY",
                state.primary_last_time,
                preferred,
                self.host.settings.address,
            ],
        }

    def _converse(self, stream: Stream) -> None:
        mine = self._hello()
        messages = stream.messages()
        theirs = next(messages, None)
        if theirs is None:
            return None
        if theirs["group"] != mine["group"]:
            return self.update(role=Role.UNSYNC_ERROR, reason=Reason.GROUP_MISMATCH)
        self.update(remote_name=theirs["name"])
        roles = (mine["role"], theirs["role"])
        if roles == ("PRIMARY", "PRIMARY"):
            return self.update(reason=Reason.SPLIT_BRAIN)
        if mine["role"] == "PRIMARY" or ("PRIMARY" not in roles and mine["rank"] > theirs["rank"]):
            return replication.serve_standby(self, stream, messages=messages)
        joining = theirs["role"] == "PRIMARY"
        return replication.follow_primary(self, stream, messages=messages, joining=joining)
