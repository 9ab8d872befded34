"""One SSH connection to one server: opened when first needed, shared by threads, reopened when lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import paramiko

from tasks.core.errors import ForwardingRefused, PortRefused, RemoteError
from tasks.effects.ssh.known_hosts import KnownHosts
from tasks.effects.ssh.login import Secrets, log_in
from tasks.effects.ssh.settings import Target
from tasks.effects.ssh.streams import Streams
from tasks.effects.ssh.transport import Stream, Transport, connect, negotiate

_PROHIBITED = 1  # SSH_OPEN_ADMINISTRATIVELY_PROHIBITED, RFC 4254 5.1
_CONNECT_FAILED = 2  # SSH_OPEN_CONNECT_FAILED; the text is the strerror of the far side
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 1.0
_GRACE_S = 2.0


class Link:
    """Threads may open channels at the same time; while one connects, the others wait for the outcome."""

    def __init__(self, target: Target, *, known: KnownHosts, secrets: Secrets, via: Link | None) -> None:
        self.target = target
        self.opened = 0  # how often; what was learnt on an older connection may no longer hold
        self._known = known
        self._secrets = secrets
        self._via = via
        self._lock = threading.Lock()
        self._transport: Transport | None = None
        self._failures: list[RemoteError] = []
        self._closed = threading.Event()

    @contextmanager
    def command(self, text: str, *, limit_s: float) -> Iterator[Streams]:
        """Run one shell command; its channel is closed at the end of the block.

        Raises:
            RemoteError: No connection, no channel, the limit passed, the connection broke.
        """
        channel = self._open("session", None, limit_s=limit_s)
        # paramiko waits without a limit for the answer to "exec", and for a socket that takes no more.
        watchdog = threading.Timer(limit_s + _GRACE_S, _discard, (channel,))
        watchdog.daemon = True
        watchdog.start()
        streams: Streams | None = None
        try:
            streams = Streams(channel, text, limit_s=limit_s)
            yield streams
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise self._not_run(channel, error) from error
        finally:
            watchdog.cancel()
            with suppress(OSError, EOFError, paramiko.SSHException):
                channel.close()
            if streams is not None:
                streams.close()
            watchdog.join()

    def forward(self, host: str, port: int, *, limit_s: float) -> paramiko.Channel:
        """A direct-tcpip channel to host:port as the server sees it.

        Raises:
            ForwardingRefused: The server forbids it.
            RemoteError: The port refuses or does not answer, or the connection broke.
        """
        return self._open("direct-tcpip", (host, port), limit_s=limit_s)

    def close(self) -> None:
        """Close for good."""
        self._closed.set()
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
        deadline, pause_s = time.monotonic() + limit_s, _FIRST_PAUSE_S
        source = ("127.0.0.1", 0) if place else None
        while True:
            left_s = max(deadline - time.monotonic(), 0.01)
            try:
                return transport.open_channel(kind, place, source, timeout=left_s)
            except (paramiko.SSHException, EOFError, OSError) as error:
                refusal = transport.refusal()
                if place is None and refusal and time.monotonic() + pause_s < deadline:
                    time.sleep(pause_s)  # MaxSessions: another thread's command will end
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
            return _no_forward(self.target, place, refusal) if place else self._no_session(limit_s)
        if isinstance(error, (EOFError, OSError)) or not transport.is_active():
            transport.discard()  # paramiko tells of the end a moment before it counts as inactive
            return _Lost(f"opening a channel: {error or 'connection closed'}")
        if place is None:
            transport.discard()
        what = f"SSH channel to {place[0]}:{place[1]} through {self.target}" if place else "SSH channel open"
        return RemoteError(
            f"{what}: no answer within {limit_s:g} s",
            remedy="does that port answer on the node?"
            if place
            else "is the host up? the next try reconnects",
        )

    def _no_session(self, limit_s: float) -> RemoteError:
        return RemoteError(
            f"{self.target} opens no further session, tried for {limit_s:g} s: MaxSessions?",
            remedy="raise MaxSessions there (at least 2), or see its log: journalctl -u ssh",
        )

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
        if self._closed.is_set():
            raise RemoteError("the connections of this run are closed", remedy="fab status")
        transport = negotiate(self._stream(), self.target, self._known)
        try:
            log_in(transport, self.target, secrets=self._secrets)
        except BaseException:
            transport.discard()
            raise
        self._transport = transport
        self.opened += 1
        if self._closed.is_set():  # meanwhile
            transport.discard()

    def _stream(self) -> Stream:
        host, port, limit_s = self.target.host, self.target.port, self.target.connect_s
        return (
            self._via.forward(host, port, limit_s=limit_s)
            if self._via
            else connect(host, port, limit_s=limit_s)
        )

    def _not_run(self, channel: paramiko.Channel, error: Exception) -> RemoteError:
        transport = channel.get_transport()
        if transport is None or not transport.is_active():
            return self._broken(f"running a command: {error or 'connection closed'}")
        return RemoteError(
            f"sshd of {self.target} runs no command: {error}",
            remedy=f"see {self.target.ssh_command} true; ForceCommand in its sshd_config?",
        )

    def _broken(self, what: str) -> RemoteError:
        return RemoteError(
            f"the connection to {self.target} broke while {what}",
            remedy="fab status: the next call connects again",
        )


def _discard(channel: paramiko.Channel) -> None:
    """Give a dead connection up; the next call opens another."""
    transport = channel.get_transport()
    if isinstance(transport, Transport):
        transport.discard()


class _Lost(Exception):
    """The connection is gone, and nothing of what was asked has begun."""


def _no_forward(
    target: Target, place: tuple[str, int] | None, refusal: paramiko.ChannelException
) -> RemoteError:
    assert place
    where = f"{place[0]}:{place[1]}"
    if refusal.code == _PROHIBITED:
        return ForwardingRefused(
            f"sshd of {target} forbids port forwarding to {where}: {refusal.text}",
            remedy="AllowTcpForwarding local (and PermitOpen) in its sshd_config; or for a node via: exec",
        )
    nothing_listens = refusal.code == _CONNECT_FAILED and "refused" in refusal.text.lower()
    return (PortRefused if nothing_listens else RemoteError)(
        f"{where}, asked from {target}, cannot be connected: {refusal.text}",
        remedy=f"is the server listening there? {target.ssh_command} ss -ltn",
    )
