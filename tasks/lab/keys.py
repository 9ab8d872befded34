"""The lab's own keys: SSH keys, the built-in pair, the certificates of the admin endpoints.

Made afresh for each lab; none of them opens anything else.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tasks.core.dataclass import dataclass
from tasks.core.model import Product

_YEAR = datetime.timedelta(days=365)


def write_private(path: Path, content: bytes) -> None:
    """Write a file that nobody but its owner can read at any moment; replaces an older one."""
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def make_ssh_key(path: Path) -> str:
    """Write an ed25519 private key; returns its public line, "ssh-ed25519 AAAA…"."""
    key = ed25519.Ed25519PrivateKey.generate()
    write_private(path, key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, as PEM; the key stays out of its repr."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def __repr__(self) -> str:
        return f"Pair({self.certificate.subject.rfc4514_string()})"

    @property
    def cert_pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def make_builtin(product: Product = Product.AMLEN) -> Pair:
    """A stand-in for the pair that is compiled into the server: self-signed, P-256, CN=cluster.

    Its subject tells the tool that it is one: OU=Amlen, or O=IBM of the Message Gateway.
    """
    if product is Product.MESSAGESIGHT:
        subject = _name("cluster", unit="MessageSight", organization="IBM")
    else:
        subject = _name("cluster", unit="Amlen")
    return _issue(subject, None, years=20, extensions=_ca_extensions())


def make_ca(common_name: str) -> Pair:
    return _issue(_name(common_name), None, years=5, extensions=_ca_extensions())


def make_server_pair(ca: Pair, *, name: str, addresses: tuple[str, ...]) -> Pair:
    """A certificate for one TLS server at these IP addresses, issued by ca."""
    places = [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
    alternatives = x509.SubjectAlternativeName([x509.DNSName(name), *places])
    extensions = (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (alternatives, False),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key()), False),
    )
    return _issue(_name(name), ca, years=2, extensions=extensions)


def make_key_pem() -> bytes:
    """A P-256 key that fits no certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _ca_extensions() -> tuple[tuple[x509.ExtensionType, bool], ...]:
    return ((x509.BasicConstraints(ca=True, path_length=None), True),)


def _name(common_name: str, *, unit: str = "Rehearsal lab", organization: str | None = None) -> x509.Name:
    attributes = (
        (NameOID.ORGANIZATION_NAME, organization),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
        (NameOID.COMMON_NAME, common_name),
    )
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes if value is not None])


def _issue(
    subject: x509.Name,
    issuer: Pair | None,
    *,
    years: int,
    extensions: tuple[tuple[x509.ExtensionType, bool], ...],
) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + years * _YEAR)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return Pair(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)
