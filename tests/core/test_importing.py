"""What a PKI sent, sorted by keys and signatures: the same sets, in whatever order it came."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.bundles import certificates_in
from tasks.core.certificates import Certificate
from tasks.core.credential_set import judge_sets, load
from tasks.core.file_names import CLUSTER, HA
from tasks.core.findings import errors
from tasks.core.importing import Sorting, import_lines, sort_into_sets
from tasks.core.issuing import new_key, shared_self_signed
from tasks.core.order import subject
from tests.core.certs import NOW
from tests.core.pki import DAY, pki, scattered

WORKS, OTHER = pki(), pki("Other")
KEYS = {name: new_key() for name in ("gw-a", "gw-b", "gw-c")}
LEAFS = {name: WORKS.sign(key, f"{name}.example.com") for name, key in KEYS.items()}
STRANGER = WORKS.sign(new_key(), "mail.example.com")
SENT = (*LEAFS.values(), *WORKS.above, STRANGER, *OTHER.above)


def sorted_from(certificates: Iterable[Certificate]) -> Sorting:
    return sort_into_sets(KEYS, certificates, at=NOW, names=CLUSTER)


EXPECTED = sorted_from(SENT)


def test_each_set_has_the_leaf_first_what_is_between_and_the_root_as_its_ca_file() -> None:
    assert set(EXPECTED.sets) == set(KEYS)
    for name, one in EXPECTED.sets.items():
        assert one.chain == (LEAFS[name], WORKS.issuing.certificate)
        assert one.ca == (WORKS.root.certificate,)
        assert one.key == KEYS[name]
        assert errors(load(one.files(), label=name, at=NOW)[1]) == ()
    assert errors(judge_sets(EXPECTED.sets, at_by_node={"here": NOW})) == ()
    assert (EXPECTED.waiting, EXPECTED.faults) == ((), ())


@settings(max_examples=40, deadline=None)
@given(st.randoms(use_true_random=False))
def test_any_order_in_any_files_of_any_form_gives_the_same_sets(chance: random.Random) -> None:
    files = scattered(SENT, chance)
    found = sorted_from(one for content in files.values() for one in certificates_in(content))
    assert found == EXPECTED
    assert {n: one.files() for n, one in found.sets.items()} == {
        n: one.files() for n, one in EXPECTED.sets.items()
    }


def test_what_belongs_to_nobody_and_who_still_waits_are_named() -> None:
    found = sorted_from((LEAFS["gw-a"], *WORKS.above, STRANGER))
    assert list(found.sets) == ["gw-a"]
    waiting, unused = import_lines(found)
    assert waiting == "no certificate yet for gw-b, gw-c: their keys wait"
    assert unused.startswith("belongs to no set: CN=mail.example.com, issued by CN=Works Issuing CA, ")
    assert import_lines(EXPECTED)[0].startswith("belongs to no set: ")


@pytest.mark.parametrize(
    ("sent", "missing"),
    [
        (WORKS.above[:1], "CN=Works Root"),
        (WORKS.above[1:], "CN=Works Issuing CA"),
        ((), "CN=Works Issuing CA"),
        (OTHER.above, "CN=Works Issuing CA"),
    ],
    ids=["without the root", "without the intermediate", "the leaf alone", "with another PKI's CAs"],
)
def test_without_a_way_to_the_root_the_missing_ca_is_named(
    sent: tuple[Certificate, ...], missing: str
) -> None:
    found = sorted_from((LEAFS["gw-a"], *sent))
    assert found.sets == {}
    assert len(found.faults) == 1
    assert f"is not there: {missing}; the CA file must reach a self-signed root" in found.faults[0]


def test_of_two_certificates_for_one_key_the_newer_one_is_taken_and_the_other_named() -> None:
    newer = WORKS.sign(KEYS["gw-a"], "again", at=NOW + DAY, days=100)
    for sent in ((newer, *SENT), (*SENT, newer)):
        found = sorted_from(sent)
        assert found.sets["gw-a"].leaf == newer
        assert LEAFS["gw-a"] in found.unused


def test_members_of_two_roots_trust_both() -> None:
    foreign = OTHER.sign(KEYS["gw-b"], "gw-b")
    found = sorted_from((LEAFS["gw-a"], foreign, *WORKS.above, *OTHER.above))
    roots = {WORKS.root.certificate, OTHER.root.certificate}
    assert {frozenset(one.ca) for one in found.sets.values()} == {frozenset(roots)}
    assert errors(judge_sets(found.sets, at_by_node={"here": NOW})) == ()


def test_a_self_signed_certificate_of_a_requested_key_is_its_own_ca() -> None:
    one = shared_self_signed(subject("production", ""), days=9, now=NOW)
    found = sort_into_sets({"gw-x": one.key}, (*WORKS.above, one.leaf), at=NOW, names=HA)
    assert found.sets["gw-x"].chain == found.sets["gw-x"].ca == (one.leaf,)
    assert found.sets["gw-x"].names is HA
