"""Certificates in whatever form a PKI hands them out: PEM, DER or PKCS#7, one or many."""

from __future__ import annotations

from collections.abc import Callable

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from tasks.core.certificates import Certificate, CertificateFault, parse_pem_chain
from tasks.core.pem import describe_without_blocks, hidden_blocks, pem_blocks
from tasks.core.x509_facts import MALFORMED

_BUNDLES = ("PKCS7", "PKCS #7 SIGNED DATA", "CMS")  # one thing, named by several programs


def certificates_in(data: bytes) -> tuple[Certificate, ...]:
    """Every certificate of a file, in its order; keys, requests and text beside them are passed over.

    Raises:
        CertificateFault: There is none, or one of them is broken.
    """
    blocks = pem_blocks(data)
    if not blocks and _is_der(data):
        return _from_der(data)
    if not blocks:
        raise CertificateFault(f"{describe_without_blocks(data)}, and no certificate is in it")
    if fault := hidden_blocks(data):
        raise CertificateFault(fault)
    ends = [*(block.start for block in blocks[1:]), len(data)]
    parts = zip(blocks, ends, strict=True)
    found = [one for block, end in parts for one in _from_block(block.label, data[block.start : end])]
    if not found:
        raise CertificateFault("no certificate is in it")
    return tuple(found)


def holds_certificates(data: bytes) -> bool:
    """Whether it looks as if there were any, whole or broken."""
    labels = [block.label for block in pem_blocks(data)]
    in_pem = any(label.endswith("CERTIFICATE") or label in _BUNDLES for label in labels)
    return in_pem or (not labels and _is_der(data))


def _is_der(data: bytes) -> bool:
    """Whether it begins as DER of some length does; "01" of a serial number's file does not."""
    return data[:1] == b"\x30" and data[1:2] >= b"\x80"


def _from_block(label: str, pem: bytes) -> tuple[Certificate, ...]:
    if label.endswith("CERTIFICATE"):
        return parse_pem_chain(pem)
    if label in _BUNDLES:
        named = pem.replace(b" " + label.encode("latin-1") + b"-----", b" PKCS7-----")
        return _bundle(named, pkcs7.load_pem_pkcs7_certificates)
    return ()


def _from_der(data: bytes) -> tuple[Certificate, ...]:
    try:
        return (Certificate.from_der(data),)
    except CertificateFault:
        return _bundle(data, pkcs7.load_der_pkcs7_certificates)


def _bundle(data: bytes, read: Callable[[bytes], list[x509.Certificate]]) -> tuple[Certificate, ...]:
    try:
        return tuple(Certificate.from_der(one.public_bytes(Encoding.DER)) for one in read(data))
    except (*MALFORMED, UnsupportedAlgorithm) as error:
        reason = "it is binary or a bundle, and neither a certificate nor PKCS#7 (a PKCS#12 file is not read)"
        raise CertificateFault(reason) from error
