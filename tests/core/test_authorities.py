"""A CA found by its key, and judged before it signs anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from tasks.core.authorities import authority_faults, chain_of, ends_first
from tasks.core.certificates import Certificate
from tasks.core.issuing import Issuer, Recipe, Subject, issue, new_key
from tests.core.certs import NOW, OWN
from tests.core.pki import DAY, authority, pki

WORKS = pki()


def faults(*chain: Certificate) -> list[str]:
    return list(authority_faults(chain, at=NOW))


def not_for_certificates(issuer: Issuer) -> Certificate:
    """The same CA with a keyUsage that lacks keyCertSign."""
    before = x509.load_der_x509_certificate(issuer.certificate.der)
    builder = x509.CertificateBuilder(
        before.issuer, before.subject, before.public_key(), before.serial_number,
        before.not_valid_before_utc, before.not_valid_after_utc,
    )  # fmt: skip
    usage = x509.KeyUsage(True, False, False, False, False, False, True, False, False)
    builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
    signed = builder.add_extension(usage, critical=True).sign(issuer.key.for_tls(), hashes.SHA256())
    return Certificate.from_der(signed.public_bytes(Encoding.DER))


@pytest.mark.parametrize(
    "chain",
    [
        pytest.param((OWN.issuer.certificate,), id="a root"),
        pytest.param(WORKS.above, id="an intermediate and its root"),
        pytest.param((WORKS.issuing.certificate,), id="an intermediate alone"),
    ],
)
def test_a_good_ca_has_no_fault(chain: Sequence[Certificate]) -> None:
    assert faults(*chain) == []


def test_what_forbids_leafs_is_told() -> None:
    leaf = OWN.sets["gw-a"].leaf
    assert faults(leaf)[0].startswith(f"{leaf.subject} is no CA (basicConstraints) -> ")
    (usage,) = faults(not_for_certificates(authority()))
    assert "must not sign certificates (keyUsage)" in usage
    ended = authority("ended", not_before=NOW - 9 * DAY, not_after=NOW - DAY).certificate
    later = authority("later", not_before=NOW + DAY).certificate
    assert "CN=ended expired on 2026-11-21T12:00:00Z" in faults(ended)[0]
    assert "CN=later is not valid before 2026-11-23T12:00:00Z" in faults(later)[0]


def test_the_path_length_of_every_ca_above_counts() -> None:
    root = authority("short root", path_length=0)
    below = authority("below", under=root, path_length=0)
    (fault,) = faults(below.certificate, root.certificate)
    assert "CN=short root allows 0 CAs between itself and a leaf, and here are 1 (path length)" in fault
    roomy = authority("roomy root", path_length=1)
    assert faults(authority("below", under=roomy, path_length=0).certificate, roomy.certificate) == []


def test_every_fault_is_told_at_once() -> None:
    root = authority("old root", path_length=0, not_after=NOW - DAY)
    below = authority("below", under=root, not_after=NOW - DAY)
    assert len(faults(below.certificate, root.certificate)) == 3


def test_with_the_key_of_an_rsa_pss_ca_nothing_is_signed_here() -> None:
    pss, rsa = (
        replace(WORKS.above[-1], der=WORKS.above[-1].der, key_kind=kind)
        for kind in ("RSA-PSS 2048", "RSA 2048")
    )
    assert "let the CA sign itself: fab credentials.request" in faults(pss)[0]
    assert faults(rsa) == []


def test_the_certificate_of_a_key_is_found_by_the_key() -> None:
    lying = (*OWN.sets["gw-a"].chain, *WORKS.above[::-1], *pki().above)
    assert chain_of(WORKS.issuing.key, lying, at=NOW) == WORKS.above
    assert chain_of(WORKS.root.key, lying, at=NOW) == WORKS.above[1:]
    assert chain_of(new_key(), lying, at=NOW) == ()


def test_of_two_certificates_of_one_key_the_valid_one_is_taken() -> None:
    works = authority("works")
    recipe = Recipe(Subject("works"), NOW - 9 * DAY, NOW - DAY, usages=(), is_ca=True)
    former = issue(recipe, works.key, issuer=None)
    for lying in ((works.certificate, former), (former, works.certificate)):
        assert chain_of(works.key, lying, at=NOW) == (works.certificate,)


def test_the_first_end_is_the_end() -> None:
    short = authority("short", not_after=NOW + DAY).certificate
    assert ends_first((*WORKS.above, short)) == NOW + DAY
