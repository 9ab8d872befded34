"""A visitor to a control port that shows a certificate: whether the running process keeps it."""

from __future__ import annotations

import re
import socket
import time
from contextlib import closing

from OpenSSL import SSL

from tasks.core.acceptance import LetIn, Observed, Try, TurnedAway
from tasks.core.errors import OperatorError, PortRefused
from tasks.core.model import Via
from tasks.core.snapshot import Unseen
from tasks.effects.direct import dial_directly
from tasks.effects.handshakes import dialer_refusal
from tasks.effects.remote import Remote
from tasks.effects.wire_errors import Asked
from tasks.effects.wire_handshake import advance, read_on

OPEN_S = 0.3  # a connection that is there so long after the handshake is kept
_FAMILY = re.compile(r"^(ssl/tls|sslv3|tlsv1[.0-9]*|tlsv13) (?=alert )")
_BY_EXEC = Unseen(
    "its ports are reached by commands on the node (exec), and the key would have to travel there",
    "allow port forwarding in its sshd, or admin.via: direct, then: fab check",
)


def present(
    remote: Remote, address: tuple[str, int], one: Try, *, context: SSL.Context, via: Via
) -> Observed:
    """Show the set to the process that listens there, and see what it does; nothing is sent after that.

    Args:
        context: Of the side that dials, with the set.
        via: How the node's ports are reached; by EXEC nothing is tried.
    """
    label, member, node = one.wanted.label, one.member, one.node
    if via is Via.EXEC:
        return Observed(label, member, node, _BY_EXEC)
    way = Via.DIRECT if via is Via.DIRECT else Via.TUNNEL
    asked = Asked(remote.node.name, *address, way, remote.node.limits.rest_s)
    try:
        answer, distrust = _shown(_dialled(remote, asked), asked, context)
    except OperatorError as error:
        return Observed(label, member, node, Unseen(error.problem, error.remedy))
    return Observed(label, member, node, answer, distrust)


def _dialled(remote: Remote, asked: Asked) -> socket.socket:
    try:
        if asked.via is Via.TUNNEL:
            return remote.dial(asked.host, asked.port, limit_s=asked.limit_s)
        return dial_directly(asked.host, asked.port, limit_s=asked.limit_s, node=asked.node)
    except PortRefused as error:
        raise asked.refused("connection refused") from error


def _shown(sock: socket.socket, asked: Asked, context: SSL.Context) -> tuple[LetIn | TurnedAway, str | None]:
    """The answer, and why we would not take what is served; closes the socket.

    Raises:
        WireSilent: No handshake within the limit.
        WireDropped: It ended without an alert.
    """
    with closing(sock):
        sock.setblocking(False)
        connection = SSL.Connection(context, sock)
        connection.set_connect_state()
        started = time.monotonic()
        reason = advance(connection, sock, until=started + asked.limit_s)
        took_s = time.monotonic() - started
        if not reason and connection.get_peer_finished() is None:
            raise asked.silent()
        # TLS 1.3 judges the client after the client's own end of the handshake: one way there and back.
        reason = reason or read_on(connection, sock, until=time.monotonic() + max(OPEN_S, 2 * took_s))
        distrust = dialer_refusal(connection) if connection.get_peer_certificate() else None
    if " alert " in f" {reason}":
        return TurnedAway(_FAMILY.sub("", reason)), distrust
    if reason:
        raise asked.dropped(reason)
    return LetIn(), distrust
