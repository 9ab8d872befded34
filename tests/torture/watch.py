"""Independent eyes on a lab: does key fit certificate on every disk at every moment, is a key in an argument."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tasks.core.private_keys import UnreadableKey, read_private_key
from tasks.lab.layout import Lab, LabNode

PAIRS_EVERY_S = 0.005
ARGUMENTS_EVERY = 40  # looks at the pairs for one at the arguments
_SPKI = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def secret_pieces(pem: bytes) -> tuple[bytes, ...]:
    """Pieces of a key's base64 that are nowhere else: neither in other keys nor in its certificate."""
    text = b"".join(pem.splitlines()[1:-1])
    return text[48:90], text[96:144]


@dataclass(slots=True)
class Watched:
    """What was seen so far.

    Args:
        looks: At the disks.
        pairs: Of key and certificate that were seen, fitting or not.
        mismatched: Nodes where a key lay beside a certificate that is not its own.
        told: What processes held parts of a key in their arguments.
    """

    looks: int = 0
    pairs: set[tuple[bytes, bytes]] = field(default_factory=set)
    mismatched: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)


@contextmanager
def watching(lab: Lab) -> Iterator[Watched]:
    """What is seen while the block runs."""
    seen, over = Watched(), threading.Event()
    fits: dict[tuple[bytes, bytes], bool] = {}

    def look() -> None:
        while not over.wait(PAIRS_EVERY_S):
            for node in lab.nodes:
                if (pair := _pair(node)) is not None:
                    fits[pair] = fits[pair] if pair in fits else _fits(*pair)
                    seen.pairs.add(pair)
                    if not fits[pair]:
                        seen.mismatched.add(node.name)
            if seen.looks % ARGUMENTS_EVERY == 0:
                seen.told |= arguments_with({piece for key, _ in seen.pairs for piece in secret_pieces(key)})
            seen.looks += 1

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join(timeout=10)


def _pair(node: LabNode) -> tuple[bytes, bytes] | None:
    """Key and certificate that lay there at one and the same moment; None where one is absent, or on its way."""
    keystore = node.certificates / "keystore"
    with suppress(OSError):
        key = (keystore / "Cluster_key.pem").read_bytes()
        certificate = (keystore / "Cluster_cert.pem").read_bytes()
        if (keystore / "Cluster_key.pem").read_bytes() == key:
            return key, certificate
    return None


def _fits(key: bytes, certificate: bytes) -> bool:
    private = read_private_key(key)
    if isinstance(private, UnreadableKey):
        return False
    try:
        leaf = x509.load_pem_x509_certificates(certificate)[0]
    except ValueError:
        return False
    return private.for_tls().public_key().public_bytes(*_SPKI) == leaf.public_key().public_bytes(*_SPKI)


def arguments_with(pieces: set[bytes]) -> set[str]:
    """The processes of this machine that show one of them to everybody."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            content = path.read_bytes()
            if any(piece in content for piece in pieces):
                found.add(path.parent.name)
    return found
