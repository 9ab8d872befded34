"""From a certificate up to its root, through whatever certificates lie around."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from cryptography import x509

from tasks.core.certificates import Certificate, issued_by

Path = tuple[Certificate, ...]
_DEEPEST = 8  # certificates above a leaf; longer chains are a mistake


def path_up(certificate: Certificate, among: Sequence[Certificate], *, at: datetime) -> Path:
    """From the certificate's issuer up to the self-signed root, as far as it is there.

    Where several ways lead up, the one that ends at a root, of CAs that are valid, short, and valid for
    long; never by the order in which the certificates lie.
    """
    return max(_ways(certificate, frozenset(among)), key=lambda way: _worth(way, at=at))


def ends_at_root(path: Path) -> bool:
    """Whether the last of it is a self-signed certificate."""
    return bool(path) and path[-1].self_signed


def valid_at(certificate: Certificate, at: datetime) -> bool:
    return certificate.not_before <= at <= certificate.not_after


def _ways(certificate: Certificate, among: frozenset[Certificate], depth: int = 0) -> Iterator[Path]:
    parents = [] if certificate.self_signed or depth == _DEEPEST else _parents(certificate, among)
    if not parents:
        yield ()
    for parent in parents:
        yield from ((parent, *rest) for rest in _ways(parent, among - {certificate, parent}, depth + 1))


def _parents(certificate: Certificate, among: frozenset[Certificate]) -> list[Certificate]:
    others = (one for one in among if one != certificate)
    return [one for one in others if issued_by(certificate, one)]


def _worth(way: Path, *, at: datetime) -> tuple[object, ...]:
    return (
        ends_at_root(way),
        all(one.is_ca for one in way),
        all(valid_at(one, at) for one in way),
        -len(way) if ends_at_root(way) else len(way),
        min((one.not_after.timestamp() for one in way), default=0.0),
        tuple(one.sha256 for one in way),
    )


def _parsed(certificate: Certificate) -> x509.Certificate:
    return x509.load_der_x509_certificate(certificate.der)
