"""The TLS context of the server's control channel: whether it can be made of given credentials."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL, crypto

from tasks.core.certificates import Certificate
from tasks.core.pem import openssl_reason
from tasks.core.private_keys import PrivateKey

# Security level 2 is what the server's platform sets; our own OpenSSL may have another default.
CIPHERS = b"ECDHE-ECDSA-AES128-GCM-SHA256:@SECLEVEL=2"


def control_context(
    key: PrivateKey, *, chain: Sequence[Certificate], ca: Sequence[Certificate]
) -> SSL.Context:
    """A context with the control channel's settings, from values in memory.

    Raises:
        SSL.Error: OpenSSL refuses; the server would have no TLS context either (T1).

    Source:
        Eclipse Amlen, ConnectionHandler.c and ssl.c, ism_common_create_ssl_ctx.
    """
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_cipher_list(CIPHERS)
    context.set_tmp_ecdh(ec.SECP256R1())
    context.use_certificate(_parsed(chain[0]))
    for certificate in chain[1:]:
        context.add_extra_chain_cert(_parsed(certificate))
    context.use_privatekey(key.for_tls())
    context.check_privatekey()
    store = context.get_cert_store()
    for certificate in ca:
        if store is not None:
            store.add_cert(crypto.X509.from_cryptography(_parsed(certificate)))
    return context


def context_refusal(
    key: PrivateKey, *, chain: Sequence[Certificate], ca: Sequence[Certificate]
) -> str | None:
    """Why the server could not make its TLS context of these; None if it can."""
    try:
        control_context(key, chain=chain, ca=ca)
    except SSL.Error as error:
        return openssl_reason(error)
    # Unlike the loader of chain files, adding a certificate from memory skips the security level.
    return next((certificate.level_fault for certificate in chain if certificate.level_fault), None)


def _parsed(certificate: Certificate) -> x509.Certificate:
    return x509.load_der_x509_certificate(certificate.der)
