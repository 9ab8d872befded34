"""Credentials for the rows of the tables: whole sets, and what can be wrong with them."""

from __future__ import annotations

from collections.abc import Mapping

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from cryptography.x509.oid import ExtendedKeyUsageOID

from tasks.effects.files import CA, CERT, KEY
from tests.lab.pems import BOTH, Issued, Kind, issue

SigningKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
Files = Mapping[str, bytes | None]
NAME = "conformance"
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH


def files(leaf: Issued, *, ca: bytes | None, chain: bytes = b"") -> Files:
    """The three files of one node; without a CA file where ca is None."""
    return {CA: ca, CERT: leaf.cert_pem + chain, KEY: leaf.key_pem}


def shared(*, key: SigningKey | None = None) -> Issued:
    """A self-signed certificate that is its own CA."""
    return issue(Kind(name=NAME), key=key)


def self_signed_files() -> Files:
    leaf = shared()
    return files(leaf, ca=leaf.cert_pem)


def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def p384_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP384R1())


def leaf_files(kind: Kind) -> Files:
    """One leaf of that kind under a CA of its own."""
    root = issue(Kind(name=f"{NAME} root", authority=True))
    return files(issue(kind, by=root), ca=root.cert_pem)


def usage_files(*usages: x509.ObjectIdentifier) -> Files:
    return leaf_files(Kind(name=NAME, usages=usages))


def chain_files(*, sent: bool, trusted: str) -> Files:
    """A leaf under an intermediate CA.

    Args:
        sent: Whether Cluster_cert.pem holds the intermediate as well.
        trusted: What the CA file holds: "root", "intermediate" or "both".
    """
    root = issue(Kind(name=f"{NAME} root", authority=True))
    middle = issue(Kind(name=f"{NAME} intermediate", authority=True), by=root)
    leaf = issue(Kind(name=NAME, usages=BOTH), by=middle)
    ca = {"root": root.cert_pem, "intermediate": middle.cert_pem, "both": root.cert_pem + middle.cert_pem}
    return files(leaf, ca=ca[trusted], chain=middle.cert_pem if sent else b"")


def refused_by_openssl() -> Mapping[str, Files]:
    """By id, the files that the server opens and can make no TLS context of (T1)."""
    leaf, other, weak = shared(), shared(), shared(key=rsa_key(1024))
    good = files(leaf, ca=leaf.cert_pem)
    return {
        "the key of another certificate": {**good, KEY: other.key_pem},
        "a garbage key": {**good, KEY: b"garbage\n"},
        "an encrypted key": {**good, KEY: leaf.encoded_key(BestAvailableEncryption(b"secret"))},
        "an empty CA file": {**good, CA: b""},
        "a garbage CA file": {**good, CA: b"garbage\n"},
        "RSA 1024": files(weak, ca=weak.cert_pem),
    }
