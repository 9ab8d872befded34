"""What the servers' OpenSSL 3.0 refuses and the newer one beside this lab lets pass.

Found by the corpus of `tests/verdict`, which is judged by the servers' own library (tests/lab/test_tls_corpus.py).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

_CERTIFICATE = re.compile(
    rb"-----BEGIN (X509 )?CERTIFICATE-----.*?-----END (X509 )?CERTIFICATE-----", re.DOTALL
)
_WEAK_HASHES = frozenset({"md5", "sha1"})


def weak_signature(chain_file: bytes) -> bool:
    """Whether a certificate of a chain file has a signature below security level 2.

    3.0 makes no context of such a file; newer ones leave it to the peer. A self-signed one proves nothing.

    Raises:
        ValueError: One of its certificates is not well-formed.
    """
    blocks = (match.group() for match in _CERTIFICATE.finditer(chain_file))
    return any(_is_weak(x509.load_pem_x509_certificate(block)) for block in blocks)


def _is_weak(certificate: x509.Certificate) -> bool:
    if certificate.subject == certificate.issuer:
        return False
    used = certificate.signature_hash_algorithm
    return used is not None and used.name in _WEAK_HASHES


def own_list_allows(leaf: x509.Certificate, crl: x509.CertificateRevocationList) -> bool:
    """Whether a self-signed client passes where a list is loaded: it must have issued the list, too.

    3.0 wants a list for it as for every other client; newer ones ask none for a certificate that is its own root.
    """
    if leaf.subject != leaf.issuer:
        return True
    if crl.issuer != leaf.subject or not _may_sign_lists(leaf) or not _signed(leaf, crl):
        return False
    return _in_force(crl) and crl.get_revoked_certificate_by_serial_number(leaf.serial_number) is None


def _may_sign_lists(leaf: x509.Certificate) -> bool:
    try:
        return leaf.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True


def _signed(leaf: x509.Certificate, crl: x509.CertificateRevocationList) -> bool:
    try:
        return crl.is_signature_valid(leaf.public_key())  # type: ignore[arg-type]
    except (TypeError, ValueError, InvalidSignature, UnsupportedAlgorithm):
        return False


def _in_force(crl: x509.CertificateRevocationList) -> bool:
    now = datetime.now(UTC)
    return crl.last_update_utc <= now and (crl.next_update_utc is None or now <= crl.next_update_utc)
