"""The HA channel of a pair: clear text, or mutual TLS with the HA credentials as they are on the disk.

Either node dials the other. Who accepts verifies its client fully; who dials takes a valid chain or any
self-signed certificate, as on the cluster's control channel.
"""

from __future__ import annotations

import socket
from typing import Any

from OpenSSL import SSL

from tasks.core.dataclass import dataclass
from tasks.lab import tls
from tasks.lab.config_file import ServerConfig
from tasks.lab.host import Host
from tasks.lab.state_file import Address
from tasks.lab.stream import PeerRefused, Stream

INCOMING = "HA_Incoming"
_OUTGOING = "HA_Outgoing"
_CONNECT_LIMIT_S = 2.0  # real seconds, as the next one
_HANDSHAKE_LIMIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Channel:
    """How this node's end of every link is made."""

    source: str  # the address that dialing begins from
    contexts: tuple[SSL.Context, SSL.Context] | None = None  # accepting, connecting; None: clear text

    def accept(self, sock: socket.socket) -> Stream:
        """The accepting end.

        Raises:
            PeerRefused: The handshake failed at either end.
        """
        connection = SSL.Connection(self.contexts[0], sock) if self.contexts else None
        if connection is not None:
            connection.set_accept_state()
        return _shaken(Stream(sock, connection))

    def dial(self, address: Address) -> Stream:
        """The connecting end; the other one may still refuse our certificate after this returned.

        Raises:
            PeerRefused: Nobody listens, the handshake failed, or the certificate is not accepted.
        """
        try:
            sock = socket.create_connection(address, _CONNECT_LIMIT_S, (self.source, 0))
        except OSError as error:
            raise PeerRefused(f"{address[0]}:{address[1]}: {error.strerror or error}") from error
        if self.contexts is None:
            return Stream(sock)
        connection, verdict = SSL.Connection(self.contexts[1], sock), tls.Verdict()
        connection.set_app_data(verdict)
        connection.set_connect_state()
        stream = _shaken(Stream(sock, connection))
        if not verdict.accepted:
            stream.close()
            raise PeerRefused(f"certificate verification failed, error={verdict.first_error}")
        return stream


def open_channel(host: Host, configured: dict[str, Any], config: ServerConfig) -> Channel:
    """The channel as HighAvailability's configuration wants it.

    Args:
        configured: With every key that is in force.

    Raises:
        ContextRefused: The HA files open, but OpenSSL makes no context of them.
    """
    source = host.settings.address
    if not configured["UseSecuredConnections"]:
        return Channel(source)
    builtin = (host.settings.builtin_cert, host.settings.builtin_key)
    credentials = tls.find_credentials(config, builtin=builtin, prefix="HA")
    needed = credentials.user or bool(configured["RequireCertificates"])
    host.logs.trace("ssl.c", credentials.trace_line(INCOMING, server=True))
    accepting = tls.acceptor(credentials, require_certificate=needed, ask_anyway=True)
    host.logs.trace("ssl.c", credentials.trace_line(_OUTGOING, server=False))
    return Channel(source, (accepting, tls.dialer(credentials)))


def _shaken(stream: Stream) -> Stream:
    try:
        stream.handshake(limit_s=_HANDSHAKE_LIMIT_S)
    except PeerRefused:
        stream.close()
        raise
    return stream
