"""One connection between two gateways: JSON lines over TCP, with TLS or without.

One thread reads a stream; any thread may post to it or abort it.
"""

from __future__ import annotations

import json
import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from OpenSSL import SSL

from tasks.lab.tls import reason

Message = dict[str, Any]
_CLOSED = (SSL.ZeroReturnError, SSL.SysCallError, OSError)


class PeerRefused(Exception):
    """The other end, or OpenSSL, ended the connection by an alert; the message is the reason."""


class Stream:
    """A connected socket, with its TLS connection when there is one."""

    def __init__(self, sock: socket.socket, tls: SSL.Connection | None = None) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._tls = tls
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._lock = threading.Lock()
        self._outbox = bytearray()
        self._aborted = False
        self._closed = False

    def handshake(self, *, limit_s: float) -> None:
        """Finish the TLS handshake.

        Raises:
            PeerRefused: Either end does not want the other, or the limit passed.
        """
        if self._tls is None:
            return None
        deadline = time.monotonic() + limit_s
        while True:
            try:
                return self._tls.do_handshake()
            except SSL.WantReadError:
                self._wait(select.POLLIN, until=deadline)
            except SSL.WantWriteError:
                self._wait(select.POLLOUT, until=deadline)
            except SSL.Error as error:
                raise PeerRefused(reason(error)) from error
            if self._aborted or time.monotonic() > deadline:
                raise PeerRefused("no handshake in time")

    def post(self, message: Message) -> None:
        """Have the reading thread send a message; a closed stream swallows it."""
        with self._lock:
            self._outbox += json.dumps(message).encode() + b"\n"
            self._nudge()

    def abort(self) -> None:
        """Make the reading thread end its loop and close."""
        with self._lock:
            self._aborted = True
            self._nudge()

    def messages(self) -> Iterator[Message]:
        """What the other end sends, until it closes or this end aborts.

        Raises:
            PeerRefused: The other end sent a TLS alert, or something that is no message.
        """
        buffer = bytearray()
        while (data := self._read()) != b"":
            buffer += data
            while (end := buffer.find(b"\n")) >= 0:
                line = bytes(buffer[:end])
                del buffer[: end + 1]
                yield _parse(line)

    def close(self) -> None:
        """Close for good; an alert that is on its way still arrives."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            os.close(self._wake)
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)
            self._drain(limit_s=0.2)
        self._sock.close()

    def _read(self) -> bytes:
        while not self._aborted:
            try:
                self.flush()
                return self._tls.recv(65536) if self._tls else self._sock.recv(65536)
            except (SSL.WantReadError, BlockingIOError):
                self._wait(select.POLLIN)
            except _CLOSED:
                return b""
            except SSL.Error as error:
                raise PeerRefused(reason(error)) from error
        return b""

    def flush(self) -> None:
        """Send what was posted, now; for the thread that reads."""
        send: Callable[[bytes], int] = self._tls.send if self._tls else self._sock.send
        while not self._aborted and (data := self._peek_outbox()):
            try:
                sent = send(data)
            except (SSL.WantWriteError, BlockingIOError):
                self._wait(select.POLLOUT)
                continue
            with self._lock:
                del self._outbox[:sent]

    def _peek_outbox(self) -> bytes:
        with self._lock:
            return bytes(self._outbox[:16384])

    def _nudge(self) -> None:
        if not self._closed:
            os.eventfd_write(self._wake, 1)

    def _wait(self, events: int, *, until: float | None = None) -> None:
        """Block until the socket is ready, somebody nudges, or the moment has come."""
        poll = select.poll()
        poll.register(self._sock, events)
        poll.register(self._wake, select.POLLIN)
        poll.poll(None if until is None else max(0.0, until - time.monotonic()) * 1000)
        with suppress(BlockingIOError):
            os.eventfd_read(self._wake)

    def _drain(self, *, limit_s: float) -> None:
        self._sock.settimeout(limit_s)
        while self._sock.recv(65536):
            pass


def _parse(line: bytes) -> Message:
    try:
        message = json.loads(line)
    except ValueError as error:
        raise PeerRefused("not a message of this protocol") from error
    if not isinstance(message, dict):
        raise PeerRefused("not a message of this protocol")
    return message
