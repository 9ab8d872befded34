"""Making credential sets: a shared self-signed one, or a CA of its own with one leaf per member."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tasks.core.certificates import Certificate, parse_pem_chain
from tasks.core.credential_set import CredentialSet
from tasks.core.private_keys import PrivateKey, SigningKey, UnreadableKey, read_private_key

CLOCK_SKEW = timedelta(minutes=5)
BOTH_USAGES = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject: common name, organization and unit ("" for none), DNS names and IP addresses."""

    common_name: str
    organization: str = ""
    unit: str = ""
    alternative_names: tuple[str, ...] = ()

    def name(self) -> x509.Name:
        parts = (
            (NameOID.ORGANIZATION_NAME, self.organization),
            (NameOID.ORGANIZATIONAL_UNIT_NAME, self.unit),
            (NameOID.COMMON_NAME, self.common_name),
        )
        return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts if value])


@dataclass(frozen=True, slots=True)
class Recipe:
    """One certificate to make. The defaults are what the server needs.

    Args:
        usages: The EKU; empty for none.
        is_ca: It may sign others; a leaf that is its own CA may, too.
        path_length: How many CAs may stand between it and a leaf, if it is one; None for any number.
    """

    subject: Subject
    not_before: datetime
    not_after: datetime
    usages: tuple[x509.ObjectIdentifier, ...] = BOTH_USAGES
    is_ca: bool = False
    path_length: int | None = 0


@dataclass(frozen=True, slots=True)
class Issuer:
    """A certificate that signs others, with its key."""

    certificate: Certificate
    key: PrivateKey


@dataclass(frozen=True, slots=True)
class OwnCa:
    """A CA made for one cluster and the sets that it issued, by member name."""

    issuer: Issuer
    sets: Mapping[str, CredentialSet] = field(default_factory=dict)


def new_key() -> PrivateKey:
    """An ECDSA P-256 key: the only kind that serves TLS 1.2 and 1.3 alike."""
    return private_key(ec.generate_private_key(ec.SECP256R1()))


def private_key(key: SigningKey) -> PrivateKey:
    """Any key, as the unencrypted PKCS#8 file that the server reads."""
    read = read_private_key(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    if isinstance(read, UnreadableKey):
        raise ValueError(read.reason)
    return read


def shared_self_signed(subject: Subject, *, days: int, now: datetime) -> CredentialSet:
    """One set for all members; the certificate is its own CA file.

    It may sign (CA, keyCertSign), as OpenSSL before 3.0 wants of a certificate that is its own issuer.

    Args:
        days: Valid from `now` (less five minutes for clocks that are behind) for this many days.
    """
    key = new_key()
    certificate = issue(_recipe(subject, days=days, now=now, is_ca=True), key, issuer=None)
    return credential_set("shared", key, chain=(certificate,), ca=(certificate,))


def ca_with_leafs(
    subject: Subject, *, members: Mapping[str, Subject], days: int, ca_days: int, now: datetime
) -> OwnCa:
    """A CA of its own for one cluster, and one set per member under it.

    Args:
        subject: Of the CA.
        members: Subject of each leaf by member name.
        days, ca_days: How long leafs and CA are valid; a leaf never outlives its CA.
    """
    issuer = new_ca(subject, days=ca_days, now=now)
    leafs = {
        member: leaf_set(member, issuer, subject=leaf, days=min(days, ca_days), now=now)
        for member, leaf in members.items()
    }
    return OwnCa(issuer, leafs)


def new_ca(subject: Subject, *, days: int, now: datetime) -> Issuer:
    """A self-signed root that may sign leafs and nothing else."""
    key = new_key()
    recipe = Recipe(subject, now - CLOCK_SKEW, now + timedelta(days=days), usages=(), is_ca=True)
    return Issuer(issue(recipe, key, issuer=None), key)


def leaf_set(member: str, issuer: Issuer, *, subject: Subject, days: int, now: datetime) -> CredentialSet:
    """A set for one member, signed by `issuer`; its CA file is the issuer's certificate."""
    key = new_key()
    recipe = _recipe(subject, days=days, now=now, is_ca=False)
    certificate = issue(recipe, key, issuer=issuer)
    return credential_set(member, key, chain=(certificate,), ca=(issuer.certificate,))


def issue(recipe: Recipe, key: PrivateKey, *, issuer: Issuer | None) -> Certificate:
    """Sign one certificate for `key`; self-signed where there is no issuer."""
    signer = (issuer.key if issuer else key).for_tls()
    public = key.for_tls().public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(recipe.subject.name())
        .issuer_name(_loaded(issuer.certificate).subject if issuer else recipe.subject.name())
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(recipe.not_before)
        .not_valid_after(recipe.not_after)
    )
    for extension, critical in _extensions(recipe, key, issuer=issuer):
        builder = builder.add_extension(extension, critical=critical)
    edwards = isinstance(signer, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    signed = builder.sign(signer, None if edwards else hashes.SHA256())
    return Certificate.from_der(signed.public_bytes(Encoding.DER))


def credential_set(
    label: str, key: PrivateKey, *, chain: Sequence[Certificate], ca: Sequence[Certificate]
) -> CredentialSet:
    """A set of these, unjudged: `credential_set.load` judges."""
    cert_pem = b"".join(certificate.pem() for certificate in chain)
    ca_pem = b"".join(certificate.pem() for certificate in ca)
    return CredentialSet(label, key, parse_pem_chain(cert_pem), parse_pem_chain(ca_pem), cert_pem, ca_pem)


def _recipe(subject: Subject, *, days: int, now: datetime, is_ca: bool) -> Recipe:
    return Recipe(subject, now - CLOCK_SKEW, now + timedelta(days=days), is_ca=is_ca)


def _extensions(
    recipe: Recipe, key: PrivateKey, *, issuer: Issuer | None
) -> list[tuple[x509.ExtensionType, bool]]:
    public = key.for_tls().public_key()
    signer = (issuer.key if issuer else key).for_tls().public_key()
    found: list[tuple[x509.ExtensionType, bool]] = [
        (
            x509.BasicConstraints(ca=recipe.is_ca, path_length=recipe.path_length if recipe.is_ca else None),
            True,
        ),
        (_key_usage(recipe), True),
        (x509.SubjectKeyIdentifier.from_public_key(public), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), False),
    ]
    if recipe.usages:
        found.append((x509.ExtendedKeyUsage(recipe.usages), False))
    if recipe.subject.alternative_names:
        names = [_general_name(name) for name in recipe.subject.alternative_names]
        found.append((x509.SubjectAlternativeName(names), False))
    return found


def _key_usage(recipe: Recipe) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=bool(recipe.usages) or not recipe.is_ca,
        key_cert_sign=recipe.is_ca,
        crl_sign=recipe.is_ca and not recipe.usages,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _loaded(certificate: Certificate) -> x509.Certificate:
    return x509.load_der_x509_certificate(certificate.der)
