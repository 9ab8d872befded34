"""X.509 certificates as values, read as OpenSSL reads them."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from OpenSSL import crypto

from tasks.core import x509_facts
from tasks.core.dataclass import dataclass
from tasks.core.pem import Unreadable, broken_block, describe_without_blocks, openssl_reason, pem_blocks

BUILTIN_SHA256 = frozenset(
    {
        "67B884C96BE0DA762E6AC7C1E31D58FFEEC0EA4C3859C25A9FCF86C16F4890ED",  # O=IBM
        "208E3AEC05EEE1E195025254D99369D49F2F12B7285718E08637BE3816A7C445",  # O=Eclipse, OU=Amlen
    }
)
EXPIRES_SOON = timedelta(days=30)


class CertificateFault(Unreadable):
    """Bytes that do not hold the certificates wanted."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate; two are equal when their DER bytes are.

    Args:
        subject, issuer: RFC 4514 text.
        sha256: Fingerprint, upper-case hex without colons.
        key_kind: "EC P-256", "RSA 2048", "Ed25519"; "unknown key" if it cannot be read.
        signature_hash: "sha256"; "" where the algorithm has none of its own or it is unknown.
        eku: "serverAuth", "clientAuth" or a dotted OID; empty where the extension is missing.
        self_signed: Its own key really made its signature.
        level_fault: Why security level 2 refuses its key or signature; None if it does not.
        may_sign: Its key usage, if it has one, holds digitalSignature.
    """

    der: bytes = field(repr=False)
    subject: str = field(compare=False)
    issuer: str = field(compare=False, repr=False)
    not_before: datetime = field(compare=False, repr=False)
    not_after: datetime = field(compare=False, repr=False)
    sha256: str = field(compare=False)
    key_kind: str = field(compare=False, repr=False)
    signature_hash: str = field(compare=False, repr=False)
    eku: frozenset[str] = field(compare=False, repr=False)
    self_signed: bool = field(compare=False, repr=False)
    is_ca: bool = field(compare=False, repr=False)
    level_fault: str | None = field(compare=False, repr=False)
    may_sign: bool = field(compare=False, repr=False)

    @classmethod
    def from_der(cls, der: bytes) -> Certificate:
        """Raises CertificateFault if these are not the bytes of one certificate."""
        try:
            crypto.load_certificate(crypto.FILETYPE_ASN1, der)  # which refuses names that cryptography takes
            return _parsed(x509.load_der_x509_certificate(der))
        except (crypto.Error, *x509_facts.MALFORMED) as error:
            raise CertificateFault("it is not a well-formed X.509 certificate") from error

    def public_key_der(self) -> bytes:
        """The subject public key info, to compare with a private key's; b"" where the key cannot be read."""
        try:
            key = x509.load_der_x509_certificate(self.der).public_key()
        except (ValueError, UnsupportedAlgorithm):
            return b""
        return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def pem(self) -> bytes:
        return x509.load_der_x509_certificate(self.der).public_bytes(Encoding.PEM)


@lru_cache(maxsize=512)
def parse_pem_chain(data: bytes) -> tuple[Certificate, ...]:
    """Every certificate of a PEM file in its order, as OpenSSL's file readers find them.

    Raises:
        CertificateFault: There is none, or one of them is broken.
    """
    blocks = [block for block in pem_blocks(data) if block.label.endswith("CERTIFICATE")]
    if not blocks:
        raise CertificateFault(f"{describe_without_blocks(data)}, and no certificate is in it")
    found = tuple(
        _parse_block(data[block.start :], label=block.label, number=number)
        for number, block in enumerate(blocks, 1)
    )
    if fault := broken_block(data):
        raise CertificateFault(fault)
    return found


def issued_by(certificate: Certificate, issuer: Certificate) -> bool:
    """Whether it bears the issuer's name and signature."""
    child, parent = (x509.load_der_x509_certificate(one.der) for one in (certificate, issuer))
    return x509_facts.is_signed_by(child, parent)


@lru_cache(maxsize=2048)
def is_builtin(certificate: Certificate) -> bool:
    """Whether this is a certificate whose private key is public with the product.

    The known fingerprints, or self-signed with the subject that the product's builds give it:
    CN=cluster together with OU=Amlen or O=IBM. CN=cluster alone is anybody's choice of a name.
    """
    if certificate.sha256 in BUILTIN_SHA256:
        return True
    return named_cluster(certificate) and bool(
        _names(certificate)
        & {(NameOID.ORGANIZATIONAL_UNIT_NAME, "Amlen"), (NameOID.ORGANIZATION_NAME, "IBM")}
    )


def named_cluster(certificate: Certificate) -> bool:
    """Whether it is self-signed and CN=cluster: so is the built-in one of every build."""
    return certificate.self_signed and (NameOID.COMMON_NAME, "cluster") in _names(certificate)


def _names(certificate: Certificate) -> set[tuple[x509.ObjectIdentifier, str | bytes]]:
    name = x509.load_der_x509_certificate(certificate.der).subject
    return {(attribute.oid, attribute.value) for attribute in name}


def _parse_block(data: bytes, *, label: str, number: int) -> Certificate:
    """The certificate at the start of `data`, read by OpenSSL itself."""
    where = f"certificate {number} in it is broken"
    if label not in ("CERTIFICATE", "X509 CERTIFICATE"):
        raise CertificateFault(f"it holds a block {label}; openssl x509 -in OLD -out NEW makes it plain")
    if b"Proc-Type:" in data.partition(b"-----END ")[0]:
        raise CertificateFault(f"{where}: it is encrypted")
    try:
        return _parsed(crypto.load_certificate(crypto.FILETYPE_PEM, data).to_cryptography())
    except crypto.Error as error:
        raise CertificateFault(f"{where}: {openssl_reason(error)}") from error
    except x509_facts.MALFORMED as error:
        raise CertificateFault(f"{where}: it is not well-formed") from error


def _parsed(found: x509.Certificate) -> Certificate:
    """Raises one of x509_facts.MALFORMED where a field or an extension is so."""
    return Certificate(
        der=found.public_bytes(Encoding.DER),
        subject=found.subject.rfc4514_string(),
        issuer=found.issuer.rfc4514_string(),
        not_before=found.not_valid_before_utc,
        not_after=found.not_valid_after_utc,
        sha256=found.fingerprint(hashes.SHA256()).hex().upper(),
        key_kind=x509_facts.key_kind_of(found),
        signature_hash=x509_facts.signature_hash_of(found),
        eku=x509_facts.eku_of(found),
        self_signed=x509_facts.is_self_signed(found),
        is_ca=x509_facts.is_ca(found),
        level_fault=x509_facts.level_fault(found),
        may_sign=x509_facts.may_sign(found),
    )
