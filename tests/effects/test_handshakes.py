"""Rehearsed handshakes between credential sets: what connects, what does not, and why; by real OpenSSL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509 import ObjectIdentifier
from cryptography.x509.oid import ExtendedKeyUsageOID

from tasks.core.credential_set import CredentialSet
from tasks.core.issuing import BOTH_USAGES, Recipe, Subject, credential_set, issue, new_key, private_key
from tasks.core.rehearsal import Rehearsed, pairings, rehearsal_findings, rehearsal_line
from tasks.effects.handshakes import rehearse
from tests.core.certs import NOW, OTHER_SHARED, OWN, SHARED

A, B = OWN.sets["gw-a"], OWN.sets["gw-b"]
DAY = timedelta(days=1)


def tried(
    sets: Mapping[str, CredentialSet], *, at: datetime = NOW, tls12_only: tuple[str, ...] = ()
) -> tuple[Rehearsed, ...]:
    return rehearse(pairings(sets, tls12_only=frozenset(tls12_only)), at=at)


def refusals(rehearsed: tuple[Rehearsed, ...]) -> set[tuple[str, str]]:
    return {(one.refusal.by, one.refusal.reason) for one in rehearsed if one.refusal is not None}


def names(rehearsed: tuple[Rehearsed, ...], *, at: datetime = NOW) -> list[str]:
    return [finding.name for finding in rehearsal_findings(rehearsed, at=at)]


def leaf(
    member: str, *, rsa_bits: int = 0, days: int = 300, usages: tuple[ObjectIdentifier, ...] = BOTH_USAGES
) -> CredentialSet:
    """Under the CA that the others are under."""
    key = private_key(rsa.generate_private_key(65537, rsa_bits)) if rsa_bits else new_key()
    recipe = Recipe(Subject(member), NOW - DAY, NOW + days * DAY, usages=usages)
    made = issue(recipe, key, issuer=OWN.issuer)
    return credential_set(member, key, chain=(made,), ca=(OWN.issuer.certificate,))


def test_leafs_of_one_ca_connect_in_both_directions() -> None:
    rehearsed = tried({"gw-a": A, "gw-b": B})
    assert refusals(rehearsed) == set()
    assert names(rehearsed) == []
    assert rehearsal_line(rehearsed) == "rehearsed: 2 handshakes between 2 new sets, all well"


def test_a_set_that_all_share_is_one_handshake_with_itself() -> None:
    rehearsed = tried({"gw-a": SHARED, "gw-b": SHARED, "gw-c": SHARED})
    assert refusals(rehearsed) == set()
    assert rehearsal_line(rehearsed) == "rehearsed: 1 handshake between 1 new set, all well"


def test_a_foreign_set_fails_and_rules_and_handshake_agree_on_it() -> None:
    rehearsed = tried({"gw-a": SHARED, "gw-b": OTHER_SHARED})
    assert refusals(rehearsed) == {("accepting", "self-signed certificate")}
    (finding,) = rehearsal_findings(rehearsed, at=NOW)
    assert finding.name == "rehearsal-failed"
    assert "gw-a -> gw-b, gw-b -> gw-a" in finding.problem
    assert "the accepting side refuses: self-signed certificate" in finding.problem


def test_a_foreign_ca_on_one_side_fails_where_that_side_accepts_and_where_it_dials() -> None:
    rehearsed = tried({"gw-a": A, "gw-b": SHARED})
    by = {one.pairing.directions[0]: one.refusal for one in rehearsed}
    assert all(by.values())
    assert names(rehearsed) == ["rehearsal-failed"] * 2


def test_who_dials_refuses_a_leaf_that_its_own_ca_file_does_not_reach() -> None:
    """It accepts clients of both, but its CA file lacks the root of what the other one serves."""
    generous = CredentialSet("gw-b", A.key, A.chain, (*A.ca, *SHARED.ca), A.cert_pem, A.ca_pem)
    rehearsed = tried({"gw-a": SHARED, "gw-b": generous})
    by = {one.pairing.directions[0]: one.refusal for one in rehearsed}
    refusal = by["gw-a", "gw-b"]
    assert refusal is not None
    assert refusal.by == "dialing"


def test_an_expired_leaf_fails_by_name() -> None:
    late = NOW + 301 * DAY
    rehearsed = tried({"gw-a": A, "gw-b": leaf("gw-b")}, at=late)
    assert refusals(rehearsed) == {
        ("accepting", "certificate has expired"),
        ("dialing", "certificate has expired"),
    }
    assert names(rehearsed, at=late) == ["rehearsal-failed", "rehearsal-failed"]
    assert refusals(tried({"gw-a": A, "gw-b": leaf("gw-b")})) == set()


@pytest.mark.parametrize(
    ("usages", "side"),
    [
        pytest.param((ExtendedKeyUsageOID.SERVER_AUTH,), "accepting", id="serverAuth alone"),
        pytest.param((ExtendedKeyUsageOID.CLIENT_AUTH,), "dialing", id="clientAuth alone"),
    ],
)
def test_a_leaf_for_one_purpose_fails_as_the_other(usages: tuple[ObjectIdentifier, ...], side: str) -> None:
    rehearsed = tried({"gw-a": A, "gw-b": leaf("gw-b", usages=usages)})
    ((by, reason),) = refusals(rehearsed)
    assert by == side
    assert "purpose" in reason


def test_rsa_works_by_tls_13_and_not_with_a_member_that_speaks_12_only() -> None:
    sets = {"gw-a": A, "gw-b": leaf("gw-b", rsa_bits=2048)}
    assert refusals(tried(sets)) == set()
    old = tried(sets, tls12_only=("gw-a",))
    assert {one.pairing.protocol for one in old} == {"TLSv1.2"}
    assert ("accepting", "no shared cipher") in refusals(old)
    assert "rehearsal-disagrees" not in names(old)
    assert refusals(tried({"gw-a": A, "gw-b": B}, tls12_only=("gw-a",))) == set()
