"""What a TLS handshake from outside shows of a listening gateway."""

from __future__ import annotations

import select
import socket
from contextlib import suppress
from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SHA256
from OpenSSL import SSL

from tests.lab.pems import Issued

_STAYS_OPEN_S = 0.3


@dataclass(frozen=True, slots=True)
class Probe:
    """What a handshake from outside showed."""

    fingerprint: str  # SHA-256 of the served leaf, hex
    client_cas: tuple[str, ...]  # common names
    outcome: str  # "open", or OpenSSL's reason


def probe(address: tuple[str, int], *, client: Issued | None, tls12: bool = False) -> Probe:
    """Shake hands, then see for a moment whether the other end keeps the connection."""
    context = SSL.Context(SSL.TLS_METHOD)
    if tls12:
        context.set_max_proto_version(SSL.TLS1_2_VERSION)
    if client is not None:
        context.use_certificate(client.certificate)
        context.use_privatekey(client.key)
    with socket.create_connection(address, 5.0) as sock:
        connection = SSL.Connection(context, sock)
        sock.setblocking(True)
        connection.set_connect_state()
        outcome = _outcome(connection, sock)
        leaf = connection.get_peer_certificate(as_cryptography=True)
        names = tuple(dict(name.get_components())[b"CN"].decode() for name in connection.get_client_ca_list())
        return Probe(leaf.fingerprint(SHA256()).hex() if leaf else "", names, outcome)


def _outcome(connection: SSL.Connection, sock: socket.socket) -> str:
    try:
        connection.do_handshake()
        sock.setblocking(False)
        while select.select([sock], [], [], _STAYS_OPEN_S)[0]:
            with suppress(SSL.WantReadError):
                connection.recv(1)
    except SSL.SysCallError as error:
        return str(error)
    except SSL.Error as error:
        return str(error.args[0][-1][2]) if error.args else "closed"
    return "open"
