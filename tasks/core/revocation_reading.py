"""Certificate revocation lists as values, read as the server reads them."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import crypto

from tasks.core.certificates import Certificate
from tasks.core.dataclass import dataclass
from tasks.core.pem import Unreadable, describe_without_blocks, pem_blocks
from tasks.core.x509_facts import MALFORMED

_NOT_REVOKED = "removeFromCRL"


class ListFault(Unreadable):
    """Bytes in which the server would find no list: it makes no TLS context then (T1)."""


@dataclass(frozen=True, slots=True)
class Revoked:
    """One entry; reason is "" where it gives none."""

    serial: int
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RevocationList:
    """One list; two are equal when their DER bytes are.

    Args:
        issuer: RFC 4514 text.
        number: None where the extension is missing.
        next_update: From then on it refuses everybody; None where it says nothing of the kind.
        others: Further lists in the same file: the server reads the first only.
    """

    der: bytes = field(repr=False)
    issuer: str = field(compare=False)
    number: int | None = field(compare=False)
    this_update: datetime = field(compare=False)
    next_update: datetime | None = field(compare=False)
    revoked: tuple[Revoked, ...] = field(compare=False, repr=False)
    others: int = field(default=0, compare=False)

    def pem(self) -> bytes:
        return x509.load_der_x509_crl(self.der).public_bytes(Encoding.PEM)

    def revokes(self, certificate: Certificate) -> bool:
        """Whether it names this certificate, of its own issuer."""
        listed = {one.serial for one in self.revoked if one.reason != _NOT_REVOKED}
        return certificate.issuer == self.issuer and serial_of(certificate) in listed

    def signed_by(self, issuer: Certificate) -> bool:
        """Whether the key of this certificate made its signature, under the same name."""
        found, signer = x509.load_der_x509_crl(self.der), x509.load_der_x509_certificate(issuer.der)
        if found.issuer != signer.subject:
            return False
        try:
            return found.is_signature_valid(signer.public_key())  # type: ignore[arg-type]
        except (ValueError, TypeError, UnsupportedAlgorithm):
            return False


def parse_list(data: bytes) -> RevocationList:
    """The list that the server would load: the first one in PEM, else DER.

    Raises:
        ListFault: Neither.
    """
    blocks = [block for block in pem_blocks(data) if block.label == "X509 CRL"]
    try:
        if blocks:
            return _taken(x509.load_pem_x509_crl(data[blocks[0].start :]), others=len(blocks) - 1)
        return _taken(x509.load_der_x509_crl(data))
    except (crypto.Error, *MALFORMED) as error:
        what = "it is not well-formed" if blocks else f"{describe_without_blocks(data)}, and no list is in it"
        raise ListFault(what) from error


def _taken(found: x509.CertificateRevocationList, *, others: int = 0) -> RevocationList:
    """As `list_of`; raises crypto.Error where OpenSSL, which is stricter with names, would not load it."""
    crypto.X509Store().add_crl(found)
    return list_of(found, others=others)


def serial_of(certificate: Certificate) -> int:
    return x509.load_der_x509_certificate(certificate.der).serial_number


def list_of(found: x509.CertificateRevocationList, *, others: int = 0) -> RevocationList:
    """As a value. Raises one of MALFORMED where a field or an extension is so."""
    try:
        number = found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except x509.ExtensionNotFound:
        number = None
    return RevocationList(
        der=found.public_bytes(Encoding.DER),
        issuer=found.issuer.rfc4514_string(),
        number=number,
        this_update=found.last_update_utc,
        next_update=found.next_update_utc,
        revoked=tuple(map(_revoked, found)),
        others=others,
    )


def _revoked(entry: x509.RevokedCertificate) -> Revoked:
    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except x509.ExtensionNotFound:
        reason = ""
    return Revoked(entry.serial_number, entry.revocation_date_utc, reason)
