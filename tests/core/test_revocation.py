"""Revocation lists are made and read as the server's OpenSSL takes them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import crypto

from tasks.core.certificates import Certificate, issued_by
from tasks.core.issuing import CLOCK_SKEW, Issuer, Recipe, Subject, issue, leaf_set, new_ca, new_key
from tasks.core.revocation import (
    REASONS,
    ListFault,
    RevocationList,
    cannot_sign,
    parse_list,
    parse_serial,
    serial_of,
    serial_text,
)
from tests.core.certs import LEAF_A, LEAF_B, NOW, OWN, SHARED
from tests.core.revocations import OTHER_CA, SAME_NAME, by_hand, made

CA = OWN.issuer.certificate


def openssl_says(leaf: Certificate, found: RevocationList, *, days: int = 0) -> str:
    """The verdict of a store that has loaded the list as the server's accepting side does; "" for accepted."""
    store = crypto.X509Store()
    store.add_cert(crypto.X509.from_cryptography(x509.load_der_x509_certificate(CA.der)))
    store.add_crl(x509.load_pem_x509_crl(found.pem()))
    store.set_flags(crypto.X509StoreFlags.CRL_CHECK)
    store.set_time(NOW + timedelta(days=days))
    wanted = crypto.X509.from_cryptography(x509.load_der_x509_certificate(leaf.der))
    try:
        crypto.X509StoreContext(store, wanted).verify_certificate()
    except crypto.X509StoreContextError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("reason", ["", *REASONS])
def test_openssl_refuses_whom_the_list_revokes_and_nobody_else(reason: str) -> None:
    found = made(LEAF_A, reason=reason)
    assert openssl_says(LEAF_A, found) == "certificate revoked"
    assert openssl_says(LEAF_B, found) == ""
    assert (found.revokes(LEAF_A), found.revokes(LEAF_B)) == (True, False)


@pytest.mark.parametrize(
    ("days", "says"), [(-1, "CRL is not yet valid"), (0, ""), (29, ""), (31, "CRL has expired")]
)
def test_openssl_takes_it_within_its_dates_alone(days: int, says: str) -> None:
    assert openssl_says(LEAF_B, made(LEAF_A), days=days) == says


def test_a_list_of_another_ca_is_of_no_use_to_openssl() -> None:
    assert openssl_says(LEAF_B, made(issuer=OTHER_CA)) == "unable to get certificate CRL"
    assert "CRL" in openssl_says(LEAF_B, made(issuer=SAME_NAME))


def test_it_names_its_issuers_key_is_counted_and_starts_a_little_earlier_for_clocks_that_are_behind() -> None:
    found = made(days=7)
    raw = x509.load_pem_x509_crl(found.pem())
    assert [(e.oid.dotted_string, e.critical) for e in raw.extensions] == [
        ("2.5.29.35", False),
        ("2.5.29.20", False),
    ]
    assert (found.number, found.issuer) == (1, CA.subject)
    assert (found.this_update, found.next_update) == (NOW - CLOCK_SKEW, NOW + timedelta(days=7))
    assert found.signed_by(CA)
    assert not found.signed_by(SAME_NAME.certificate)
    assert not found.signed_by(OTHER_CA.certificate)


def test_the_next_one_keeps_what_is_revoked_adds_drops_and_counts_up() -> None:
    first = made(LEAF_A, reason="superseded")
    later = NOW + timedelta(days=3)
    second = made(LEAF_A, LEAF_B, before=first, now=later)
    assert second.number == 2
    assert [(one.serial, one.at, one.reason) for one in second.revoked] == [
        (serial_of(LEAF_A), NOW, "superseded"),
        (serial_of(LEAF_B), later, ""),
    ]
    third = made(before=second, drop={serial_of(LEAF_A)}, now=later)
    assert (third.number, [one.serial for one in third.revoked]) == (3, [serial_of(LEAF_B)])
    assert openssl_says(LEAF_A, third, days=4) == ""


def test_a_ca_whose_identifier_is_not_the_hash_of_its_key_is_named_by_that() -> None:
    builder = _bare()
    odd = builder.add_extension(x509.SubjectKeyIdentifier(b"odd"), critical=False)
    for one, wanted in (
        (odd, b"odd"),
        (builder, x509.SubjectKeyIdentifier.from_public_key(OWN.issuer.key.for_tls().public_key()).digest),
    ):
        certificate = Certificate.from_der(_signed(one))
        found = made(issuer=Issuer(certificate, OWN.issuer.key))
        extension = x509.load_der_x509_crl(found.der).extensions.get_extension_for_class(
            x509.AuthorityKeyIdentifier
        )
        assert extension.value.key_identifier == wanted


def _signed(builder: x509.CertificateBuilder) -> bytes:
    return builder.sign(OWN.issuer.key.for_tls(), hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.mark.parametrize("kind", ["PEM", "text around", "DER", "another tool's"])
def test_it_is_read_as_the_server_reads_it(kind: str) -> None:
    found = made(LEAF_A)
    data = {
        "PEM": found.pem(),
        "text around": b"Certificate Revocation List:\n" + CA.pem() + found.pem() + b"bye\n",
        "DER": found.der,
        "another tool's": by_hand(),
    }[kind]
    read = parse_list(data)
    assert (read == found) is (kind != "another tool's")
    assert (read.number is None) is (kind == "another tool's")
    assert read.others == 0


def test_of_several_lists_the_first_counts() -> None:
    first, second = made(LEAF_A), made(LEAF_B)
    read = parse_list(first.pem() + second.pem())
    assert (read, read.others) == (first, 1)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        pytest.param(b"", "it is empty, and no list is in it", id="empty"),
        pytest.param(b"garbage\n", "no -----BEGIN line, and no list", id="garbage"),
        pytest.param(CA.pem(), "no list is in it", id="a certificate"),
        pytest.param(made().pem().replace(b"\nM", b"\n!", 1), "not well-formed", id="broken PEM"),
        pytest.param(made().der[:-9], "no list is in it", id="cut DER"),
    ],
)
def test_bytes_without_a_list_are_told(data: bytes, says: str) -> None:
    with pytest.raises(ListFault, match=says):
        parse_list(data)


def test_what_a_list_takes_back_is_not_revoked() -> None:
    kept = parse_list(by_hand(entry_reason=x509.ReasonFlags.certificate_hold))
    assert kept.revokes(OWN.sets["gw-c"].leaf)
    taken_back = parse_list(by_hand(entry_reason=x509.ReasonFlags.remove_from_crl))
    assert not taken_back.revokes(OWN.sets["gw-c"].leaf)


def test_only_a_ca_with_the_usage_may_sign() -> None:
    assert cannot_sign(CA) is None
    assert cannot_sign(LEAF_A) == "it is no CA certificate (basicConstraints)"
    assert cannot_sign(SHARED.leaf) == "its keyUsage is without cRLSign"
    assert cannot_sign(Certificate.from_der(_signed(_bare()))) is None


def _bare() -> x509.CertificateBuilder:
    """A CA without any keyUsage."""
    raw = x509.load_der_x509_certificate(CA.der)
    return (
        x509.CertificateBuilder()
        .subject_name(raw.subject)
        .issuer_name(raw.subject)
        .public_key(raw.public_key())
        .serial_number(8)
        .not_valid_before(raw.not_valid_before_utc)
        .not_valid_after(raw.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )


def test_a_list_signed_without_the_usage_is_refused_by_openssl() -> None:
    key = new_key()
    usage = Recipe(Subject("no lists"), NOW, NOW + timedelta(days=9), is_ca=True)  # EKU: no cRLSign
    issuer = Issuer(issue(usage, key, issuer=None), key)
    assert cannot_sign(issuer.certificate) is not None
    leaf = leaf_set("gw-a", issuer, subject=Subject("gw-a"), days=3, now=NOW).leaf
    store = crypto.X509Store()
    store.add_cert(crypto.X509.from_cryptography(x509.load_der_x509_certificate(issuer.certificate.der)))
    store.add_crl(x509.load_pem_x509_crl(made(issuer=issuer).pem()))
    store.set_flags(crypto.X509StoreFlags.CRL_CHECK)
    store.set_time(NOW + timedelta(hours=1))
    wanted = crypto.X509.from_cryptography(x509.load_der_x509_certificate(leaf.der))
    with pytest.raises(crypto.X509StoreContextError, match="CRL signing"):
        crypto.X509StoreContext(store, wanted).verify_certificate()


def test_who_issued_a_certificate_is_told_by_the_signature() -> None:
    assert issued_by(LEAF_A, CA)
    assert not issued_by(LEAF_A, SAME_NAME.certificate)
    assert not issued_by(LEAF_A, new_ca(Subject("x"), days=1, now=NOW).certificate)


@pytest.mark.parametrize(
    ("text", "serial"),
    [
        ("0x1A2B", 0x1A2B),
        ("0X1a2b", 0x1A2B),
        ("1A:2B", 0x1A2B),
        ("0:1a:2b", 0x1A2B),
        ("0x" + "f" * 40, int("f" * 40, 16)),
        ("0x" + "f" * 41, None),
        ("1A2B", None),
        ("12", None),
        ("0x0", None),
        ("1A:2", None),
        ("gw-a", None),
    ],
)
def test_a_serial_number_is_hex_and_says_so(text: str, serial: int | None) -> None:
    assert parse_serial(text) == serial


def test_a_serial_number_can_be_typed_as_it_is_shown() -> None:
    assert parse_serial(serial_text(serial_of(LEAF_A))) == serial_of(LEAF_A)


def test_a_list_of_a_version_that_does_not_exist_is_refused_with_the_reason() -> None:
    good = made(LEAF_A).der
    with pytest.raises(ListFault, match="no list is in it"):
        parse_list(good.replace(b"\x02\x01\x01\x30", b"\x02\x01\x03\x30", 1))
    assert parse_list(good).revokes(LEAF_A)


def test_a_list_with_a_name_that_openssl_cannot_read_is_refused_with_the_reason() -> None:
    """The server would make no TLS context of it (T1)."""
    good = made(LEAF_A).der
    utf8, octets = b"\x0c\x0acluster CA", b"\x04\x0acluster CA"
    assert utf8 in good
    assert x509.load_der_x509_crl(good.replace(utf8, octets, 1))  # which cryptography takes
    with pytest.raises(ListFault, match="no list is in it"):
        parse_list(good.replace(utf8, octets, 1))
