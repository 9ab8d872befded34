"""Real handshakes in memory with the control channel's settings: what the rules are held against."""

from __future__ import annotations

from datetime import datetime

from OpenSSL import SSL

from tasks.core import rehearsal
from tasks.core.credential_set import CredentialSet
from tasks.effects.handshakes import accepting_context, shake

TLS12, TLS13 = SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION
_NAMES = {TLS12: rehearsal.TLS12, TLS13: rehearsal.TLS13}


def handshake_refusal(
    dialer: CredentialSet, acceptor: CredentialSet, *, at: datetime, protocol: int = TLS13
) -> str | None:
    """Why the two do not come to terms, both verifying fully; None if they do."""
    one, other = (accepting_context(s, at=at, protocol=_NAMES[protocol]) for s in (dialer, acceptor))
    refusal = shake(one, other)
    return None if refusal is None else refusal.reason
