"""Which strategies are possible from what to what, and why the others are not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tasks.core.credential_set import CredentialSet
from tasks.core.rounds import Running, Way, bridging
from tasks.core.strategies import NotPossible, Start, ways
from tasks.core.strategy_names import BRIDGE, OVERLAP, PRESCRIBED, RENEW, STRATEGIES
from tasks.core.trust import Loaded
from tests.core.certs import BUILTIN_SET, NOW, OTHER_SHARED, OWN, SHARED, builtin_set
from tests.core.kinds import NEW, OLD, of_all
from tests.core.ways import THREE, ending, from_to, linked, running, start, task, trusting

ANOTHER_BUILTIN = builtin_set()
NOBODY_KNOWS = "gw-a and gw-b would be apart: no CA file of one holds what the other serves"


def found(made: Start) -> dict[str, int | str]:
    """By strategy, how many rounds it takes or why it is not possible."""
    return {name: len(way.rounds) if isinstance(way, Way) else way.why for name, way in ways(made).items()}


def refusal(made: Start, strategy: str) -> str:
    way = ways(made)[strategy]
    assert isinstance(way, NotPossible), f"{strategy} is possible"
    return way.why


@pytest.mark.parametrize(
    ("old", "new", "renew", "overlap", "bridge"),
    [
        ("built-in", "shared", None, None, 2),
        ("built-in", "mesh", None, None, 2),
        ("built-in", "ca", None, None, 3),
        ("built-in", "chained", None, None, 3),
        ("shared", "shared", None, 3, None),
        ("shared", "shared, same name", None, 3, None),
        ("shared", "ca", None, 3, None),
        ("ca", "shared", None, 3, None),
        ("ca", "renewed leafs", 1, 1, None),
        ("ca", "ca", None, 3, None),
        ("ca", "ca, same name", None, 3, None),
        ("ca", "chained", None, 3, None),
        ("mesh", "mesh", None, 3, None),
    ],
)
def test_from_these_to_those_credentials_it_takes_so_many_rounds_or_cannot_be(
    old: str, new: str, renew: int | None, overlap: int | None, bridge: int | None
) -> None:
    seen = found(start(from_to(OLD[old], NEW[new])))
    rounds = {name: value if isinstance(value, int) else None for name, value in seen.items()}
    assert rounds == {RENEW: renew, OVERLAP: overlap, BRIDGE: bridge, PRESCRIBED: 1}


def test_they_come_in_one_order_and_the_documented_procedure_is_always_possible() -> None:
    apart = start(from_to(OWN.sets, NEW["ca"]), links=frozenset())
    assert list(ways(apart)) == list(STRATEGIES)
    assert found(apart)[PRESCRIBED] == 1


class TestRenew:
    def test_a_change_of_the_ca_is_refused_in_a_short_sentence(self) -> None:
        assert refusal(start(from_to(OWN.sets, NEW["ca"])), RENEW) == NOBODY_KNOWS

    def test_trust_in_one_direction_is_not_enough_for_it(self) -> None:
        knows = {name: trusting(SHARED, *SHARED.ca, *OTHER_SHARED.ca) for name in THREE}
        made = start(task(knows, of_all(OTHER_SHARED)))
        assert refusal(made, RENEW) == "old and new certificates are trusted in one direction only"

    def test_the_built_in_pair_is_refused_with_who_serves_it(self) -> None:
        all_of_them = start(from_to(BUILTIN_SET, SHARED))
        assert refusal(all_of_them, RENEW) == "gw-a (and 2 more) serves the built-in certificate"


class TestOverlap:
    def test_a_member_on_the_built_in_pair_is_named(self) -> None:
        before = {name: running(OWN.sets[name]) for name in THREE} | {"gw-b": running(BUILTIN_SET)}
        made = start(task(before, NEW["ca"]))
        assert refusal(made, OVERLAP) == "gw-b serves the built-in certificate, and trusts nothing else"
        assert found(start(from_to(OWN.sets, NEW["ca"])))[OVERLAP] == 3

    def test_another_pair_on_disk_forbids_a_round_of_the_ca_file_alone_and_no_round_of_all_files(
        self,
    ) -> None:
        pending = {"gw-b": "on gw-b lies another certificate"}
        assert refusal(start(from_to(OWN.sets, NEW["ca"]), pending=pending), OVERLAP) == pending["gw-b"]
        assert found(start(from_to(OWN.sets, NEW["renewed leafs"]), pending=pending))[OVERLAP] == 1

    def test_an_expired_certificate_makes_it_impossible_judged_at_the_time_of_the_look(self) -> None:
        made = from_to(ending(in_days=10), NEW["ca"])
        assert found(start(made))[OVERLAP] == 3
        why = refusal(start(made, at=NOW + timedelta(days=20)), OVERLAP)
        assert why.startswith("gw-a and gw-b would be apart in round 1: gw-a dials gw-b: ")
        assert "certificate has expired" in why


class TestBridge:
    def test_without_a_member_on_the_built_in_pair_there_is_nothing_to_bridge(self) -> None:
        assert refusal(start(from_to(SHARED, OTHER_SHARED)), BRIDGE) == (
            "no member serves the built-in certificate"
        )

    def test_different_built_in_certificates_are_named(self) -> None:
        before = {name: running(BUILTIN_SET) for name in THREE} | {"gw-b": on_builtin(ANOTHER_BUILTIN)}
        why = refusal(start(task(before, of_all(SHARED))), BRIDGE)
        one, other = BUILTIN_SET.leaf.sha256[:8], ANOTHER_BUILTIN.leaf.sha256[:8]
        assert why == (
            f"the members serve different built-in certificates (gw-a {one}; gw-b {other}; gw-c {one})"
        )

    def test_what_is_not_self_signed_with_that_name_is_not_trusted_even_for_a_while(self) -> None:
        strange = dict.fromkeys(THREE, on_builtin(OTHER_SHARED))
        why = refusal(start(task(strange, of_all(SHARED))), BRIDGE)
        assert why == (
            f"what they serve ({OTHER_SHARED.leaf.sha256[:8]} {OTHER_SHARED.leaf.subject}) is not self-signed, "
            "CN=cluster"
        )

    def test_a_pair_that_lies_on_disk_forbids_a_round_of_the_ca_file_alone_and_not_one_of_all_files(
        self,
    ) -> None:
        lies = {"gw-b": "on gw-b lies a key with a certificate that it does not serve"}
        assert refusal(start(from_to(BUILTIN_SET, OWN.sets), pending=lies), BRIDGE) == (
            "on gw-b lies a key with a certificate that it does not serve; remove Cluster_key.pem and "
            "Cluster_cert.pem there, nothing uses them"
        )
        assert found(start(from_to(BUILTIN_SET, SHARED), pending=lies))[BRIDGE] == 2

    def test_one_that_was_given_up_in_its_second_round_goes_on_with_the_rest(self) -> None:
        from_the_start = bridging(from_to(BUILTIN_SET, OWN.sets), builtin=BUILTIN_SET.leaf, early=False)
        first, second, _ = from_the_start.rounds
        way = ways(start(task({**first.after, "gw-b": second.after["gw-b"]}, OWN.sets)))[BRIDGE]
        assert isinstance(way, Way)
        assert [one.moving for one in way.rounds] == [frozenset({"gw-a", "gw-c"}), frozenset(THREE)]

    def test_members_of_which_some_have_moved_on_without_trust_in_the_built_in_one_cannot_be_bridged(
        self,
    ) -> None:
        before = {name: running(BUILTIN_SET) for name in THREE} | {"gw-b": running(OWN.sets["gw-b"])}
        made = task(before, OWN.sets)
        seen = start(made, links=frozenset({frozenset(("gw-a", "gw-c"))}))
        assert refusal(seen, BRIDGE) == "gw-a and gw-b are apart"


@pytest.mark.parametrize(
    ("strategy", "old", "new"),
    [(RENEW, "ca", "renewed leafs"), (OVERLAP, "ca", "ca"), (BRIDGE, "built-in", "ca")],
)
def test_members_that_are_apart_already_are_not_promised_to_stay_together(
    strategy: str, old: str, new: str
) -> None:
    made = from_to(OLD[old], NEW[new])
    assert isinstance(ways(start(made))[strategy], Way)
    seen = start(made, links=linked("gw-a", "gw-b") | linked("gw-b", "gw-c"))
    assert refusal(seen, strategy) == "gw-a and gw-c are apart"


def on_builtin(one: CredentialSet) -> Running:
    """A process that is known to run on the pair of its build, whatever that looks like."""
    return Running(Loaded(one.chain, (), builtin=True), {})
