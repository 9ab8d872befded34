"""One SSH connection to one server: opened when first needed, shared by threads, reopened when lost."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

import paramiko

from tasks.core.errors import RemoteError
from tasks.effects.alarm import Alarm
from tasks.effects.clock import Clock
from tasks.effects.ssh import faults
from tasks.effects.ssh.buffered import Stream
from tasks.effects.ssh.known_hosts import KnownHosts
from tasks.effects.ssh.login import Secrets, log_in
from tasks.effects.ssh.settings import Target
from tasks.effects.ssh.streams import Streams
from tasks.effects.ssh.transport import Transport, TurnedAway, connect, negotiate

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 1.0
_TURNED_AWAY_PAUSE_S = 0.5
_GRACE_S = 2.0
_NOTICE_S = 0.2


class Link:
    """Threads may open channels at the same time; while one connects, the others wait for the outcome."""

    def __init__(
        self, target: Target, *, known: KnownHosts, secrets: Secrets, via: Link | None, clock: Clock
    ) -> None:
        self.target = target
        self.opened = 0  # how often; what was learnt on an older connection may no longer hold
        self.round_trip_s = 0.0  # of a question and its answer, as the last login took for them
        self._known = known
        self._secrets = secrets
        self._via = via
        self._clock = clock
        self._lock = threading.Lock()
        self._transport: Transport | None = None
        self._failures: list[RemoteError] = []
        self._closed = threading.Event()

    def log_in(self) -> None:
        """Connect, unless that stands. Raises RemoteError."""
        self._connected()

    @contextmanager
    def command(self, text: str, *, limit_s: float) -> Iterator[Streams]:
        """Run one shell command; its channel is closed at the end of the block.

        Raises:
            RemoteError: No connection, no channel, the limit passed, the connection broke.
        """
        channel = self._open("session", None, limit_s=limit_s)
        # paramiko waits without a limit for the answer to "exec", and for a socket that takes no more.
        late = threading.Event()
        streams: Streams | None = None
        with Alarm(limit_s + _GRACE_S, partial(_give_up, channel, late)):
            try:
                streams = Streams(channel, text, limit_s=limit_s, broke=self._broke)
                yield streams
            except (paramiko.SSHException, EOFError, OSError) as error:
                if late.is_set():
                    raise faults.no_answer(self.target, "to run a command", limit_s) from error
                raise self._not_run(channel, error) from error
            finally:
                with suppress(OSError, EOFError, paramiko.SSHException):
                    channel.close()
                if streams is not None:
                    streams.close()

    def forward(self, host: str, port: int, *, limit_s: float) -> paramiko.Channel:
        """A direct-tcpip channel to host:port as the server sees it.

        Raises:
            ForwardingRefused: The server forbids it.
            RemoteError: The port refuses or does not answer, or the connection broke.
        """
        return self._open("direct-tcpip", (host, port), limit_s=limit_s)

    def goes_by(self, other: Link) -> bool:
        """Whether it is the other one, or leads through it."""
        return self is other or (self._via is not None and self._via.goes_by(other))

    def close(self) -> None:
        """Close for good."""
        self._closed.set()
        self.drop()

    def drop(self) -> None:
        """Close; whoever asks for something opens it again."""
        transport = self._transport  # without the lock: one who is connecting must not hold us up
        if transport:
            transport.discard()

    def _open(self, kind: str, place: tuple[str, int] | None, *, limit_s: float) -> paramiko.Channel:
        before, transport = self._transport, self._connected()
        try:
            return self._try_open(transport, kind, place, limit_s=limit_s)
        except _Lost as lost:
            if transport is not before:  # it was opened just now: the server does not want us
                raise self._broken(str(lost)) from lost
        try:
            return self._try_open(self._connected(), kind, place, limit_s=limit_s)
        except _Lost as lost:
            raise self._broken(str(lost)) from lost

    def _try_open(
        self, transport: Transport, kind: str, place: tuple[str, int] | None, *, limit_s: float
    ) -> paramiko.Channel:
        limit_s = min(limit_s, self.target.connect_s) if place is None else limit_s
        deadline, pause_s = self._clock.monotonic() + limit_s, _FIRST_PAUSE_S
        source = ("127.0.0.1", 0) if place else None
        while True:
            left_s = max(deadline - self._clock.monotonic(), 0.01)
            try:
                return transport.open_channel(kind, place, source, timeout=left_s)
            except (paramiko.SSHException, EOFError, OSError) as error:
                refusal = transport.refusal()
                if place is None and refusal and self._clock.monotonic() + pause_s < deadline:
                    self._clock.sleep(pause_s)  # MaxSessions: another thread's command will end
                    pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
                    continue
                raise self._not_opened(transport, place, refusal, limit_s=limit_s, error=error) from error

    def _not_opened(
        self,
        transport: Transport,
        place: tuple[str, int] | None,
        refusal: paramiko.ChannelException | None,
        *,
        limit_s: float,
        error: Exception,
    ) -> Exception:
        if refusal:
            if place:
                return faults.not_forwarded(self.target, place, refusal)
            return faults.no_session(self.target, limit_s)
        if isinstance(error, (EOFError, OSError)) or not transport.is_active():
            transport.discard()  # paramiko tells of the end a moment before it counts as inactive
            return _Lost(f"opening a channel: {error or 'connection closed'}")
        if place is None:
            transport.discard()
            return faults.no_answer(self.target, "to open a channel", limit_s)
        if self._answers(transport, limit_s=min(limit_s, _GRACE_S)):
            return faults.port_silent(self.target, place, limit_s)
        transport.discard()
        return faults.silent(self.target, place, limit_s)

    def _answers(self, transport: Transport, *, limit_s: float) -> bool:
        """Whether the server answers anything: a port may be silent alone, and a dead link is silent for all."""
        try:
            transport.open_channel("session", timeout=limit_s).close()
        except (paramiko.SSHException, EOFError, OSError):
            return transport.refusal() is not None  # a refusal is an answer
        return True

    def _connected(self) -> Transport:
        seen = len(self._failures)
        with self._lock:
            if self._transport and self._transport.is_active() and not self._closed.is_set():
                return self._transport
            if len(self._failures) > seen:  # tried in vain while we waited
                latest = self._failures[-1]
                raise RemoteError(latest.problem, remedy=latest.remedy) from latest
            try:
                self._connect()
            except RemoteError as error:
                self._failures.append(error)
                raise
            assert self._transport
            return self._transport

    def _connect(self) -> None:
        if self._transport:
            self._transport.discard()
        transport = self._negotiated()
        try:
            self.round_trip_s = log_in(transport, self.target, secrets=self._secrets)
        except BaseException:
            transport.discard()
            raise
        self._transport = transport
        self.opened += 1
        if self._closed.is_set():  # meanwhile
            transport.discard()

    def _negotiated(self) -> Transport:
        """A verified server; one that turns us away is asked again, with growing pauses, for `connect_s`."""
        deadline, pause_s = self._clock.monotonic() + self.target.connect_s, _TURNED_AWAY_PAUSE_S
        for tries in itertools.count(1):
            if self._closed.is_set():
                break
            try:
                return negotiate(self._stream(), self.target, self._known)
            except TurnedAway as error:
                if self._clock.monotonic() + pause_s >= deadline:
                    raise RemoteError(f"{error.problem}; asked {tries} times", remedy=error.remedy) from error
                self._clock.sleep(pause_s)
                pause_s *= 2
        raise RemoteError("the connections of this run are closed", remedy="fab status")

    def _stream(self) -> Stream:
        host, port, limit_s = self.target.host, self.target.port, self.target.connect_s
        if self._via:
            return self._via.forward(host, port, limit_s=limit_s)
        return connect(host, port, limit_s=limit_s)

    def _not_run(self, channel: paramiko.Channel, error: Exception) -> RemoteError:
        transport = channel.get_transport()
        if transport is None or not transport.is_active():
            return self._broken(f"running a command: {error or 'connection closed'}")
        return faults.no_command(self.target, error)

    def _broken(self, what: str) -> RemoteError:
        return RemoteError(f"{self._broke()} while {what}", remedy="fab status: the next call connects again")

    def _broke(self) -> str:
        """Which connection is gone: the server's own, or one that it is reached through."""
        gateway = self._via._gone() if self._via else None
        own = f"the connection to {self.target}"
        return f"{own} broke with that to its gateway {gateway.target}" if gateway else f"{own} broke"

    def _gone(self) -> Link | None:
        """This link or the one furthest before it that is lost; None if they stand."""
        before = self._via._gone() if self._via else None
        transport = self._transport
        if before or transport is None:
            return before
        transport.join(_NOTICE_S)  # its reader tells the channels first
        return None if transport.is_active() else self


def _give_up(channel: paramiko.Channel, late: threading.Event) -> None:
    """Give a dead connection up; the next call opens another."""
    late.set()
    transport = channel.get_transport()
    if isinstance(transport, Transport):
        transport.discard()


class _Lost(Exception):
    """The connection is gone, and nothing of what was asked has begun."""
