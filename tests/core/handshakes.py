"""Real handshakes in memory with the control channel's settings: what the rules are held against."""

from __future__ import annotations

import contextlib
from datetime import datetime

from OpenSSL import SSL

from tasks.core.credential_set import CredentialSet
from tasks.core.pem import openssl_reason
from tasks.core.server_tls import control_context

TLS12, TLS13 = SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION


def handshake_refusal(
    dialer: CredentialSet, acceptor: CredentialSet, *, at: datetime, protocol: int = TLS13
) -> str | None:
    """Why the two do not come to terms, both verifying fully; None if they do."""
    client = SSL.Connection(_context(dialer, at=at, protocol=protocol), None)
    server = SSL.Connection(_context(acceptor, at=at, protocol=protocol), None)
    client.set_connect_state()
    server.set_accept_state()
    try:
        done = False
        while not done:
            done = all([_step(client, server), _step(server, client)])
    except SSL.Error as error:
        return openssl_reason(error)
    return None


def _context(one: CredentialSet, *, at: datetime, protocol: int) -> SSL.Context:
    context = control_context(one.key, chain=one.chain, ca=one.ca)
    context.set_min_proto_version(protocol)
    context.set_max_proto_version(protocol)
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT)
    store = context.get_cert_store()
    assert store is not None
    store.set_time(at)
    return context


def _step(one: SSL.Connection, other: SSL.Connection) -> bool:
    try:
        one.do_handshake()
        done = True
    except SSL.WantReadError:
        done = False
    with contextlib.suppress(SSL.WantReadError):
        other.bio_write(one.bio_read(1 << 16))
    return done
