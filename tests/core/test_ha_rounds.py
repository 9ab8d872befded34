"""Which rounds lead from one HA set to another, and whether the pair stays together in them."""

from __future__ import annotations

import pytest

from tasks.core.certificates import parse_pem_chain
from tasks.core.credential_set import CredentialSet
from tasks.core.file_names import HA
from tasks.core.ha_rounds import (
    OldSet,
    confusable,
    mutual,
    overlap_holds,
    overlapping_ca,
    rounds_between,
    trust_each_other,
)
from tasks.core.issuing import Subject, credential_set, shared_self_signed
from tests.core.certs import BUILTIN_SET, NOW, loaded
from tests.core.ha_pairs import ISSUED, NEW, OLD, RENEWED, for_ha, plain


def old(one: CredentialSet) -> OldSet:
    return OldSet(one.chain, one.ca, dict(one.sha256))


def both(one: CredentialSet, other: CredentialSet) -> CredentialSet:
    """The first one's key and certificate; a CA file that trusts both."""
    return for_ha(credential_set("gw-d", one.key, chain=one.chain, ca=(*one.ca, *other.ca)))


@pytest.mark.parametrize(
    ("before", "after", "rounds"),
    [
        pytest.param(OLD, NEW, {1: {HA.ca}, 2: {HA.cert, HA.key}, 3: {HA.ca}}, id="another self-signed one"),
        pytest.param(OLD, ISSUED, {1: {HA.ca}, 2: {HA.cert, HA.key}, 3: {HA.ca}}, id="to a CA"),
        pytest.param(ISSUED, RENEWED, {2: {HA.cert, HA.key}}, id="a new leaf of the same CA"),
        pytest.param(both(OLD, NEW), NEW, {2: {HA.cert, HA.key}, 3: {HA.ca}}, id="trusted already"),
        pytest.param(OLD, both(NEW, OLD), {1: {HA.ca}, 2: {HA.cert, HA.key}}, id="the old one stays trusted"),
        pytest.param(OLD, both(OLD, NEW), {1: {HA.ca}}, id="only more trust"),
        pytest.param(NEW, NEW, {}, id="the same"),
    ],
)
def test_rounds_that_change_nothing_are_left_out(
    before: CredentialSet, after: CredentialSet, rounds: dict[int, set[str]]
) -> None:
    found = rounds_between(old(before), after)
    assert {one.number: set(one.placed) for one in found} == rounds
    assert all(set(one.live) == set(HA.in_order) for one in found)
    assert [dict(one.live) for one in found[-1:]] in ([], [dict(after.sha256)])


def test_an_overlapping_ca_file_holds_each_certificate_once_and_is_stable() -> None:
    made = overlapping_ca(OLD.ca, NEW.ca)
    assert parse_pem_chain(made) == (*OLD.ca, *NEW.ca)
    assert overlapping_ca(parse_pem_chain(made), NEW.ca) == made
    assert b"PRIVATE" not in made


@pytest.mark.parametrize("after", [NEW, ISSUED], ids=["self-signed", "of a CA"])
def test_the_pair_stays_together_between_two_user_sets(after: CredentialSet) -> None:
    assert overlap_holds(old(OLD), after, at=NOW)


def test_a_set_whose_former_ca_file_is_not_its_own_cannot_overlap() -> None:
    broken = OldSet(OLD.chain, ISSUED.ca, dict(OLD.sha256))
    assert not overlap_holds(broken, NEW, at=NOW)


def test_trust_in_one_direction_is_not_enough() -> None:
    standby = loaded(both(NEW, OLD))
    assert mutual(loaded(both(OLD, NEW)), standby, at=NOW)
    assert not mutual(loaded(OLD), standby, at=NOW)
    assert not mutual(loaded(BUILTIN_SET), standby, at=NOW)


def test_two_of_one_subject_without_key_identifiers_cannot_lie_in_one_ca_file() -> None:
    """Each works alone; of the two in one file OpenSSL tries only the first."""
    one, again, other = plain("gateway"), plain("gateway"), plain("another")
    assert mutual(loaded(one), loaded(one), at=NOW)
    assert not overlap_holds(old(one), again, at=NOW)
    assert confusable(old(one), again, at=NOW)
    assert overlap_holds(old(one), other, at=NOW)
    assert not confusable(old(one), other, at=NOW)


def test_the_same_subject_with_key_identifiers_can() -> None:
    one, again = (for_ha(shared_self_signed(Subject("gateway"), days=30, now=NOW)) for _ in range(2))
    assert overlap_holds(old(one), again, at=NOW)


def test_sets_under_one_ca_trust_each_other_as_they_are() -> None:
    assert trust_each_other(old(ISSUED), RENEWED, at=NOW)
    assert not trust_each_other(old(OLD), NEW, at=NOW)
