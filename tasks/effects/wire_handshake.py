"""A TLS handshake over a socket, for what the other side shows in it."""

from __future__ import annotations

import errno
import select
import socket
import time
from contextlib import closing
from functools import cache

from cryptography import x509
from OpenSSL import SSL, crypto

from tasks.core.dataclass import dataclass
from tasks.effects.wire_errors import Asked

_GONE = (errno.ECONNRESET, errno.EPIPE)


@dataclass(frozen=True, slots=True)
class Served:
    """What a port showed.

    Args:
        chain: DER certificates as served, leaf first; at least one.
        client_cas: RFC 4514 subjects of the CA file it has loaded; empty if it has loaded none.
        protocol: "TLSv1.3".
    """

    chain: tuple[bytes, ...]
    client_cas: tuple[str, ...]
    protocol: str


def shake_hands(sock: socket.socket, asked: Asked) -> Served:
    """Take the handshake as far as it goes, and close the socket.

    Raises:
        WireSilent: No certificate within the limit.
        WireNotTls: The other side closed, or sent something else, before it showed a certificate.
    """
    with closing(sock):
        sock.setblocking(False)
        connection = SSL.Connection(_context(), sock)
        connection.set_connect_state()
        reason = advance(connection, sock, until=time.monotonic() + asked.limit_s)
        chain = connection.get_peer_cert_chain() or []
        if not chain:
            raise asked.not_tls(reason) if reason else asked.silent()
        return Served(
            chain=tuple(crypto.dump_certificate(crypto.FILETYPE_ASN1, c) for c in chain),
            client_cas=tuple(_text(name.der()) for name in connection.get_client_ca_list()),
            protocol=connection.get_protocol_version_name(),
        )


def lets_in(sock: socket.socket, asked: Asked, *, open_s: float) -> bool:
    """Whether the other side keeps a visitor without a certificate; closes the socket.

    TLS 1.3 turns it away after the handshake (alert 116), TLS 1.2 in it (alert 40).

    Args:
        open_s: A connection that is there so long after the handshake is kept, in seconds.

    Raises:
        WireSilent: No handshake within the limit.
        WireNotTls: It ended for another reason.
    """
    with closing(sock):
        sock.setblocking(False)
        connection = SSL.Connection(_context(), sock)
        connection.set_connect_state()
        reason = advance(connection, sock, until=time.monotonic() + asked.limit_s)
        shown = bool(connection.get_peer_cert_chain())
        if not shown and not reason:
            raise asked.silent()
        reason = reason or read_on(connection, sock, until=time.monotonic() + open_s)
        if shown and wants_certificate(reason):
            return False
        if reason:
            raise asked.not_tls(reason)
        return True


def wants_certificate(reason: str) -> bool:
    """Whether this is how a server turns a visitor away that has shown none."""
    return "certificate required" in reason or "alert handshake failure" in reason


def read_on(connection: SSL.Connection, sock: socket.socket, *, until: float) -> str:
    """Why the other side closed; "" if it did not until then."""
    while (left_s := until - time.monotonic()) > 0:
        try:
            connection.recv(4096)
        except (SSL.WantReadError, SSL.WantWriteError):
            select.select([sock], [], [], left_s)
        except SSL.ZeroReturnError:
            return "the connection was closed"
        except SSL.Error as error:
            return _reason(error)
    return ""


def _text(name_der: bytes) -> str:
    try:
        return x509.Name.from_bytes(name_der).rfc4514_string()
    except ValueError:
        return f"#{name_der.hex()}"  # a name that nobody can read is still a name


@cache
def _context() -> SSL.Context:
    """Verifies nothing, and shakes hands with weak certificates too: they are to be seen."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_verify(SSL.VERIFY_NONE)
    context.set_cipher_list(b"DEFAULT:@SECLEVEL=0")
    return context


def advance(connection: SSL.Connection, sock: socket.socket, *, until: float) -> str:
    """Why the handshake ended early; "" if it ended well, or ran out of time."""
    while True:
        try:
            connection.do_handshake()
        except SSL.WantReadError:
            waits: tuple[list[socket.socket], list[socket.socket]] = [sock], []
        except SSL.WantWriteError:
            waits = [], [sock]
        except SSL.Error as error:
            return _reason(error)
        else:
            return ""
        left_s = until - time.monotonic()
        if left_s <= 0 or not any(select.select(*waits, [], left_s)):
            return ""


def _reason(error: SSL.Error) -> str:
    if isinstance(error, SSL.SysCallError):
        number = error.args[0] if error.args else -1
        return "the connection was reset" if number in _GONE else "the connection was closed"
    texts = [str(entry[-1]) for entry in error.args[0]] if error.args else []
    if any("wrong version number" in text or "unexpected eof" in text for text in texts):
        return "the answer is not TLS" if "wrong version number" in texts else "the connection was closed"
    return ", ".join(texts) or "the handshake failed"
