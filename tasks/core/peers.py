"""OpenSSL's own verdict on a peer: whether an end of the control channel trusts what the other one shows.

Our library is newer than the servers' OpenSSL 3.0; where the two differ, the servers' way is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal

from cryptography import x509
from OpenSSL import crypto
from OpenSSL._util import lib as openssl

from tasks.core import list_facts, x509_facts
from tasks.core.certificates import Certificate
from tasks.core.dataclass import dataclass
from tasks.core.server_rules import SERVER, ServerRules

Purpose = Literal["client", "server"]

_PURPOSE_ID: dict[Purpose, int] = {"client": 1, "server": 2}  # X509_PURPOSE_SSL_CLIENT, _SERVER
_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME


def verify(
    leaf: Certificate,
    *,
    intermediates: Sequence[Certificate],
    trusted: Sequence[Certificate],
    purpose: Purpose,
    at: datetime | None,
) -> str | None:
    """Whether a server with `trusted` as its CA file takes this peer.

    Args:
        intermediates: What the peer sends beside its leaf.
        purpose: What the leaf is used as: "client" to the side that accepts, "server" to the
            side that dials.
        at: By which clock; None leaves dates aside.

    Returns:
        None if it does, else OpenSSL's reason. Security level 2, no partial chains.
    """
    asked = Peer((leaf, *intermediates), purpose)
    return judge_peer(asked, trusted=tuple(trusted), at=at).reason or None


def trusted_path(
    leaf: Certificate,
    *,
    intermediates: Sequence[Certificate],
    trusted: Sequence[Certificate],
    purpose: Purpose,
    at: datetime | None,
) -> tuple[Certificate, ...] | None:
    """The chain from leaf to root that `verify` went by; None where it refuses."""
    found = judge_peer(Peer((leaf, *intermediates), purpose), trusted=tuple(trusted), at=at)
    return None if found.code else found.path


@dataclass(frozen=True, slots=True)
class Peer:
    """What one end shows the other: its chain, leaf first, and what the leaf is used as."""

    chain: tuple[Certificate, ...]
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class PeerVerdict:
    """OpenSSL's verdict.

    Args:
        code: X509_V_ERR_...; 0 if the peer is trusted.
        reason: In its words; "" if the peer is trusted.
        path: From leaf to root; empty where it is refused.
    """

    code: int
    reason: str = ""
    path: tuple[Certificate, ...] = ()


SELF_SIGNED_LEAF = 18  # X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT
_KEY_TOO_SMALL = 67  # X509_V_ERR_CA_KEY_TOO_SMALL


@lru_cache(maxsize=16384)
def judge_peer(
    peer: Peer,
    *,
    trusted: tuple[Certificate, ...],
    at: datetime | None,
    crl: bytes | None = None,
    rules: ServerRules = SERVER,
) -> PeerVerdict:
    """What an end with `trusted` as its CA file thinks of a peer.

    Args:
        at: By which clock; None leaves dates aside.
        crl: DER of the revocation list that it has loaded; None for an end that looks at none.
    """
    store = _store(trusted, purpose=peer.purpose, at=at, rules=rules)
    judged_here = crl is not None and (peer.chain[0].self_signed or list_facts.is_delta(crl))
    if crl is not None and not judged_here:
        store.add_crl(x509.load_der_x509_crl(crl))
        store.set_flags(crypto.X509StoreFlags.CRL_CHECK)
    leaf, *others = (_openssl(certificate) for certificate in peer.chain)
    context = crypto.X509StoreContext(store, leaf, others)
    try:
        path = tuple(Certificate.from_der(_der(found)) for found in context.get_verified_chain())
    except crypto.X509StoreContextError as error:
        return PeerVerdict(int(error.errors[0]), str(error))
    # The library leaves security levels to its TLS side, which applies level 2 on the servers.
    fault = next((c.level_fault for c in path if c.level_fault), None) if rules.weak_is_refused else None
    if fault:
        return PeerVerdict(_KEY_TOO_SMALL, fault)
    if crl is not None and judged_here:
        return _by_list(path, crl, at=at if rules.checks_dates else None)
    return PeerVerdict(0, path=path)


@lru_cache(maxsize=4096)
def chain_sent(leaf: Certificate, trusted: tuple[Certificate, ...]) -> tuple[Certificate, ...]:
    """The leaf and whatever is found above it, one by one, in a CA file: OpenSSL sends that where a leaf lies alone."""
    chain: tuple[Certificate, ...] = (leaf,)
    while not chain[-1].self_signed:
        child = x509.load_der_x509_certificate(chain[-1].der)
        above = (c for c in trusted if c not in chain)
        parents = (c for c in above if x509_facts.is_signed_by(child, x509.load_der_x509_certificate(c.der)))
        parent = next(parents, None)
        if parent is None:
            break
        chain = (*chain, parent)
    return chain


def _by_list(path: tuple[Certificate, ...], crl: bytes, *, at: datetime | None) -> PeerVerdict:
    """What OpenSSL 3.0 makes of a list where newer ones do otherwise.

    For a self-signed leaf, too, it wants a list; and it takes a delta list for a whole one.
    """
    leaf, issuer = path[0], path[min(1, len(path) - 1)]
    code, reason = list_facts.refusal(crl, leaf.der, issuer=issuer.der, at=at)
    return PeerVerdict(code, reason) if code else PeerVerdict(0, path=path)


def _store(
    trusted: tuple[Certificate, ...], *, purpose: Purpose, at: datetime | None, rules: ServerRules
) -> crypto.X509Store:
    store = crypto.X509Store()
    for certificate in trusted:
        store.add_cert(_openssl(certificate))
    if at is None or not rules.checks_dates:
        store.set_flags(_NO_CHECK_TIME)
    else:
        store.set_time(at.astimezone(UTC))
    if not rules.wants_root:
        store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
    if rules.checks_purpose:
        # pyOpenSSL has no public name for this; without it, EKU and key usage would go unjudged.
        openssl.X509_STORE_set_purpose(store._store, _PURPOSE_ID[purpose])
    return store


def _openssl(certificate: Certificate) -> crypto.X509:
    return crypto.X509.from_cryptography(x509.load_der_x509_certificate(certificate.der))


def _der(certificate: crypto.X509) -> bytes:
    return crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)
