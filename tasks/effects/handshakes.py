"""Real TLS handshakes in memory, with the control channel's settings on both sides."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime

from OpenSSL import SSL
from OpenSSL._util import ffi, lib

from tasks.core.credential_set import CredentialSet
from tasks.core.pem import openssl_reason
from tasks.core.rehearsal import TLS12, TLS13, Pairing, Refusal, Rehearsed
from tasks.core.server_tls import control_context

_VERSIONS = {TLS12: SSL.TLS1_2_VERSION, TLS13: SSL.TLS1_3_VERSION}
_OK, _SELF_SIGNED_LEAF = 0, 18  # X509_V_OK, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT
_MOST = 1 << 16


def rehearse(wanted: Iterable[Pairing], *, at: datetime) -> tuple[Rehearsed, ...]:
    """Make every handshake; the contexts of a set are made once.

    Args:
        at: By which clock the certificates' dates are judged.
    """
    accepting: dict[tuple[CredentialSet, str], SSL.Context] = {}
    dialing: dict[tuple[CredentialSet, str], SSL.Context] = {}
    found = []
    for one in wanted:
        acceptor, dialer = (one.acceptor, one.protocol), (one.dialer, one.protocol)
        if acceptor not in accepting:
            accepting[acceptor] = accepting_context(one.acceptor, protocol=one.protocol, at=at)
        if dialer not in dialing:
            dialing[dialer] = dialing_context(one.dialer, protocol=one.protocol, at=at)
        found.append(Rehearsed(one, shake(dialing[dialer], accepting[acceptor])))
    return tuple(found)


def accepting_context(
    one: CredentialSet, *, at: datetime | None = None, protocol: str | None = None
) -> SSL.Context:
    """Of the side that accepts: it verifies its client fully. Arguments as `dialing_context`."""
    context = dialing_context(one, at=at, protocol=protocol)
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT)
    return context


def dialing_context(
    one: CredentialSet, *, at: datetime | None = None, protocol: str | None = None
) -> SSL.Context:
    """Of the side that dials: it goes through with any certificate; `dialer_refusal` judges afterwards.

    Args:
        at: By which clock; None for that of this machine.
        protocol: This one only; None for every one that the server speaks.

    Source:
        Eclipse Amlen, ssl.c, ism_common_create_ssl_ctx: a client context asks for no verification.
    """
    context = control_context(one.key, chain=one.chain, ca=one.ca)
    context.set_verify(SSL.VERIFY_NONE)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    if protocol is not None:
        context.set_min_proto_version(_VERSIONS[protocol])
        context.set_max_proto_version(_VERSIONS[protocol])
    store = context.get_cert_store()
    if at is not None and store is not None:
        store.set_time(at.astimezone(UTC))
    return context


def shake(dialing: SSL.Context, accepting: SSL.Context) -> Refusal | None:
    """One handshake from its first byte to its end; why it fails, None if it does not."""
    dialer, acceptor = SSL.Connection(dialing, None), SSL.Connection(accepting, None)
    dialer.set_connect_state()
    acceptor.set_accept_state()
    dialer_done = acceptor_done = False
    while not (dialer_done and acceptor_done):
        try:
            dialer_done = _step(dialer, acceptor)
        except SSL.Error as error:
            return Refusal("dialing", openssl_reason(error))
        try:
            acceptor_done = _step(acceptor, dialer)
        except SSL.Error as error:
            return Refusal("accepting", _verify_fault(acceptor) or openssl_reason(error))
    reason = dialer_refusal(dialer)
    return None if reason is None else Refusal("dialing", reason)


def dialer_refusal(connection: SSL.Connection) -> str | None:
    """Why a server that dialled would hang up now; None if it would not.

    Source:
        Eclipse Amlen, ConnectionHandler.c: X509_V_OK and DEPTH_ZERO_SELF_SIGNED_CERT are well.
    """
    return None if _verify_code(connection) == _SELF_SIGNED_LEAF else _verify_fault(connection)


def _verify_fault(connection: SSL.Connection) -> str | None:
    code = _verify_code(connection)
    if code == _OK:
        return None
    return ffi.string(lib.X509_verify_cert_error_string(code)).decode()  # type: ignore[no-any-return]


def _verify_code(connection: SSL.Connection) -> int:
    # pyOpenSSL has no public name for OpenSSL's verdict on the peer's certificate.
    return int(lib.SSL_get_verify_result(connection._ssl))


def _step(one: SSL.Connection, other: SSL.Connection) -> bool:
    """Whether `one` is through with its part; what it has to say is handed to `other`."""
    try:
        one.do_handshake()
        done = True
    except SSL.WantReadError:
        done = False
    with suppress(SSL.WantReadError):
        other.bio_write(one.bio_read(_MOST))
    return done
