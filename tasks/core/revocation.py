"""Certificate revocation lists made by an own CA, and what is said of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed448, ed25519

from tasks.core.certificates import Certificate
from tasks.core.file_names import HA
from tasks.core.issuing import CLOCK_SKEW, Issuer
from tasks.core.revocation_reading import ListFault as ListFault
from tasks.core.revocation_reading import RevocationList as RevocationList
from tasks.core.revocation_reading import Revoked as Revoked
from tasks.core.revocation_reading import list_of
from tasks.core.revocation_reading import parse_list as parse_list
from tasks.core.revocation_reading import serial_of as serial_of

T12 = (
    "a revocation list does not keep a member out: the side that dials looks at no list, so that a revoked "
    "member is still dialed by the others and shows connected (T12); to shut a member out, change the CA"
)
_OF_PAIRS = (
    "a pair needs both directions: where the list names its certificate, its two nodes stay apart from the next "
    "start on (among members the side that dials looks at no list: T12); to shut a node out, change the CA"
)
REASONS = (
    "keyCompromise",
    "superseded",
    "cessationOfOperation",
    "affiliationChanged",
    "privilegeWithdrawn",
)
_SERIAL = re.compile(r"0[xX][0-9a-fA-F]{1,40}|[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{2}){1,19}")


def next_list(
    issuer: Issuer,
    *,
    before: RevocationList | None,
    add: Iterable[Revoked],
    drop: Collection[int],
    days: int,
    now: datetime,
) -> RevocationList:
    """The list that follows `before`: its entries are kept, its number is counted up.

    Args:
        issuer: May sign lists: see `cannot_sign`.
        before: Of the same issuer; None for a first one.
        add: What is revoked from now on; an entry that is there already stays as it is.
        drop: Serial numbers that are taken out.
        days: Valid from `now` (less five minutes for clocks that are behind) for this many days.
    """
    certificate = x509.load_der_x509_certificate(issuer.certificate.der)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(certificate.subject)
        .last_update(now - CLOCK_SKEW)
        .next_update(now + timedelta(days=days))
        .add_extension(_authority(certificate), critical=False)
        .add_extension(x509.CRLNumber((before.number or 0) + 1 if before else 1), critical=False)
    )
    for entry in _entries(before, add, drop):
        builder = builder.add_revoked_certificate(entry)
    key = issuer.key.for_tls()
    edwards = isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    return list_of(builder.sign(key, None if edwards else hashes.SHA256()))


def limits_of(name: str) -> str:
    """The sentence about what the list of this name, "HA_crl/crl.pem", is not good for."""
    text = _OF_PAIRS if name == HA.crl else T12
    return text[0].upper() + text[1:]


def cannot_sign(issuer: Certificate) -> str | None:
    """Why the server would take no list of this certificate's; None if it would."""
    if not issuer.is_ca:
        return "it is no CA certificate (basicConstraints)"
    found = x509.load_der_x509_certificate(issuer.der)
    try:
        usage = found.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return None
    return None if usage.crl_sign else "its keyUsage is without cRLSign"


def serial_text(serial: int) -> str:
    """As it can be typed again: "0x1A2B"."""
    return f"0x{serial:X}"


def parse_serial(text: str) -> int | None:
    """A serial number in hex, with 0x or with colons; None if it is none."""
    if not _SERIAL.fullmatch(text):
        return None
    return int(text.replace(":", "").lower().removeprefix("0x"), 16) or None


def _authority(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """The issuer's own identifier: OpenSSL passes over a list that names another one."""
    try:
        own = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key())  # type: ignore[arg-type]
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


def _entries(
    before: RevocationList | None, add: Iterable[Revoked], drop: Collection[int]
) -> Iterator[x509.RevokedCertificate]:
    kept = before.revoked if before else ()
    by_serial = {one.serial: one for one in (*add, *kept)}  # the former entry wins
    for one in sorted(by_serial.values(), key=lambda one: (one.at, one.serial)):
        if one.serial in drop:
            continue
        entry = x509.RevokedCertificateBuilder().serial_number(one.serial).revocation_date(one.at)
        if one.reason:
            entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags(one.reason)), critical=False)
        yield entry.build()
