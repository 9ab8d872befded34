"""Whether two ends come to terms on protocol, cipher and signature: what the kind of a key allows.

Below TLS 1.3 the server's channel has one cipher, ECDHE-ECDSA-AES128-GCM-SHA256, and one curve, P-256
(AMLEN.md §2): the accepting end's key must sign for it.
"""

from __future__ import annotations

from tasks.core.certificates import Certificate
from tasks.core.dataclass import dataclass
from tasks.core.server_rules import SERVER, ServerRules

_BY_ANY = frozenset({"EC P-256", "Ed25519", "Ed448"})
_BY_TLS13 = _BY_ANY | {"EC P-384", "EC P-521"}
NO_CIPHER = "no shared cipher"


@dataclass(frozen=True, slots=True)
class Capability:
    """What the OpenSSL of one server can do.

    Args:
        tls13: It has TLS 1.3 (OpenSSL 1.1.1 or newer); else TLS 1.2 is the most.
    """

    tls13: bool = True


MODERN = Capability()


def needs_tls13(leaf: Certificate) -> bool:
    """Whether a member with this certificate accepts nobody below TLS 1.3."""
    return leaf.key_kind not in _BY_ANY or not leaf.may_sign


def works_at_all(kind: str) -> bool:
    """Whether a key of this kind, as "EC P-256", can be used by any protocol."""
    return kind in _BY_TLS13 or kind.startswith(("RSA ", "RSA-PSS "))


def exchange_refusal(
    dialer: Certificate, acceptor: Certificate, *, tls13: bool, rules: ServerRules = SERVER
) -> str | None:
    """Why the handshake fails before anybody's trust is asked for; None if it does not.

    Args:
        tls13: Both ends have it.
    """
    for leaf in (acceptor, dialer):
        if not works_at_all(leaf.key_kind):
            return f"{NO_CIPHER} (a key of type {leaf.key_kind})"
    if tls13 or not rules.tls12_wants_ecdsa:
        return None
    if dialer.key_kind.startswith("EC ") and dialer.key_kind not in _BY_ANY:
        return f"wrong curve for TLS 1.2 ({dialer.key_kind})"
    if not needs_tls13(acceptor):
        return None
    why = acceptor.key_kind if acceptor.key_kind not in _BY_ANY else "keyUsage without digitalSignature"
    return f"{NO_CIPHER} by TLS 1.2 ({why})"
