"""What a parsed X.509 certificate says, in the words and by the rules that matter to the server."""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, PublicKeyAlgorithmOID

# What cryptography raises where a certificate or list is not as it must be. OpenSSL itself may load such a one,
# and marks it invalid: nobody trusts it.
MALFORMED = (ValueError, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)

_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
_EKU = {ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth", ExtendedKeyUsageOID.CLIENT_AUTH: "clientAuth"}
_WEAK_HASHES = frozenset({"md5", "sha1"})


def key_kind(key: object) -> str:
    """ "EC P-256", "RSA 2048", "Ed25519", … of a public or private key."""
    match key:
        case ec.EllipticCurvePublicKey() | ec.EllipticCurvePrivateKey():
            return f"EC {_CURVES.get(key.curve.name, key.curve.name)}"
        case rsa.RSAPublicKey() | rsa.RSAPrivateKey():
            return f"RSA {key.key_size}"
        case dsa.DSAPublicKey() | dsa.DSAPrivateKey():
            return f"DSA {key.key_size}"
        case ed25519.Ed25519PublicKey() | ed25519.Ed25519PrivateKey():
            return "Ed25519"
        case ed448.Ed448PublicKey() | ed448.Ed448PrivateKey():
            return "Ed448"
        case _:
            return type(key).__name__.removesuffix("PublicKey").removesuffix("PrivateKey")


def key_kind_of(certificate: x509.Certificate) -> str:
    """As `key_kind`; "unknown key" where the key cannot be read."""
    try:
        kind = key_kind(certificate.public_key())
    except (ValueError, UnsupportedAlgorithm):
        return "unknown key"
    pss = certificate.public_key_algorithm_oid == PublicKeyAlgorithmOID.RSASSA_PSS
    return kind.replace("RSA ", "RSA-PSS ") if pss else kind


def signature_hash_of(certificate: x509.Certificate) -> str:
    """ "sha256"; "" where the signature has no hash of its own or it is unknown."""
    try:
        algorithm = certificate.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        return ""
    return algorithm.name if algorithm else ""


def eku_of(certificate: x509.Certificate) -> frozenset[str]:
    """Extended key usages by name or dotted OID; empty where the extension is missing."""
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return frozenset()
    return frozenset(_EKU.get(oid, oid.dotted_string) for oid in usages)


def may_sign(certificate: x509.Certificate) -> bool:
    """Whether its key usage, if it has one, allows signatures: below TLS 1.3 the server's certificate needs that."""
    usage = _key_usage(certificate)
    return usage is None or usage.digital_signature


def may_sign_lists(certificate: x509.Certificate) -> bool:
    """The same for revocation lists."""
    usage = _key_usage(certificate)
    return usage is None or usage.crl_sign


def _key_usage(certificate: x509.Certificate) -> x509.KeyUsage | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return None


def is_ca(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def is_self_signed(certificate: x509.Certificate) -> bool:
    """Whether its own key made its signature: equal names alone do not make it so."""
    return is_signed_by(certificate, certificate)


def is_signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether it bears the issuer's name and signature; also by digests too weak to be trusted."""
    if certificate.issuer != issuer.subject:
        return False
    try:
        key, digest = issuer.public_key(), certificate.signature_hash_algorithm
        if digest is None or digest.name not in _WEAK_HASHES:
            certificate.verify_directly_issued_by(issuer)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(certificate.signature, certificate.tbs_certificate_bytes, ec.ECDSA(digest))
        elif isinstance(key, rsa.RSAPublicKey):
            how = padding.PKCS1v15()
            key.verify(certificate.signature, certificate.tbs_certificate_bytes, how, digest)
        else:
            return False
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def level_fault(certificate: x509.Certificate) -> str | None:
    """Why OpenSSL's security level 2 (112 bits) refuses its key or signature; None if it does not.

    The signature of a self-signed certificate proves nothing and is not looked at.
    """
    if fault := key_level_fault(key_kind_of(certificate)):
        return fault
    used = signature_hash_of(certificate)
    if used in _WEAK_HASHES and not is_self_signed(certificate):
        return f"signature digest too weak ({used})"
    return None


def key_level_fault(kind: str) -> str | None:
    """Why security level 2 refuses a key of this kind; None if it does not."""
    family, _, size = kind.partition(" ")
    if family in ("RSA", "RSA-PSS", "DSA") and int(size) < 2048:
        return f"key too weak ({kind}; at least {family} 2048 is wanted)"
    if kind in ("EC secp192r1", "EC sect163k1", "EC sect163r2"):
        return f"key too weak ({kind}; EC P-256 is wanted)"
    return None
