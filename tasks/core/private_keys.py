"""Private keys: the one module that reads key bytes, and the type that hides them."""

from __future__ import annotations

import hmac
from typing import Literal, NoReturn

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
)
from OpenSSL import crypto

from tasks.core.certificates import Certificate
from tasks.core.dataclass import dataclass
from tasks.core.pem import PemBlock, describe_without_blocks, openssl_reason, pem_blocks
from tasks.core.secret import SecretStr
from tasks.core.x509_facts import key_kind

SigningKey = (
    ec.EllipticCurvePrivateKey
    | rsa.RSAPrivateKey
    | dsa.DSAPrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
)

_RSA_PSS = 912  # EVP_PKEY_RSA_PSS


class PrivateKey:
    """A key and the file it came from. Nothing of it shows in repr, copies or pickles."""

    __slots__ = ("_file", "_key", "kind")

    def __init__(self, file: bytes, *, key: SigningKey, pss: bool = False) -> None:
        self._file = file
        self._key = key
        self.kind = key_kind(key).replace("RSA ", "RSA-PSS ") if pss else key_kind(key)

    def file_bytes(self) -> bytes:
        """The file's very bytes: for writing it to its place, for nothing else."""
        return self._file

    def for_tls(self) -> SigningKey:
        """The key object, to sign with or to give to a TLS context."""
        return self._key

    def matches(self, certificate: Certificate) -> bool:
        """Whether this is the key of that certificate."""
        mine = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        alike = self.kind.startswith("RSA-PSS") is certificate.key_kind.startswith("RSA-PSS")
        return alike and mine == certificate.public_key_der()

    def __repr__(self) -> str:
        return f"PrivateKey({self.kind}, hidden)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PrivateKey) and hmac.compare_digest(self._file, other._file)

    def __hash__(self) -> int:
        return hash(self._file)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a private key is neither copied nor pickled")


@dataclass(frozen=True, slots=True)
class UnreadableKey:
    """Why a key file is no use; `reason` follows "Cluster_key.pem: "."""

    kind: Literal["encrypted", "garbage", "unsupported"]
    reason: str


def read_private_key(pem: bytes) -> PrivateKey | UnreadableKey:
    """Read a key file as the server's OpenSSL does; it never asks for a passphrase."""
    blocks = pem_blocks(pem)
    keys = [block for block in blocks if block.is_private_key]
    if not keys:
        return UnreadableKey("garbage", f"{describe_without_blocks(pem)}, and no private key is in it")
    if _is_encrypted(pem, keys[0]):
        return UnreadableKey("encrypted", "the key is encrypted, and a server has no passphrase for it")
    return _load(pem, keys[0].start)


def count_keys(pem: bytes) -> int:
    """How many private keys are in the file; the server takes the first."""
    return sum(block.is_private_key for block in pem_blocks(pem))


def _is_encrypted(pem: bytes, block: PemBlock) -> bool:
    body = pem[block.start :].partition(b"-----END ")[0]
    return block.label == "ENCRYPTED PRIVATE KEY" or b"ENCRYPTED" in body


def _load(pem: bytes, start: int) -> PrivateKey | UnreadableKey:
    try:
        # The empty passphrase keeps OpenSSL from ever asking at the terminal.
        loaded = crypto.load_privatekey(crypto.FILETYPE_PEM, pem[start:], passphrase=b"")
    except crypto.Error as error:
        return UnreadableKey("garbage", f"the key in it is broken: {openssl_reason(error)}")
    return _usable(loaded, pem)


def _usable(loaded: crypto.PKey, pem: bytes) -> PrivateKey | UnreadableKey:
    try:
        key = loaded.to_cryptography_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return UnreadableKey("unsupported", "the key's type cannot be used")
    if not isinstance(key, SigningKey):
        return UnreadableKey("unsupported", f"a key of type {key_kind(key)} cannot sign")
    return PrivateKey(pem, key=key, pss=loaded.type() == _RSA_PSS)


def needs_passphrase(pem: bytes) -> bool:
    """Whether a private key in the file is encrypted."""
    return any(_is_encrypted(pem, block) for block in pem_blocks(pem) if block.is_private_key)


def read_encrypted_key(pem: bytes, passphrase: SecretStr) -> PrivateKey | UnreadableKey:
    """Read the key of a CA, which is encrypted as no key of a server may be."""
    try:
        loaded = crypto.load_privatekey(crypto.FILETYPE_PEM, pem, passphrase=_bytes(passphrase))
    except crypto.Error:
        return UnreadableKey("encrypted", "the passphrase does not open it, or the file is broken")
    return _usable(loaded, pem)


def encrypted(key: PrivateKey, passphrase: SecretStr) -> PrivateKey:
    """The same key, whose file is encrypted PKCS#8."""
    hidden = BestAvailableEncryption(_bytes(passphrase))
    pem = key.for_tls().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, hidden)
    return PrivateKey(pem, key=key.for_tls())


def _bytes(passphrase: SecretStr) -> bytes:
    """As it was typed, UTF-8 or not."""
    return passphrase.get_secret_value().encode("utf-8", "surrogateescape")
