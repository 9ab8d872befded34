"""Certificates of every kind that the credential rules know, as PEM bytes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
BOTH = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def cert_pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.encoded_key(serialization.NoEncryption())

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the DER form, as hex."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    def encoded_key(self, encryption: serialization.KeySerializationEncryption) -> bytes:
        pkcs8 = serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(serialization.Encoding.PEM, pkcs8, encryption)


@dataclass(frozen=True, slots=True)
class Kind:
    """What a certificate is to be; the default is a leaf that the rules accept."""

    name: str = "cluster"
    usages: tuple[x509.ObjectIdentifier, ...] = BOTH  # () for no EKU at all
    starts_days: int = -1
    ends_days: int = 30
    authority: bool = False


def p256() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def issue(kind: Kind, *, by: Issued | None = None, key: PrivateKey | None = None) -> Issued:
    """A certificate of that kind; self-signed unless there is an issuer."""
    key = key or p256()
    subject = _name(kind.name)
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=kind.starts_days))
        .not_valid_after(now + timedelta(days=kind.ends_days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if kind.authority or by is None:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    if kind.usages and not kind.authority:
        builder = builder.add_extension(x509.ExtendedKeyUsage(kind.usages), critical=False)
    if by is not None:
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key()), critical=False
        )
    return Issued(builder.sign(by.key if by else key, hashes.SHA256()), key)


def revocations(authority: Issued, *revoked: Issued, ends_days: int = 30) -> bytes:
    """A CRL of that authority, PEM."""
    now = datetime.now(UTC)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(now - timedelta(days=20))
        .next_update(now + timedelta(days=ends_days))
    )
    for one in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(one.certificate.serial_number)
        builder = builder.add_revoked_certificate(entry.revocation_date(now - timedelta(days=1)).build())
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _name(common_name: str) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    parts += [x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Amlen")]
    return x509.Name(parts)
