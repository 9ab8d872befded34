"""Certificates in every form that a PKI hands out."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tasks.core.bundles import certificates_in, holds_certificates
from tasks.core.certificates import CertificateFault
from tasks.core.issuing import new_key
from tests.core.pki import as_pem, as_pkcs7, pki

ABOVE = pki().above
ONE, OTHER = ABOVE
KEY = new_key().file_bytes()
BUNDLE = as_pkcs7(ABOVE, Encoding.PEM)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(ONE.pem(), {ONE}, id="PEM"),
        pytest.param(as_pem(ABOVE), {ONE, OTHER}, id="PEM with text around"),
        pytest.param(b"\xef\xbb\xbf" + as_pem(ABOVE), {ONE, OTHER}, id="PEM after a byte order mark"),
        pytest.param(ONE.der, {ONE}, id="DER"),
        pytest.param(as_pkcs7(ABOVE), {ONE, OTHER}, id="PKCS#7 DER"),
        pytest.param(BUNDLE, {ONE, OTHER}, id="PKCS#7 PEM"),
        pytest.param(BUNDLE.replace(b"PKCS7", b"CMS"), {ONE, OTHER}, id="PKCS#7 that names itself CMS"),
        pytest.param(as_pkcs7([ONE], Encoding.PEM) + OTHER.pem(), {ONE, OTHER}, id="both forms in one file"),
        pytest.param(KEY + ONE.pem(), {ONE}, id="beside a key"),
    ],
)
def test_every_certificate_of_a_file_is_found(data: bytes, expected: set[object]) -> None:
    assert holds_certificates(data)
    assert set(certificates_in(data)) == expected


@pytest.mark.parametrize(
    ("data", "reason", "looks"),
    [
        pytest.param(b"", "it is empty", False, id="nothing"),
        pytest.param(b"hello", "it holds no -----BEGIN line", False, id="text"),
        pytest.param(b"01\n", "it holds no -----BEGIN line", False, id="a CA's serial number"),
        pytest.param(KEY, "no certificate is in it", False, id="a key"),
        pytest.param(b"> " + ONE.pem() + OTHER.pem(), "indented, quoted or followed", True, id="quoted"),
        pytest.param(
            ONE.pem().replace(b"MII", b"!!!", 1), "certificate 1 in it is broken", True, id="broken"
        ),
        pytest.param(as_pkcs7(ABOVE)[:-9], "neither a certificate nor PKCS#7", True, id="cut short"),
        pytest.param(
            BUNDLE.replace(b"MII", b"AAA", 1), "neither a certificate nor PKCS#7", True, id="damaged"
        ),
    ],
)
def test_what_cannot_be_read_is_told_with_its_reason(data: bytes, reason: str, looks: bool) -> None:
    assert holds_certificates(data) is looks
    with pytest.raises(CertificateFault, match=reason):
        certificates_in(data)


def test_a_certificate_of_a_version_that_does_not_exist_in_a_bundle_is_refused() -> None:
    bad = as_pkcs7([ONE]).replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x07", 1)
    with pytest.raises(CertificateFault, match="neither a certificate nor PKCS#7"):
        certificates_in(bad)
