"""Certificates and keys for the corpus: whatever an operator may be handed, good or bad; made anew each time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
BOTH = (SERVER, CLIENT)
SIGNS = frozenset({"digital_signature"})
ISSUES = frozenset({"key_cert_sign", "crl_sign"})
NOW = datetime.now(UTC).replace(microsecond=0)
_USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


CURVES: dict[str, ec.EllipticCurve] = {
    "P-192": ec.SECP192R1(),
    "P-224": ec.SECP224R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
    "secp256k1": ec.SECP256K1(),
    "Brainpool P-256": ec.BrainpoolP256R1(),
    "Brainpool P-384": ec.BrainpoolP384R1(),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """What one certificate says.

    Args:
        starts, ends: Days from now.
        ca: basicConstraints; None for none.
        usages: keyUsage by cryptography's names; None for none.
        eku: None for none.
        named: subjectKeyIdentifier and authorityKeyIdentifier are there.
        names: DNS names in subjectAltName.
        permitted: A DNS subtree to which the names below a CA are constrained.
        unknown: Whether an extension that no program knows is critical; None for no such extension.
    """

    starts: float = -1.0
    ends: float = 300.0
    ca: bool | None = False
    path_length: int | None = None
    usages: frozenset[str] | None = SIGNS
    eku: Sequence[x509.ObjectIdentifier] | None = BOTH
    named: bool = True
    names: tuple[str, ...] = ()
    permitted: str = ""
    pss: bool = False
    serial: int | None = None
    unknown: bool | None = None


CA = Kind(ca=True, usages=ISSUES, eku=None)
SELF = Kind(ca=True, usages=SIGNS | {"key_cert_sign"})  # a shared certificate, which is its own CA
LEAF = Kind()
BARE = Kind(ca=None, usages=None, eku=None, named=False)
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def key_pem(self) -> bytes:
        return self.encoded(PrivateFormat.PKCS8)

    def encoded(
        self,
        form: PrivateFormat,
        *,
        encryption: KeySerializationEncryption | None = None,
        encoding: Encoding = Encoding.PEM,
    ) -> bytes:
        return self.key.private_bytes(encoding, form, encryption or NoEncryption())

    @property
    def encrypted(self) -> bytes:
        return self.encoded(PrivateFormat.PKCS8, encryption=BestAvailableEncryption(b"secret"))


def p256() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def curve(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(CURVES[name])


@cache
def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def name(text: str, unit: str = "") -> x509.Name:
    parts = ((NameOID.ORGANIZATIONAL_UNIT_NAME, unit), (NameOID.COMMON_NAME, text))
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts if value])


def printable(text: str) -> x509.Name:
    """The same name as `name` makes, as a PrintableString in place of UTF-8."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text, _type=_ASN1Type.PrintableString)])


def issue(
    subject: str,
    kind: Kind = LEAF,
    *,
    by: Issued | None = None,
    key: Key | None = None,
    unit: str = "",
    issuer: x509.Name | None = None,
) -> Issued:
    """Signed by another one, or by itself; `issuer` is what it says in place of the signer's name."""
    key = key or p256()
    signer = by.key if by else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject, unit))
        .issuer_name(issuer or (by.certificate.subject if by else name(subject, unit)))
        .public_key(key.public_key())
        .serial_number(kind.serial or x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=kind.starts))
        .not_valid_after(NOW + timedelta(days=kind.ends))
    )
    for extension, critical in _extensions(kind, key, signer):
        builder = builder.add_extension(extension, critical=critical)
    edwards = isinstance(signer, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH) if kind.pss else None
    return Issued(builder.sign(signer, None if edwards else hashes.SHA256(), rsa_padding=pss), key)


def _extensions(kind: Kind, key: Key, signer: Key) -> list[tuple[x509.ExtensionType, bool]]:
    found: list[tuple[x509.ExtensionType, bool]] = []
    if kind.ca is not None:
        found.append((x509.BasicConstraints(kind.ca, kind.path_length if kind.ca else None), True))
    if kind.usages is not None:
        found.append((x509.KeyUsage(**{usage: usage in kind.usages for usage in _USAGES}), True))
    if kind.eku is not None:
        found.append((x509.ExtendedKeyUsage(list(kind.eku)), False))
    if kind.named:
        found.append((x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False))
        found.append((x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False))
    if kind.names:
        found.append((x509.SubjectAlternativeName([x509.DNSName(each) for each in kind.names]), False))
    if kind.permitted:
        found.append((x509.NameConstraints([x509.DNSName(kind.permitted)], None), True))
    if kind.unknown is not None:
        found.append((UNKNOWN, kind.unknown))
    return found


def revocations(
    by: Issued,
    *revoked: Issued,
    ends: float = 30.0,
    starts: float = -1.0,
    number: int | None = 1,
    issuer: x509.Name | None = None,
    more: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> bytes:
    """A revocation list in PEM; days from now. `more` are extensions, and whether they are critical."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer or by.certificate.subject)
        .last_update(NOW + timedelta(days=starts))
        .next_update(NOW + timedelta(days=ends))
    )
    numbers = () if number is None else ((x509.CRLNumber(number), False),)
    for extension, critical in (*numbers, *more):
        builder = builder.add_extension(extension, critical=critical)
    for each in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(each.certificate.serial_number)
        builder = builder.add_revoked_certificate(entry.revocation_date(NOW + timedelta(days=starts)).build())
    return builder.sign(by.key, hashes.SHA256()).public_bytes(Encoding.PEM)


def only_for(*, users: bool = False, authorities: bool = False) -> x509.IssuingDistributionPoint:
    """For a list that speaks of the certificates of users, or of authorities, alone."""
    return x509.IssuingDistributionPoint(
        full_name=None,
        relative_name=None,
        only_contains_user_certs=users,
        only_contains_ca_certs=authorities,
        only_some_reasons=None,
        indirect_crl=False,
        only_contains_attribute_certs=False,
    )
