"""Keys and certificates for the corpus that only the openssl program makes."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from tests.verdict.making import Issued

_P256 = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1")


@dataclass(frozen=True, slots=True)
class Made:
    """Key and self-signed certificate that only the openssl program makes."""

    key_pem: bytes
    pem: bytes


@cache
def by_openssl(*genpkey: str, digest: str = "-sha256") -> Made:
    """A shared certificate of a key that `openssl genpkey` makes with these arguments."""
    with tempfile.TemporaryDirectory() as place:
        key = Path(place, "key.pem")
        _run("openssl", "genpkey", *genpkey, "-out", str(key))
        certificate = _run(
            *(
                "openssl",
                "req",
                "-x509",
                "-new",
                "-key",
                str(key),
                "-subj",
                "/CN=made",
                "-days",
                "300",
                digest,
            ),
            *("-addext", "keyUsage=critical,digitalSignature,keyCertSign"),
            *("-addext", "extendedKeyUsage=serverAuth,clientAuth"),
        )
        return Made(key.read_bytes(), certificate)


def rsa_pss() -> Made:
    """A key that may sign by RSA-PSS only."""
    return by_openssl("-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048")


def explicit_p256() -> Made:
    """A key of a curve that is written out by its parameters."""
    return by_openssl(*_P256, "-pkeyopt", "ec_param_enc:explicit")


def sha1_p256() -> Made:
    """A certificate signed by itself with SHA-1."""
    return by_openssl(*_P256, digest="-sha1")


def plainly(made: Made) -> Issued:
    """The same pair with its key written as plain RSA, or as one of a named curve."""
    key = load_pem_private_key(made.key_pem, None)
    assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    return Issued(x509.load_pem_x509_certificate(made.pem), key)


def signed_by_openssl(subject: Issued, by: Issued, *, digest: str) -> bytes:
    """A certificate for the name, key and extensions of `subject`, PEM, signed with a digest of the program's."""
    request = x509.CertificateSigningRequestBuilder().subject_name(subject.certificate.subject)
    for each in subject.certificate.extensions:
        if not isinstance(each.value, x509.AuthorityKeyIdentifier | x509.SubjectKeyIdentifier):
            request = request.add_extension(each.value, critical=each.critical)
    with tempfile.TemporaryDirectory() as place:
        content = request.sign(subject.key, hashes.SHA256()).public_bytes(Encoding.PEM)
        for file, text in (("req", content), ("ca", by.pem), ("k", by.key_pem)):
            Path(place, file).write_bytes(text)
        return _run(
            *("openssl", "x509", "-req", "-in", f"{place}/req", "-CA", f"{place}/ca", "-CAkey", f"{place}/k"),
            *("-days", "300", digest, "-copy_extensions", "copyall", "-set_serial", "77"),
        )


def _run(*argv: str) -> bytes:
    return subprocess.run(argv, check=True, capture_output=True).stdout
