"""What a certificate's key may be used for: keyUsage and EKU as the servers want them."""

from __future__ import annotations

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

BOTH_USAGES = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)


def key_usage(*, signs: bool, issues: bool, revokes: bool) -> x509.KeyUsage:
    """digitalSignature of a leaf, keyCertSign and cRLSign of a CA."""
    return x509.KeyUsage(
        digital_signature=signs,
        key_cert_sign=issues,
        crl_sign=revokes,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
