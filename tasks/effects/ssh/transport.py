"""From a connected stream to a verified SSH server: banner, key exchange, host key. Each with a limit."""

from __future__ import annotations

import errno
import logging
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import ClassVar

import paramiko
from paramiko.common import MSG_CHANNEL_CLOSE

from tasks.core.answer import clean
from tasks.core.errors import RemoteError
from tasks.effects.ssh.buffered import Buffered, Stream
from tasks.effects.ssh.known_hosts import HostKey, HostName, KnownHosts
from tasks.effects.ssh.settings import Target
from tasks.effects.tcp import Resolve, addresses_of, first_open, system

_GONE = (paramiko.SSHException, EOFError, OSError)
_RSA = ("rsa-sha2-512", "rsa-sha2-256")
_BEFORE_BANNER = "Banner: "  # how paramiko logs a line that came instead of one
_BUSY = ("MaxStartups", "Not allowed at this time")  # as sshd says it

# What paramiko would log ends in our own errors; a line on the operator's terminal helps nobody.
logging.getLogger("paramiko").addHandler(logging.NullHandler())
logging.getLogger("paramiko").propagate = False


def _closed_by_server(channel: paramiko.Channel, _message: paramiko.Message) -> None:
    """Whoever reads, writes or waits learns of it; the answer is sent when the channel's owner closes it."""
    with channel.lock:
        channel.transport._unlink_channel(channel.chanid)  # type: ignore[union-attr]
        if not channel.closed:
            channel.eof_sent = channel.eof_received = True
            channel.in_buffer.close()
            channel.in_stderr_buffer.close()
            channel.out_buffer_cv.notify_all()
            channel.event.set()
            channel.status_event.set()


class TurnedAway(RemoteError):
    """The server hung up before its banner: it has enough connections just now (MaxStartups), or wants none of ours."""


class Transport(paramiko.Transport):
    """paramiko's, but a refused channel's reason reaches the caller who asked for that channel.

    paramiko keeps one last exception per connection, so that two threads whose channels are refused
    at the same time get each other's reason, or none.

    And its reader answers no CLOSE: it would overtake what the channel's owner is just sending, and a
    server ends the whole connection over a message for a channel that it has forgotten.
    """

    _channel_handler_table: ClassVar = {
        **paramiko.Transport._channel_handler_table,  # type: ignore[attr-defined]
        MSG_CHANNEL_CLOSE: _closed_by_server,
    }

    def __init__(self, stream: Stream) -> None:
        super().__init__(Buffered(stream))  # type: ignore[arg-type]
        self._stream = stream
        self.said: list[str] = []  # lines before the banner: why a server turns us away
        self._refusals: dict[int, paramiko.ChannelException] = {}
        self._asked = threading.local()

    def _log(self, level: int, msg: object, *args: object) -> None:
        if isinstance(msg, str) and msg.startswith(_BEFORE_BANNER):
            self.said.append(clean(msg.removeprefix(_BEFORE_BANNER)))
        super()._log(level, msg, *args)  # type: ignore[misc]

    def _next_channel(self) -> int:
        number: int = super()._next_channel()  # type: ignore[misc]
        self._asked.number = number
        return number

    def _parse_channel_open_failure(self, message: paramiko.Message) -> None:
        number, code, text = message.get_int(), message.get_int(), message.get_text()
        self._refusals[number] = paramiko.ChannelException(code, text)
        message.rewind()
        super()._parse_channel_open_failure(message)  # type: ignore[misc]

    def run(self) -> None:
        """paramiko's reader; what it meets when it closes a stream whose gateway is gone is no news."""
        with suppress(*_GONE):
            super().run()

    def refusal(self) -> paramiko.ChannelException | None:
        """Why the server refused the channel that this thread asked for last; None if it did not."""
        return self._refusals.pop(getattr(self._asked, "number", -1), None)

    def discard(self) -> None:
        """Close the connection and its socket, and wait for the thread that reads from it."""
        self._wake_reader()
        for close in (self.close, self.sock.close):  # the first leaves the socket open after a failed start
            with suppress(*_GONE):
                close()
        if self.is_alive() and threading.current_thread() is not self:
            self.join(timeout=2.0)

    def _wake_reader(self) -> None:
        """It sees the end at once; else it looks ten times a second whether it is to end, which adds up."""
        with suppress(*_GONE):
            if isinstance(self._stream, socket.socket):
                self.sock.shutdown(socket.SHUT_RDWR)
            else:
                self.sock.close()


def connect(host: str, port: int, *, limit_s: float, resolve: Resolve = system) -> socket.socket:
    """A TCP connection, its addresses tried in turn. The name has the limit for itself, and so has the rest."""
    addresses = addresses_of(host, port, limit_s=limit_s, resolve=resolve)
    try:
        stream = first_open(addresses, limit_s=limit_s)
    except TimeoutError as error:
        raise RemoteError(
            f"TCP connect to {host}:{port}: no answer within {limit_s:g} s",
            remedy=f"is the host up, is a firewall in between? nc -vz {host} {port}",
        ) from error
    except OSError as error:
        raise RemoteError(
            f"TCP connect to {host}:{port}: {error.strerror or error}",
            remedy=_remedy_of(error, host, port),
        ) from error
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return stream


def _remedy_of(error: OSError, host: str, port: int) -> str:
    if error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        behind = "ssh.gateway in the inventory, if it is behind one"
        return f"is the host up, does a route lead there? ip route get {host}; {behind}"
    return f"is sshd running there, on that port? nc -vz {host} {port}"


def negotiate(stream: Stream, target: Target, known: KnownHosts) -> Transport:
    """Start SSH on the stream and verify who answers. The stream is closed on any failure.

    Raises:
        RemoteError: No banner, no key exchange, or a host key that is not the known one.
    """
    transport = Transport(stream)
    place = target.place
    try:
        _prefer_known(transport, known, place)
        _prefer_one_pass(transport)
        shown = _exchange_keys(transport, target)
        known.require(place, shown)
    except BaseException:
        transport.discard()
        raise
    transport.set_keepalive(target.keepalive_s)
    return transport


def _prefer_known(transport: Transport, known: KnownHosts, place: HostName) -> None:
    """Ask first for the key types that known_hosts holds, as OpenSSH does."""
    options = transport.get_security_options()
    types = {k.key.key_type for k in known.about(place)}
    if "ssh-rsa" in types:
        types.update(_RSA)
    options.key_types = tuple(sorted(options.key_types, key=lambda kind: kind not in types))


def _prefer_one_pass(transport: Transport) -> None:
    """Ciphers that also authenticate come first: of each packet one pass in C, where the others take two and more."""
    options = transport.get_security_options()
    options.ciphers = tuple(sorted(options.ciphers, key=lambda name: "gcm" not in name))


def _exchange_keys(transport: Transport, target: Target) -> HostKey:
    limit_s = target.connect_s
    transport.banner_timeout = transport.handshake_timeout = limit_s
    started = time.monotonic()
    try:
        transport.start_client(timeout=2 * limit_s)
        key = transport.get_remote_server_key()
    except (paramiko.SSHException, EOFError, OSError) as error:
        waited_s = time.monotonic() - started
        raise _no_negotiation(target, transport, error, in_time=waited_s < limit_s) from error
    return HostKey(key.get_name(), key.asbytes())


def _no_negotiation(target: Target, transport: Transport, error: Exception, *, in_time: bool) -> RemoteError:
    layer = "SSH key exchange" if transport.remote_version else "SSH banner"
    where = f"{layer} of {target.host}:{target.port}"
    said = f"; it said: {transport.said[0][:80]}" if transport.said else ""
    if in_time and not transport.remote_version and _turns_away(transport.said):
        return TurnedAway(
            f"{where}: the server hung up before it{said}",
            remedy="MaxStartups, PerSourcePenalties, hosts.deny or fail2ban there? journalctl -u ssh on it",
        )
    limit = f"did not come within {target.connect_s:g} s"
    reason = f"failed: {error or 'the connection was closed'}" if in_time else limit
    return RemoteError(
        f"{where} {reason}{said}",
        remedy=f"is it an SSH server, is it overloaded? {target.ssh_command} -v",
    )


def _turns_away(said: Sequence[str]) -> bool:
    """By a word that sshd says then, or by none; what says something else is no sshd."""
    return not said or any(words in line for line in said for words in _BUSY)
