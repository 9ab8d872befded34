"""Making credential sets: a shared self-signed one, or a CA of its own with one leaf per member."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tasks.core.certificates import Certificate, parse_pem_chain
from tasks.core.credential_set import CredentialSet
from tasks.core.dataclass import dataclass
from tasks.core.private_keys import PrivateKey, SigningKey, UnreadableKey, read_private_key
from tasks.core.subjects import KeptSubject, kept_subject
from tasks.core.subjects import Subject as Subject
from tasks.core.usages import BOTH_USAGES as BOTH_USAGES
from tasks.core.usages import key_usage

CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Recipe:
    """One certificate to make. The defaults are what the server needs.

    Args:
        usages: The EKU; empty for none.
        is_ca: It may sign others; a leaf that is its own CA may, too.
        path_length: How many CAs may stand between it and a leaf, if it is one; None for any number.
    """

    subject: Subject | KeptSubject
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
    """A CA made for one cluster and the sets that it issued, by member name.

    Args:
        issuer: What signed them.
        root: Above the issuer, where that is an intermediate; else None.
    """

    issuer: Issuer
    sets: Mapping[str, CredentialSet] = field(default_factory=dict)
    root: Issuer | None = None

    @property
    def above(self) -> tuple[Certificate, ...]:
        """From the issuer's parent up to the root."""
        return (self.root.certificate,) if self.root else ()


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
    subject: Subject,
    *,
    members: Mapping[str, Subject],
    days: int,
    ca_days: int,
    now: datetime,
    intermediate: Subject | None = None,
) -> OwnCa:
    """A CA of its own for one cluster, and one set per member under it.

    Args:
        subject: Of the root.
        members: Subject of each leaf by member name.
        days, ca_days: How long leafs and CA are valid; a leaf never outlives its CA.
        intermediate: Subject of a CA between root and leafs; None for none.
    """
    root = new_ca(subject, days=ca_days, now=now, path_length=0 if intermediate is None else 1)
    issuer = root if intermediate is None else new_ca(intermediate, days=ca_days, now=now, under=root)
    above = () if intermediate is None else (root.certificate,)
    leafs = {
        member: leaf_set(member, issuer, subject=leaf, days=days, now=now, above=above)
        for member, leaf in members.items()
    }
    return OwnCa(issuer, leafs, None if intermediate is None else root)


def new_ca(
    subject: Subject, *, days: int, now: datetime, path_length: int = 0, under: Issuer | None = None
) -> Issuer:
    """A CA that may sign leafs, and as many CAs in a row below it as `path_length` says.

    Args:
        under: What signs it; None for a self-signed root.
    """
    key = new_key()
    recipe = Recipe(
        subject, now - CLOCK_SKEW, now + timedelta(days=days), usages=(), is_ca=True, path_length=path_length
    )
    return Issuer(issue(recipe, key, issuer=under), key)


def leaf_set(
    member: str,
    issuer: Issuer,
    *,
    subject: Subject,
    days: int,
    now: datetime,
    above: Sequence[Certificate] = (),
) -> CredentialSet:
    """A set for one member, signed by `issuer`; its CA file is the root.

    Args:
        above: From the issuer's parent up to the root; empty where the issuer is the root. What is
            between leaf and root goes into the certificate file.
    """
    key = new_key()
    chain = (issuer.certificate, *above)
    recipe = Recipe(subject, now - CLOCK_SKEW, until(days, chain, now=now))
    *between, root = chain
    return credential_set(member, key, chain=(issue(recipe, key, issuer=issuer), *between), ca=(root,))


def until(days: int, chain: Sequence[Certificate], *, now: datetime) -> datetime:
    """The end of a leaf that is to be valid for so many days: never later than that of a CA above it."""
    ends = (one.not_after for one in chain if one.not_after > now)  # of an expired CA nothing is of use
    return min(now + timedelta(days=days), *ends)


def renewed(one: CredentialSet, issuer: Issuer, *, ends: datetime, now: datetime) -> CredentialSet:
    """The same set with a new key and leaf: subject, names, the CAs above it and its CA file are kept."""
    key = new_key()
    recipe = Recipe(kept_subject(one.leaf), now - CLOCK_SKEW, ends)
    chain = (issue(recipe, key, issuer=issuer), *one.chain[1:])
    cert_pem = b"".join(certificate.pem() for certificate in chain)
    return replace(one, key=key, chain=chain, cert_pem=cert_pem)


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
        (
            key_usage(
                signs=bool(recipe.usages) or not recipe.is_ca,
                issues=recipe.is_ca,
                revokes=recipe.is_ca and not recipe.usages,
            ),
            True,
        ),
        (x509.SubjectKeyIdentifier.from_public_key(public), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), False),
    ]
    if recipe.usages:
        found.append((x509.ExtendedKeyUsage(recipe.usages), False))
    if names := recipe.subject.alternatives():
        found.append((x509.SubjectAlternativeName(names), False))
    return found


def _loaded(certificate: Certificate) -> x509.Certificate:
    return x509.load_der_x509_certificate(certificate.der)
