"""The certificate that a running process serves: a TLS handshake with a cluster port, seen from outside.

No client certificate is needed, nothing is verified and nothing is sent: the port shows its
certificate and the subjects of its CA file before it turns the visitor away.
"""

from __future__ import annotations

from tasks.core.certificates import Certificate, CertificateFault
from tasks.core.errors import PortRefused
from tasks.core.model import Via
from tasks.core.snapshot import Wire
from tasks.effects.direct import dial_directly
from tasks.effects.remote import Remote
from tasks.effects.route import Route
from tasks.effects.wire_errors import Asked
from tasks.effects.wire_handshake import Served, lets_in, shake_hands
from tasks.effects.wire_openssl import run_s_client, s_client_is_let_in


def look_at_wire(remote: Remote, host: str, port: int, *, via: Via) -> Wire:
    """What is served at host:port as the node sees it, within `limits.rest_s`. Raises as `probe`."""
    limit_s = remote.node.limits.rest_s
    served = probe(remote, host, port, via=via, limit_s=limit_s)
    asked = Asked(remote.node.name, host, port, via, limit_s)
    try:
        chain = tuple(Certificate.from_der(der) for der in served.chain)
    except CertificateFault as fault:
        raise asked.not_tls(f"a certificate that cannot be read: {fault.reason}") from fault
    return Wire(chain, served.client_cas, served.protocol, asked.address)


def probe(remote: Remote, host: str, port: int, *, via: Via, limit_s: float) -> Served:
    """One handshake without a client certificate.

    Args:
        via: AUTO tries tunnel, exec and direct, in this order.
        limit_s: Connecting and shaking hands, each; by `exec` whole seconds, and SSH may add 5.

    Raises:
        WireRefused: Nothing listens there.
        WireSilent: Accepted, and no handshake in time.
        WireNotTls: An answer that shows no certificate.
        RemoteError: The way there failed.
    """

    def attempt(way: Via) -> Served:
        asked = Asked(remote.node.name, host, port, way, limit_s)
        try:
            return _shown(remote, asked, way)
        except PortRefused as error:
            raise asked.refused("connection refused") from error

    return Route(via).go(attempt)


def lets_strangers_in(remote: Remote, host: str, port: int, *, via: Via, open_s: float) -> bool:
    """Whether the port keeps a visitor without a certificate; the messaging listener logs each such look.

    Args:
        open_s: How long it must keep it, in seconds.

    Raises:
        As `probe`.
    """

    def attempt(way: Via) -> bool:
        asked = Asked(remote.node.name, host, port, way, remote.node.limits.rest_s)
        try:
            if way is Via.EXEC:
                return s_client_is_let_in(remote, asked, open_s=open_s)
            if way is Via.TUNNEL:
                return lets_in(remote.dial(host, port, limit_s=asked.limit_s), asked, open_s=open_s)
            sock = dial_directly(host, port, limit_s=asked.limit_s, node=asked.node)
            return lets_in(sock, asked, open_s=open_s)
        except PortRefused as error:
            raise asked.refused("connection refused") from error

    return Route(via).go(attempt)


def _shown(remote: Remote, asked: Asked, way: Via) -> Served:
    if way is Via.EXEC:
        return run_s_client(remote, asked)
    if way is Via.TUNNEL:
        return shake_hands(remote.dial(asked.host, asked.port, limit_s=asked.limit_s), asked)
    sock = dial_directly(asked.host, asked.port, limit_s=asked.limit_s, node=asked.node)
    return shake_hands(sock, asked)
