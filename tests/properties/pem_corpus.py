"""Real files of every kind that an operator may have: certificates, keys, lists and bundles, made anew."""

from __future__ import annotations

from dataclasses import replace

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.hazmat.primitives.serialization.pkcs7 import serialize_certificates

from tests.verdict.making import BARE, CA, LEAF, SELF, issue, name, only_for, p256, revocations, rsa_key

ROOT = issue("root", CA)
MIDDLE = issue("intermediate", replace(CA, path_length=0), by=ROOT)
LEAF_A = issue("gw-a", replace(LEAF, names=("gw-a.example.com",)), by=MIDDLE)
SHARED = issue("cluster", SELF, unit="Amlen")
BY_RSA = issue("rsa", SELF, key=rsa_key(2048))
ODD = issue("odd", replace(BARE, unknown=False, permitted="example.com"))
EDWARDS = issue("ed", SELF, key=ed25519.Ed25519PrivateKey.generate())

CERTIFICATES = (
    LEAF_A.pem + MIDDLE.pem + ROOT.pem,
    SHARED.pem,
    b"subject=/CN=x\n" + BY_RSA.pem.replace(b"\n", b"\r\n"),
    ODD.pem,
    EDWARDS.pem,
)
BUNDLES = (
    serialize_certificates([LEAF_A.certificate, ROOT.certificate], Encoding.PEM),
    serialize_certificates([SHARED.certificate], Encoding.DER),
    LEAF_A.der,
    ODD.der,
)
_PLAIN = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
KEYS = (
    SHARED.key_pem,
    SHARED.encoded(PrivateFormat.TraditionalOpenSSL),
    BY_RSA.key_pem,
    SHARED.encrypted,
    SHARED.encoded(PrivateFormat.TraditionalOpenSSL, encryption=BestAvailableEncryption(b"secret")),
    EDWARDS.key_pem,
    ed448.Ed448PrivateKey.generate().private_bytes(*_PLAIN),
    x25519.X25519PrivateKey.generate().private_bytes(*_PLAIN),
    dsa.generate_private_key(1024).private_bytes(*_PLAIN),
    ec.generate_private_key(ec.SECP384R1()).private_bytes(*_PLAIN),
    p256().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
)
_ASKED = (
    x509.CertificateSigningRequestBuilder()
    .subject_name(name("gw-a", unit="Amlen"))
    .add_extension(x509.SubjectAlternativeName([x509.DNSName("gw-a.example.com")]), critical=False)
    .add_extension(x509.KeyUsage(*(True, *(False,) * 8)), critical=True)
    .sign(p256(), hashes.SHA256())
)
REQUESTS = (_ASKED.public_bytes(Encoding.PEM), _ASKED.public_bytes(Encoding.DER))
LISTS = (
    revocations(ROOT, MIDDLE, LEAF_A),
    revocations(ROOT, number=None, more=((only_for(users=True), True),)) + revocations(MIDDLE),
)
PIECES = (
    b"-----BEGIN CERTIFICATE-----\n",
    b"-----END CERTIFICATE-----\n",
    b"-----BEGIN TRUSTED CERTIFICATE-----\n",
    b"-----BEGIN X509 CRL-----\n",
    b"-----BEGIN PKCS7-----\n",
    b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n",
    b"-----BEGIN PRIVATE KEY-----\n",
    b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n",
    b"-----BEGIN -----\n",
    b"-----",
    b"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n",
    b"=",
    b"\n\0",
)
