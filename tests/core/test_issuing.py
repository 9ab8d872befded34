"""What is made here is what the server needs: shown by real handshakes with its settings."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from tasks.core.certificates import Certificate
from tasks.core.credential_set import CredentialSet, load
from tasks.core.issuing import (
    Subject,
    ca_with_leafs,
    leaf_set,
    new_ca,
    renewed,
    shared_self_signed,
    until,
)
from tasks.core.subjects import kept_subject
from tests.core.handshakes import TLS12, TLS13, handshake_refusal

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
SHARED = shared_self_signed(Subject("production", organization="Org"), days=365, now=NOW)
OTHER = shared_self_signed(Subject("production", organization="Org"), days=365, now=NOW)
MEMBERS = {
    "gw-a": Subject("gw-a", alternative_names=("gw-a.example.com", "10.0.1.4", "::1")),
    "gw-b": Subject("gw-b"),
}
OWN = ca_with_leafs(Subject("cluster CA"), members=MEMBERS, days=365, ca_days=3650, now=NOW)
A, B = OWN.sets["gw-a"], OWN.sets["gw-b"]
TWO = ca_with_leafs(
    Subject("root"), members=MEMBERS, days=365, ca_days=3650, now=NOW, intermediate=Subject("issuing CA")
)
UNDER_A, UNDER_B = TWO.sets["gw-a"], TWO.sets["gw-b"]
RENEWED = renewed(UNDER_A, TWO.issuer, ends=NOW + 30 * DAY, now=NOW)


def parsed(certificate: Certificate) -> x509.Certificate:
    return x509.load_der_x509_certificate(certificate.der)


@pytest.mark.parametrize("protocol", [TLS12, TLS13], ids=["TLS 1.2", "TLS 1.3"])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(SHARED, SHARED, id="shared self-signed"),
        pytest.param(A, B, id="leafs of one CA"),
        pytest.param(B, A, id="the other way round"),
        pytest.param(UNDER_A, UNDER_B, id="leafs below an intermediate"),
        pytest.param(RENEWED, UNDER_B, id="a renewed one and a former one"),
        pytest.param(
            A, leaf_set("gw-c", OWN.issuer, subject=Subject("gw-c"), days=9, now=NOW), id="later leaf"
        ),
    ],
)
def test_members_verify_each_other_fully(one: CredentialSet, other: CredentialSet, protocol: int) -> None:
    assert handshake_refusal(one, other, at=NOW, protocol=protocol) is None


@pytest.mark.parametrize(
    ("one", "other", "days"),
    [
        pytest.param(SHARED, OTHER, 0, id="another set of the same name"),
        pytest.param(A, SHARED, 0, id="CA leaf and self-signed"),
        pytest.param(A, UNDER_A, 0, id="leafs of two CAs"),
        pytest.param(SHARED, SHARED, 366, id="expired"),
        pytest.param(SHARED, SHARED, -1, id="not yet valid"),
    ],
)
def test_others_do_not(one: CredentialSet, other: CredentialSet, days: int) -> None:
    assert handshake_refusal(one, other, at=NOW + days * DAY) == "certificate verify failed"


def test_without_the_intermediate_in_its_certificate_file_a_leaf_is_refused() -> None:
    alone = replace(UNDER_A, chain=UNDER_A.chain[:1])
    assert handshake_refusal(alone, UNDER_B, at=NOW) == "unable to get local issuer certificate"


@pytest.mark.parametrize(
    "one", [SHARED, A, B, UNDER_A, RENEWED], ids=["shared", "gw-a", "gw-b", "intermediate", "renewed"]
)
def test_a_set_made_here_passes_every_rule(one: CredentialSet) -> None:
    assert load(one.files(), label=one.label, at=NOW) == (one, ())


def test_a_set_is_valid_five_minutes_before_now() -> None:
    assert SHARED.leaf.not_before == NOW - timedelta(minutes=5)
    assert SHARED.leaf.not_after == NOW + 365 * DAY


def test_a_leaf_never_outlives_its_ca() -> None:
    own = ca_with_leafs(Subject("CA"), members=MEMBERS, days=900, ca_days=30, now=NOW)
    assert own.sets["gw-a"].leaf.not_after == own.issuer.certificate.not_after == NOW + 30 * DAY


def test_an_intermediate_stands_between_the_leaf_and_the_root_that_the_ca_file_holds() -> None:
    assert TWO.root is not None
    assert UNDER_A.chain[1:] == (TWO.issuer.certificate,)
    assert UNDER_A.ca == TWO.above == (TWO.root.certificate,)
    assert (OWN.root, OWN.above, A.chain[1:], A.ca) == (None, (), (), (OWN.issuer.certificate,))
    lengths = [
        parsed(one).extensions.get_extension_for_class(x509.BasicConstraints).value.path_length
        for one in (TWO.root.certificate, TWO.issuer.certificate, OWN.issuer.certificate)
    ]
    assert lengths == [1, 0, 0]


def test_a_renewed_set_has_a_new_key_and_leaf_and_nothing_else() -> None:
    assert (RENEWED.label, RENEWED.names, RENEWED.ca_pem) == (UNDER_A.label, UNDER_A.names, UNDER_A.ca_pem)
    assert RENEWED.chain[1:] == UNDER_A.chain[1:]
    assert RENEWED.key != UNDER_A.key
    assert RENEWED.leaf.not_after == NOW + 30 * DAY
    assert kept_subject(RENEWED.leaf) == kept_subject(UNDER_A.leaf)
    assert kept_subject(renewed(B, OWN.issuer, ends=NOW + DAY, now=NOW).leaf).alternatives() == ()


def test_leafs_end_with_the_first_ca_above_them_unless_it_ended_already() -> None:
    short = new_ca(Subject("short"), days=10, now=NOW).certificate
    above = (OWN.issuer.certificate, short)
    assert until(9, above, now=NOW) == NOW + 9 * DAY
    assert until(99, above, now=NOW) == NOW + 10 * DAY
    assert until(99, above, now=NOW + 11 * DAY) == NOW + 110 * DAY


def test_names_and_addresses_are_in_the_leaf() -> None:
    names = parsed(A.leaf).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["gw-a.example.com"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["10.0.1.4", "::1"]
    assert SHARED.leaf.subject == "CN=production,O=Org"
    with pytest.raises(x509.ExtensionNotFound, match="SubjectAlternativeName"):
        parsed(B.leaf).extensions.get_extension_for_class(x509.SubjectAlternativeName)


@pytest.mark.parametrize(
    ("certificate", "is_ca", "signs", "eku"),
    [
        pytest.param(SHARED.leaf, True, True, {"serverAuth", "clientAuth"}, id="its own CA"),
        pytest.param(OWN.issuer.certificate, True, True, set(), id="CA"),
        pytest.param(A.leaf, False, False, {"serverAuth", "clientAuth"}, id="leaf"),
    ],
)
def test_extensions_say_what_the_certificate_is_for(
    certificate: Certificate, is_ca: bool, signs: bool, eku: set[str]
) -> None:
    usage = parsed(certificate).extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.key_cert_sign is signs
    assert usage.value.digital_signature is bool(eku)
    assert certificate.is_ca is is_ca
    assert certificate.eku == eku


def test_every_leaf_has_a_key_and_a_serial_number_of_its_own() -> None:
    assert A.key != B.key
    assert not A.key.matches(B.leaf)
    assert parsed(A.leaf).serial_number != parsed(B.leaf).serial_number


def test_nothing_of_the_cas_key_shows() -> None:
    secret = OWN.issuer.key.file_bytes().splitlines()[1].decode()
    assert secret not in repr(OWN)
