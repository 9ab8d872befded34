"""A handshake with a cluster port as a client that has a certificate, or none, or only TLS 1.2."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from OpenSSL import SSL

from tests.lab.pems import Issued

OPEN = "stays open"


@dataclass(frozen=True, slots=True)
class Client:
    """How the visitor shakes hands."""

    certificate: Issued | None = None
    tls12: bool = False

    def context(self) -> SSL.Context:
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_verify(SSL.VERIFY_NONE)
        context.set_cipher_list(b"DEFAULT:@SECLEVEL=0")
        if self.tls12:
            context.set_max_proto_version(SSL.TLS1_2_VERSION)
        if self.certificate is not None:
            context.use_certificate(self.certificate.certificate)
            context.use_privatekey(self.certificate.key)
        return context


def visit(sock: socket.socket, client: Client, *, limit_s: float, open_s: float) -> str:
    """What the server makes of that client: OPEN, or OpenSSL's name of its alert.

    Args:
        limit_s: For the handshake.
        open_s: A connection that is there so long after the handshake stays open.
    """
    with closing(sock):
        sock.setblocking(False)
        connection = SSL.Connection(client.context(), sock)
        connection.set_connect_state()
        try:
            _drive(connection.do_handshake, sock, until=time.monotonic() + limit_s)
            until = time.monotonic() + open_s
            while time.monotonic() < until:
                _drive(lambda: connection.recv(4096), sock, until=until)
        except SSL.ZeroReturnError:
            return "closed"
        except SSL.SysCallError as error:
            return f"closed: {error.args[-1]}"
        except SSL.Error as error:
            return str(error.args[0][-1][2])
    return OPEN


def _drive(step: Callable[[], object], sock: socket.socket, *, until: float) -> None:
    """Call it until it is through, or the time is over."""
    while True:
        try:
            step()
        except SSL.WantReadError:
            left_s = until - time.monotonic()
            if left_s <= 0 or not select.select([sock], [], [], left_s)[0]:
                return
        except SSL.WantWriteError:
            select.select([], [sock], [], 1.0)
        else:
            return
