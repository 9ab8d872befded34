"""What a revocation list says of one certificate, by the rules of the servers' OpenSSL 3.0."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from tasks.core import x509_facts

NO_LIST, BAD_SIGNATURE, NOT_YET_VALID, EXPIRED, REVOKED, NO_ISSUER = 3, 8, 11, 12, 23, 33
_WORDS = {
    NO_LIST: "unable to get certificate CRL",
    BAD_SIGNATURE: "CRL signature failure",
    NOT_YET_VALID: "CRL is not yet valid",
    EXPIRED: "CRL has expired",
    REVOKED: "certificate revoked",
    NO_ISSUER: "unable to get CRL issuer certificate",
}


def is_delta(crl: bytes) -> bool:
    """Whether it lists changes only (deltaCRLIndicator)."""
    return any(
        isinstance(each.value, x509.DeltaCRLIndicator) for each in x509.load_der_x509_crl(crl).extensions
    )


def refusal(crl: bytes, leaf: bytes, *, issuer: bytes, at: datetime | None) -> tuple[int, str]:
    """Why a certificate is refused for this list: X509_V_ERR_… and its words; (0, "") if it is not.

    Args:
        crl, leaf, issuer: DER; a self-signed leaf is its own issuer.
        at: By which clock; None leaves dates aside.
    """
    found = x509.load_der_x509_crl(crl)
    certificate, signer = x509.load_der_x509_certificate(leaf), x509.load_der_x509_certificate(issuer)
    code = _code(found, certificate, signer, at)
    return code, _WORDS.get(code, "")


def _code(
    found: x509.CertificateRevocationList,
    certificate: x509.Certificate,
    signer: x509.Certificate,
    at: datetime | None,
) -> int:
    if found.issuer != certificate.issuer:
        return NO_LIST
    if not x509_facts.may_sign_lists(signer):
        return NO_ISSUER
    if at is not None and at < found.last_update_utc:
        return NOT_YET_VALID
    if at is not None and found.next_update_utc is not None and at > found.next_update_utc:
        return EXPIRED
    if not _signed(found, signer):
        return BAD_SIGNATURE
    listed = found.get_revoked_certificate_by_serial_number(certificate.serial_number)
    return 0 if listed is None else REVOKED


def _signed(found: x509.CertificateRevocationList, signer: x509.Certificate) -> bool:
    try:
        return found.is_signature_valid(signer.public_key())  # type: ignore[arg-type]
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
