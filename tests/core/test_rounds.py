"""What each round of a strategy brings, to whom, and who is left out of it.

Source: AMLEN.md section 5, "Without partition".
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from tasks.core.file_names import CA_FILE, CERT_FILE, KEY_FILE
from tasks.core.pem import pem_blocks
from tasks.core.rounds import (
    CA_OF_BOTH,
    CA_OF_NEW,
    CA_WITH_BUILTIN,
    NEW_PAIRS,
    NEW_SETS,
    PAIR_AND_BUILTIN,
    Round,
    Running,
    Way,
    bridging,
    one_round,
    overlapping,
)
from tests.core.certs import BUILTIN, BUILTIN_SET, OTHER_SHARED, OWN, SHARED
from tests.core.kinds import NEW, renewed
from tests.core.ways import BOTH, THREE, from_to, running, task, trusting

ALL = frozenset(THREE)
OTHER_CA = NEW["ca"]


def said(way: Way) -> list[tuple[str, frozenset[str]]]:
    """What each round is, and who is restarted in it."""
    return [(one.what, one.moving) for one in way.rounds]


def ca_file(one: Round, member: str) -> str:
    return one.after[member].files[CA_FILE]


class TestRunning:
    @pytest.mark.parametrize(
        "other",
        [
            pytest.param(replace(running(SHARED), loaded=OTHER_SHARED.loaded), id="another leaf"),
            pytest.param(trusting(SHARED, *SHARED.ca, *OTHER_SHARED.ca), id="another CA file"),
            pytest.param(
                replace(running(SHARED), files={**SHARED.sha256, CA_FILE: BOTH}), id="same CAs, other file"
            ),
            pytest.param(
                replace(running(SHARED), files={**SHARED.sha256, KEY_FILE: "another"}), id="another key"
            ),
        ],
    )
    def test_what_is_otherwise_needs_a_restart(self, other: Running) -> None:
        assert running(SHARED).differs(other)

    def test_the_same_needs_none_and_a_file_that_does_not_matter_neither(self) -> None:
        one = trusting(SHARED, *SHARED.ca, *OTHER_SHARED.ca)
        turned = trusting(SHARED, *OTHER_SHARED.ca, *SHARED.ca)
        assert not one.differs(turned)
        assert not one.differs(replace(one, files={CA_FILE: BOTH}))


class TestOneRound:
    def test_all_three_files_come_at_once_to_everybody(self) -> None:
        way = one_round("renew", from_to(OWN.sets, renewed()))
        assert said(way) == [(NEW_SETS, ALL)]
        assert way.rounds[0].brings_pairs
        assert way.bundles == {}

    def test_a_member_that_runs_with_its_set_is_left_out_and_where_all_do_there_is_no_round(self) -> None:
        made = from_to(OWN.sets, renewed())
        but_b = one_round("renew", replace(made, runs=lambda name, due: name != "gw-b"))
        assert said(but_b) == [(NEW_SETS, frozenset({"gw-b"}))]
        assert one_round("renew", replace(made, runs=lambda name, due: True)).rounds == ()

    def test_a_member_whose_server_cfg_is_edited_is_restarted_all_the_same(self) -> None:
        made = replace(from_to(SHARED, SHARED), runs=lambda name, due: True, edited=frozenset({"gw-c"}))
        assert said(one_round("renew", made)) == [(NEW_SETS, frozenset({"gw-c"}))]


class TestOverlap:
    def test_a_change_of_the_ca_takes_three_rounds(self) -> None:
        way = overlapping(from_to(OWN.sets, OTHER_CA))
        assert said(way) == [(CA_OF_BOTH, ALL), (NEW_PAIRS, ALL), (CA_OF_NEW, ALL)]
        assert way.restarted == THREE * 3
        assert [one.brings_pairs for one in way.rounds] == [False, True, False]

    def test_the_first_round_brings_a_ca_file_of_both_beside_the_old_pair(self) -> None:
        first = overlapping(from_to(OWN.sets, OTHER_CA)).rounds[0].after["gw-a"]
        old, new = OWN.sets["gw-a"], OTHER_CA["gw-a"]
        assert first.loaded.leaf == old.leaf
        assert set(first.loaded.trusted) == {*old.ca, *new.ca}
        assert {name: first.files[name] for name in (CERT_FILE, KEY_FILE)} == {
            name: old.sha256[name] for name in (CERT_FILE, KEY_FILE)
        }

    def test_the_second_brings_the_new_pair_and_leaves_the_ca_file_and_the_third_the_new_set(self) -> None:
        way = overlapping(from_to(OWN.sets, OTHER_CA))
        first, second, third = way.rounds
        assert ca_file(first, "gw-a") == ca_file(second, "gw-a") != ca_file(third, "gw-a")
        assert second.after["gw-a"].loaded.leaf == OTHER_CA["gw-a"].leaf
        assert third.after["gw-a"] == running(OTHER_CA["gw-a"])

    def test_the_ca_file_of_both_holds_each_certificate_once_and_no_key(self) -> None:
        sets = {name: replace(one, ca=(*one.ca, *OWN.sets["gw-a"].ca)) for name, one in OTHER_CA.items()}
        (third_ca,) = OTHER_SHARED.ca
        before = {name: trusting(OWN.sets[name], *OWN.sets[name].ca, third_ca) for name in THREE}
        way = overlapping(task(before, sets))
        ((sha256, content),) = way.bundles.items()
        assert hashlib.sha256(content).hexdigest() == sha256 == ca_file(way.rounds[0], "gw-a")
        assert [block.label for block in pem_blocks(content)] == ["CERTIFICATE"] * 3

    def test_new_leafs_under_the_same_ca_take_one_round_and_no_joined_ca_file(self) -> None:
        way = overlapping(from_to(OWN.sets, renewed()))
        assert said(way) == [(NEW_PAIRS, ALL)]
        assert way.bundles == {}

    def test_a_member_whose_ca_file_holds_both_and_is_loaded_is_left_out_of_the_first_round(self) -> None:
        before = {name: running(OWN.sets[name]) for name in THREE}
        before["gw-b"] = trusting(OWN.sets["gw-b"], *OWN.sets["gw-b"].ca, *OTHER_CA["gw-b"].ca)
        made = task(before, OTHER_CA)
        assert said(overlapping(made))[0] == (CA_OF_BOTH, ALL - {"gw-b"})
        not_loaded = overlapping(replace(made, runs=lambda name, due: False))
        assert said(not_loaded)[0] == (CA_OF_BOTH, ALL)

    def test_a_member_that_serves_its_new_leaf_is_left_out_of_the_second_round(self) -> None:
        both = (*OWN.sets["gw-a"].ca, *OTHER_CA["gw-a"].ca)
        before = {name: trusting(OWN.sets[name], *both) for name in THREE}
        before["gw-c"] = trusting(OTHER_CA["gw-c"], *both)
        way = overlapping(task(before, OTHER_CA))
        assert said(way) == [(NEW_PAIRS, ALL - {"gw-c"}), (CA_OF_NEW, ALL)]

    def test_where_the_new_ca_file_holds_the_old_one_it_comes_first_and_nothing_last(self) -> None:
        wider = {name: replace(one, ca=(*one.ca, *OWN.sets[name].ca)) for name, one in OTHER_CA.items()}
        way = overlapping(from_to(OWN.sets, wider))
        assert said(way) == [(CA_OF_BOTH, ALL), (NEW_PAIRS, ALL)]
        assert ca_file(way.rounds[0], "gw-a") == wider["gw-a"].sha256[CA_FILE]
        assert way.bundles == {}

    def test_a_ca_file_that_only_is_written_otherwise_comes_with_the_new_pair(self) -> None:
        before = {name: trusting(OWN.sets[name], *OWN.sets[name].ca) for name in THREE}
        way = overlapping(task(before, renewed()))
        assert said(way) == [(NEW_PAIRS, ALL)]
        assert ca_file(way.rounds[0], "gw-a") == OWN.sets["gw-a"].sha256[CA_FILE] != BOTH

    def test_an_edit_of_server_cfg_comes_with_the_new_pair(self) -> None:
        before = {name: trusting(SHARED, *SHARED.ca) for name in THREE}
        wider = replace(SHARED, ca=(*SHARED.ca, *OTHER_SHARED.ca))
        made = task(before, dict.fromkeys(THREE, wider), edited=frozenset({"gw-b"}))
        assert said(overlapping(made)) == [(CA_OF_BOTH, ALL), (NEW_PAIRS, frozenset({"gw-b"}))]

    def test_a_ca_file_that_lies_there_already_is_made_anew_where_it_moves(self) -> None:
        """What is placed elsewhere must be among the sets or the bundles: nothing is copied from a node."""
        both = (*SHARED.ca, *OTHER_SHARED.ca)
        before = {name: trusting(SHARED, *both) for name in THREE}
        sets = dict.fromkeys(THREE, OTHER_SHARED)
        way = overlapping(task(before, sets, edited=frozenset({"gw-b"})))
        assert said(way) == [(NEW_PAIRS, ALL), (CA_OF_NEW, ALL)]
        assert ca_file(way.rounds[0], "gw-a") == BOTH
        assert list(way.bundles) == [ca_file(way.rounds[0], "gw-b")]
        assert way.rounds[0].after["gw-b"].loaded.trusted == both

    def test_a_ca_file_that_the_nodes_of_a_pair_hold_differently_is_made_anew(self) -> None:
        both = (*SHARED.ca, *OTHER_SHARED.ca)
        one = trusting(SHARED, *both)
        unlike = replace(one, files={name: sha for name, sha in one.files.items() if name != CA_FILE})
        way = overlapping(task({"gw-a": one, "gw-d": unlike}, dict.fromkeys(("gw-a", "gw-d"), OTHER_SHARED)))
        assert ca_file(way.rounds[0], "gw-d") in way.bundles
        assert ca_file(way.rounds[0], "gw-a") == BOTH


class TestBridge:
    def test_to_a_shared_set_it_takes_two_rounds(self) -> None:
        way = bridging(from_to(BUILTIN_SET, SHARED), builtin=BUILTIN, early=True)
        assert said(way) == [(PAIR_AND_BUILTIN, ALL), (CA_OF_NEW, ALL)]
        first = way.rounds[0].after["gw-a"]
        assert (first.loaded.leaf, first.loaded.trusted) == (SHARED.leaf, (*SHARED.ca, BUILTIN))

    def test_to_leafs_of_a_ca_it_takes_three_and_the_first_brings_a_ca_file_alone(self) -> None:
        way = bridging(from_to(BUILTIN_SET, OWN.sets), builtin=BUILTIN, early=False)
        assert said(way) == [(CA_WITH_BUILTIN, ALL), (NEW_PAIRS, ALL), (CA_OF_NEW, ALL)]
        first, second, _ = (one.after["gw-a"] for one in way.rounds)
        assert first.loaded.leaf == BUILTIN
        assert list(first.files) == [CA_FILE]
        assert second.loaded.leaf == OWN.sets["gw-a"].leaf
        assert first.files[CA_FILE] == second.files[CA_FILE]

    @pytest.mark.parametrize("early", [True, False])
    def test_the_last_round_closes_the_trust_in_the_built_in_certificate(self, early: bool) -> None:
        way = bridging(from_to(BUILTIN_SET, OWN.sets), builtin=BUILTIN, early=early)
        *before, last = way.rounds
        assert all(BUILTIN in due.loaded.trusted for one in before for due in one.after.values())
        assert last.after == {name: running(OWN.sets[name]) for name in THREE}

    def test_a_member_that_has_left_the_built_in_pair_gets_its_new_pair_in_the_first_round(self) -> None:
        before = {name: running(BUILTIN_SET) for name in THREE} | {"gw-b": running(OTHER_SHARED)}
        way = bridging(task(before, OWN.sets), builtin=BUILTIN, early=False)
        assert said(way) == [
            (CA_WITH_BUILTIN, ALL),
            (NEW_PAIRS, ALL - {"gw-b"}),
            (CA_OF_NEW, ALL),
        ]
        assert way.rounds[0].after["gw-b"].loaded.leaf == OWN.sets["gw-b"].leaf
