"""What a file holds, whatever it is; one broken part does not hide the others."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from tasks.core.issuing import new_key
from tasks.core.material import Material, read_material
from tasks.core.private_keys import PrivateKey, UnreadableKey
from tests.core.certs import OWN
from tests.core.endings import CA, certificate, request, revocation_list

KEY = new_key()
ENCRYPTED = KEY.for_tls().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"pw"))
ONE, OTHER = certificate("one", 100), certificate("other", 100)
LIST = revocation_list(30)


def test_everything_in_one_file_is_found() -> None:
    found = read_material(
        ONE.pem() + KEY.file_bytes() + b"text between\n" + request() + LIST.pem() + OTHER.pem()
    )
    assert found.certificates == (ONE, OTHER)
    assert found.lists == (LIST,)
    assert [one.subject for one in found.requests] == ["CN=gw-a"]
    assert [type(key) for key in found.keys] == [PrivateKey]
    assert found.faults == ()


@pytest.mark.parametrize(
    ("der", "wanted"),
    [
        pytest.param(ONE.der, Material(certificates=(ONE,)), id="certificate"),
        pytest.param(LIST.der, Material(lists=(LIST,)), id="revocation list"),
    ],
)
def test_der_is_read_too(der: bytes, wanted: Material) -> None:
    assert read_material(der) == wanted


def test_a_request_says_its_names_and_that_its_key_signed_it() -> None:
    for data in (request(), request(Encoding.DER)):
        (found,) = read_material(data).requests
        assert found.names == ("DNS:gw-a.example.com", "DNS:gw-a")
        assert (found.key_kind, found.signed) == ("EC P-256", True)
        assert found.public_key_der


def test_a_request_that_was_changed_is_not_signed_by_its_key() -> None:
    der = bytearray(request(Encoding.DER))
    der[der.index(b"gw-a.example")] ^= 1
    (found,) = read_material(bytes(der)).requests
    assert not found.signed


def test_an_encrypted_key_says_so_and_its_content_stays_hidden() -> None:
    found = read_material(ENCRYPTED)
    (key,) = found.keys
    assert isinstance(key, UnreadableKey)
    assert key.kind == "encrypted"
    assert "PRIVATE" not in repr(read_material(KEY.file_bytes()))
    assert found.faults == ()


def test_two_keys_in_a_file_are_two_keys() -> None:
    assert len(read_material(KEY.file_bytes() + new_key().file_bytes()).keys) == 2


def test_a_broken_certificate_does_not_hide_the_good_ones() -> None:
    broken = ONE.pem().replace(b"MI", b"XX", 1)
    found = read_material(broken + OTHER.pem())
    assert found.certificates == (OTHER,)
    assert len(found.faults) == 1
    assert found.faults[0].startswith("a certificate in it is broken")


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        pytest.param(b"", "it is empty", id="empty"),
        pytest.param(b"hello\n", "it holds no -----BEGIN line", id="text"),
        pytest.param(b"  " + ONE.pem(), "indented", id="indented"),
        pytest.param(b"\x30\x82\x01\x01garbage", "neither a certificate, a request", id="unknown DER"),
        pytest.param(
            KEY.for_tls().private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
            "a key in DER",
            id="key in DER",
        ),
        pytest.param(
            b"-----BEGIN PKCS7-----\nMAA=\n-----END PKCS7-----\n", "a block PKCS7", id="another block"
        ),
        pytest.param(
            b"-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n", "revocation list", id="broken list"
        ),
        pytest.param(
            b"-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n",
            "a certificate request in it is not well-formed",
            id="broken request",
        ),
    ],
)
def test_what_cannot_be_read_is_said(data: bytes, fault: str) -> None:
    found = read_material(data)
    assert any(fault in said for said in found.faults), found.faults
    assert (found.certificates, found.requests, found.lists, found.keys) == ((), (), (), ())


def test_the_parameters_beside_an_old_ec_key_are_no_fault() -> None:
    parameters = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    old = KEY.for_tls().private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    found = read_material(parameters + old)
    assert [type(key) for key in found.keys] == [PrivateKey]
    assert found.faults == ()


def test_the_key_of_a_certificate_is_known_by_it() -> None:
    leaf = OWN.sets["gw-a"]
    (key,) = read_material(leaf.key.file_bytes()).keys
    assert isinstance(key, PrivateKey)
    assert key.matches(leaf.leaf)
    assert not key.matches(CA.certificate)


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_request_that_names_an_extension_twice_or_a_version_that_does_not_exist_is_no_traceback(
    encoding: Encoding,
) -> None:
    der = request(Encoding.DER)
    version, names = b"\x02\x01\x00\x30", b"\x06\x03\x55\x1d\x11"
    assert names in der
    for bad in (der.replace(version, b"\x02\x01\x07\x30", 1), der.replace(names, b"\x06\x03\x55\x1d\x07", 1)):
        pem = b"-----BEGIN CERTIFICATE REQUEST-----\n" + base64.encodebytes(bad)
        data = bad if encoding is Encoding.DER else pem + b"-----END CERTIFICATE REQUEST-----\n"
        found = read_material(data)
        assert found.faults or found.requests[0].names == ()
