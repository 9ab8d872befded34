"""The messaging listener (9105): it shows its certificate, and goes no further here."""

from __future__ import annotations

import itertools
import socket
import time

from OpenSSL import SSL

from tasks.lab.host import Host
from tasks.lab.listener import Listener
from tasks.lab.state_file import Address
from tasks.lab.stream import PeerRefused, Stream

_LIMIT_S = 10.0  # real seconds


class Messaging:
    """One listening endpoint, clear text and TLS on the same port."""

    def __init__(self, host: Host, address: Address, *, context: SSL.Context) -> None:
        self._host = host
        self._context = context
        self._numbers = itertools.count(1)
        self._listener = Listener(*address, serve=self._serve, name="messaging")

    def stop(self) -> None:
        self._listener.close()

    def _serve(self, sock: socket.socket) -> None:
        started = time.monotonic()
        try:
            peer = "[{}]:{}".format(*sock.getpeername())
            stream = self._stream(sock)
        except OSError:
            return sock.close()
        try:
            stream.handshake(limit_s=_LIMIT_S)
            for _ in stream.messages():
                break
            why = "The connection was closed by the client."
        except PeerRefused as refused:
            why = str(refused)
        finally:
            stream.close()
        self._log(peer, why, uptime_s=int(time.monotonic() - started))
        return None

    def _stream(self, sock: socket.socket) -> Stream:
        sock.settimeout(_LIMIT_S)
        if sock.recv(1, socket.MSG_PEEK) != b"\x16":
            return Stream(sock)
        tls = SSL.Connection(self._context, sock)
        tls.set_accept_state()
        return Stream(sock, tls)

    def _log(self, peer: str, why: str, *, uptime_s: int) -> None:
        text = (
            f"Closing TCP connection during handshake: ConnectionID={next(self._numbers)} From={peer} "
            f'Endpoint=!Forwarder RC=91 Reason="{why}" Uptime={uptime_s} ReadBytes=0 WriteBytes=0.'
        )
        self._host.logs.connection("CWLNA1116", "W", text=text)
