"""Requests for a PKI: signed by their own key, with the names and usages that the servers need."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from tasks.core.errors import UsageError
from tasks.core.file_names import CLUSTER, HA
from tasks.core.issuing import new_key, private_key
from tasks.core.model import Cluster
from tasks.core.signing_requests import (
    RequestWish,
    csr_name,
    requests_table,
    signing_request,
    wanted_subjects,
    words_for_the_pki,
)
from tests.core.snapshots import THREE, WITH_PAIR, cluster, pair, single


def asked(of: Cluster, wish: RequestWish, label: str) -> x509.CertificateSigningRequest:
    return x509.load_pem_x509_csr(signing_request(wanted_subjects(of, wish)[label], new_key()))


def test_a_request_says_what_the_server_needs() -> None:
    key = new_key()
    wanted = wanted_subjects(THREE, RequestWish(organization="Works"))["gw-a"]
    found = x509.load_pem_x509_csr(signing_request(wanted, key))
    assert found.is_signature_valid
    assert found.public_key() == key.for_tls().public_key()
    assert found.subject.rfc4514_string() == "CN=gw-a.MyCluster,O=Works"
    usage = found.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_cert_sign, usage.crl_sign) == (True, False, False)
    assert list(found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.SERVER_AUTH,
        ExtendedKeyUsageOID.CLIENT_AUTH,
    ]


def names_in(found: x509.CertificateSigningRequest) -> list[str]:
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(name.value) for name in names]


def test_the_names_beside_the_subject_are_the_hosts_of_the_nodes() -> None:
    of = cluster(single("gw-a", host="10.0.1.4"), single("gw-b", host="b.example.com"), pair("gw-d"))
    assert names_in(asked(of, RequestWish(), "gw-a")) == ["10.0.1.4"]
    assert names_in(asked(of, RequestWish(), "gw-d")) == [node.host for node in of.member("gw-d").nodes]
    (label,) = wanted_subjects(of, RequestWish("shared"))
    assert names_in(asked(of, RequestWish("shared"), label)) == [node.host for node in of.nodes]


@pytest.mark.parametrize("kind", ["shared", "member"])
def test_each_pair_asks_for_its_ha_channel(kind: str) -> None:
    wish = RequestWish(kind, "ha")
    assert {n: s.common_name for n, s in wanted_subjects(WITH_PAIR, wish).items()} == {"gw-d": "gw-d HA"}
    assert (wish.names, RequestWish().names) == (HA, CLUSTER)
    assert (csr_name(HA), csr_name(CLUSTER)) == ("HA_cert.csr", "Cluster_cert.csr")


def test_everything_that_cannot_be_is_told_at_once() -> None:
    wish = RequestWish("both", "all", "x" * 65)
    with pytest.raises(UsageError, match=r"--kind both is unknown.*\n--use all is unknown.*\n--organization"):
        wish.refuse_impossible(THREE)
    with pytest.raises(UsageError, match="production has no HA pair"):
        RequestWish(use="ha").refuse_impossible(THREE)
    RequestWish("shared", "ha", "x" * 64).refuse_impossible(WITH_PAIR)


def test_a_request_of_a_kind_of_key_that_is_never_made_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="RSA 2048"):
        signing_request(
            wanted_subjects(THREE, RequestWish())["gw-a"], private_key(rsa.generate_private_key(65537, 2048))
        )


def test_the_table_and_the_words_fit_the_screen() -> None:
    wanted = wanted_subjects(replace(THREE, cluster_name="C"), RequestWish())
    table = requests_table("production: requests in .", wanted, dict.fromkeys(wanted, "F.csr"))
    assert table.header == ("FOR", "SUBJECT", "NAMES", "REQUEST")
    assert table.rows[0] == ("gw-a", "CN=gw-a.C", "gw-a", "F.csr")
    words = tuple(words_for_the_pki("ha"))
    assert words[-1] == "Then: fab credentials.import PATH --use ha"
    assert tuple(words_for_the_pki("cluster"))[-1] == "Then: fab credentials.import PATH"
    assert all(len(line) <= 100 for line in words)
    assert any("serverAuth and clientAuth" in line for line in words)
    assert any("self-signed root" in line for line in words)
