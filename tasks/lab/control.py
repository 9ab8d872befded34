"""The cluster's control channel (9104): found by dialing, decided by handshakes, in both directions."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Mapping

from OpenSSL import SSL

from tasks.core.dataclass import dataclass
from tasks.lab import timeline
from tasks.lab.host import Host
from tasks.lab.listener import Listener
from tasks.lab.remotes import Remotes
from tasks.lab.state_file import Address
from tasks.lab.stream import Message, PeerRefused, Stream
from tasks.lab.tls import Verdict
from tasks.lab.traffic import Queue, Traffic

_HANDSHAKE_LIMIT_S = 10.0  # real seconds
_CONNECT_LIMIT_S = 2.0


@dataclass(frozen=True, slots=True)
class Identity:
    """What a member tells of itself. `contexts` is None where the channel is clear text."""

    uid: str
    cluster: str
    listens_on: Address
    addresses: tuple[Address, ...]  # its own, and its standby's
    seeds: tuple[Address, ...]
    contexts: tuple[SSL.Context, SSL.Context] | None  # accepting, connecting


class Control:
    """The running cluster component of one process."""

    def __init__(self, host: Host, identity: Identity) -> None:
        self.remotes = Remotes(host.state)
        self._host = host
        self._identity = identity
        self._ready = False
        self._ha_status = "None"
        self._forward_after_s = 0.0
        self._streams: set[Stream] = set()
        self._dialing: set[Address] = set()
        self._lock = threading.Lock()
        self._traffic = Traffic()
        self._counting = threading.Lock()
        self._lost = threading.Event()  # set: dial at once, eagerly
        self._stopped = threading.Event()
        self._listener = Listener(*identity.listens_on, serve=self._accept, name="cluster-accept")
        threading.Thread(target=self._dial_around, name="cluster-dial", daemon=True).start()

    @property
    def ready(self) -> bool:
        """Whether our own forwarding is up."""
        return self._ready and not self._host.disturbances.has("connecting")

    def counts(self) -> tuple[int, int]:
        """(ConnectedServers, DisconnectedServers), this member excluded."""
        views = self.remotes.views(ready=self.ready)
        connected = sum(view.status == "Active" for view in views)
        return connected, len(views) - connected

    def queues(self) -> Mapping[str, Queue]:
        """By ServerUID, the messages for each known member now; called when a connection changes, too."""
        faults = self._host.disturbances
        with self._counting:
            views = self.remotes.views(ready=self.ready)
            return self._traffic.seen(
                {view.remote.uid: view.status == "Active" for view in views},
                now_s=self._host.clock.now(),
                stuck=faults.has("queue_stuck"),
                drops=faults.number("discarding"),
            )

    def discover(self, *, limit_s: float) -> None:
        """Wait until every known member is connected, or so many simulated seconds passed."""
        complete = self.remotes.wait_all(limit_s=self._host.clock.real(limit_s))
        delay = timeline.FORWARDING_S if complete else timeline.FORWARDING_LATE_S
        self._forward_after_s = random.uniform(*delay)

    def forward(self) -> None:
        """State 1 is reached: publishers come, and forwarding comes up a moment later."""
        self._traffic.begin()
        self.queues()
        delay_s = self._host.clock.real(self._forward_after_s)
        timer = threading.Timer(delay_s, lambda: self.announce(ready=True))
        timer.daemon = True
        timer.start()

    def announce(self, *, ready: bool | None = None, ha_status: str | None = None) -> None:
        """Tell every connected member what changed about this one."""
        with self._lock:
            self._ready = self._ready if ready is None else ready
            self._ha_status = ha_status or self._ha_status
            streams = tuple(self._streams)
        news = {"ready": self._ready, "ha": self._ha_status, "known": self.remotes.names()}
        for stream in streams:
            stream.post(news)
        self.queues()

    def stop(self) -> None:
        """Leave the cluster: the others see it at once."""
        self._stopped.set()
        self._lost.set()
        self._listener.close()
        with self._lock:
            streams = tuple(self._streams)
        for stream in streams:
            stream.abort()

    def _accept(self, sock: socket.socket) -> None:
        peer = "{}:{}".format(*sock.getpeername()) if _is_connected(sock) else "?"
        contexts = self._identity.contexts
        tls = SSL.Connection(contexts[0], sock) if contexts else None
        if tls is not None:
            tls.set_accept_state()
        stream = Stream(sock, tls)
        try:
            stream.handshake(limit_s=_HANDSHAKE_LIMIT_S)
            self._converse(stream)
        except PeerRefused as refused:
            text = f"The SSL_accept call failed for connection from {peer}: {refused}"
            self._host.logs.trace("ConnectionHandler", f"FMDU21133 W {text}")
        finally:
            stream.close()

    def _dial(self, address: Address) -> None:
        try:
            sock = socket.create_connection(address, _CONNECT_LIMIT_S, (self._identity.listens_on[0], 0))
        except OSError:
            return self._dialed(address)
        verdict, stream = self._client_stream(sock)
        peer = f"{address[0]}:{address[1]}"
        try:
            stream.handshake(limit_s=_HANDSHAKE_LIMIT_S)
            if verdict.accepted:
                self._converse(stream)
            else:
                text = f"Certificate verification failed: conn={peer} error={verdict.first_error}"
                self._host.logs.trace("ConnectionHandler", f"FMDU21128 E {text}")
        except PeerRefused as refused:
            text = f"The TLS connection to {peer} was closed: {refused}"
            self._host.logs.trace("ConnectionHandler", f"FMDU21132 W {text}")
        finally:
            self._dialed(address)
            stream.close()

    def _dialed(self, address: Address) -> None:
        with self._lock:
            self._dialing.discard(address)

    def _client_stream(self, sock: socket.socket) -> tuple[Verdict, Stream]:
        verdict = Verdict()
        contexts = self._identity.contexts
        if contexts is None:
            return verdict, Stream(sock)
        tls = SSL.Connection(contexts[1], sock)
        tls.set_app_data(verdict)
        tls.set_connect_state()
        return verdict, Stream(sock, tls)

    def _converse(self, stream: Stream) -> None:
        """Say hello, hear hello, and stay until either end closes."""
        with self._lock:
            if self._stopped.is_set():
                return
            self._streams.add(stream)
            stream.post(self._hello())
        uid = ""
        try:
            for message in stream.messages():
                if not uid and not self._is_member(message):
                    return
                uid = self._hear(message, stream, uid=uid)
        finally:
            with self._lock:
                self._streams.discard(stream)
            if uid:
                self.remotes.left(uid, stream)
                self.queues()
                self._lost.set()

    def _hear(self, message: Message, stream: Stream, *, uid: str) -> str:
        """News of the member with this UID, or its hello; whom it knows is told on. Returns its UID."""
        before = self.remotes.names()
        if uid:
            self.remotes.told(uid, stream, news=message)
        else:
            self.remotes.joined(message, stream)
        self.queues()
        if self.remotes.names() != before:
            self.announce()
        return uid or str(message["uid"])

    def _hello(self) -> Message:
        me = self._identity
        return {
            "uid": me.uid,
            "name": self._host.server_name,
            "cluster": me.cluster,
            "addresses": me.addresses,
            "ready": self._ready,
            "ha": self._ha_status,
            "known": self.remotes.names(),
        }

    def _is_member(self, hello: Message) -> bool:
        """Another ClusterName is no member of ours; our own UID is ourselves, or our standby."""
        me = self._identity
        return hello.get("cluster") == me.cluster and hello.get("uid") not in (None, me.uid)

    def _dial_around(self) -> None:
        clock = self._host.clock
        eager_until = clock.now() + timeline.EAGER_DIALING_S
        while not self._stopped.is_set():
            for address in self._targets():
                threading.Thread(target=self._dial, args=(address,), name="cluster-dial", daemon=True).start()
            eager = clock.now() < eager_until
            every_s = timeline.EAGER_EVERY_S if eager else timeline.PATIENT_EVERY_S
            if self._lost.wait(clock.real(every_s)):
                self._lost.clear()
                eager_until = clock.now() + timeline.EAGER_DIALING_S
                self._stopped.wait(clock.real(timeline.EAGER_EVERY_S))

    def _targets(self) -> tuple[Address, ...]:
        """Seeds and known members that are not connected and not being dialed."""
        wanted = self.remotes.addresses_wanted() | set(self._identity.seeds)
        wanted -= self.remotes.addresses_connected()
        with self._lock:
            targets = wanted - set(self._identity.addresses) - self._dialing
            self._dialing |= targets
        return tuple(targets)


def _is_connected(sock: socket.socket) -> bool:
    try:
        sock.getpeername()
    except OSError:
        return False
    return True
