"""Revocation lists for tests of pure rules."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from tasks.core.certificates import Certificate
from tasks.core.issuing import Issuer, Subject, new_ca
from tasks.core.revocation import RevocationList, Revoked, next_list, serial_of
from tests.core.certs import NOW, OWN

OTHER_CA = new_ca(Subject("another CA"), days=3650, now=NOW)
SAME_NAME = new_ca(Subject("cluster CA"), days=3650, now=NOW)


def made(
    *revoked: Certificate,
    issuer: Issuer = OWN.issuer,
    before: RevocationList | None = None,
    drop: Collection[int] = (),
    days: int = 30,
    now: datetime = NOW,
    reason: str = "",
) -> RevocationList:
    """A list that names these certificates."""
    add = [Revoked(serial_of(one), now, reason) for one in revoked]
    return next_list(issuer, before=before, add=add, drop=drop, days=days, now=now)


def by_hand(
    *, issuer: Issuer = OWN.issuer, critical: bool = False, entry_reason: x509.ReasonFlags | None = None
) -> bytes:
    """A list in PEM as another tool may make it: no number, no AuthorityKeyIdentifier."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(x509.load_der_x509_certificate(issuer.certificate.der).subject)
        .last_update(NOW - timedelta(days=1))
        .next_update(NOW + timedelta(days=30))
    )
    if critical:
        unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.1"), b"\x05\x00")
        builder = builder.add_extension(unknown, critical=True)
    if entry_reason is not None:
        serial = serial_of(OWN.sets["gw-c"].leaf)
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW.astimezone(UTC))
        entry = entry.add_extension(x509.CRLReason(entry_reason), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    signed = builder.sign(issuer.key.for_tls(), hashes.SHA256())
    return signed.public_bytes(Encoding.PEM)
