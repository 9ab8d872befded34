"""Whether a way takes two members apart: in every combination that a round can leave them in."""

from __future__ import annotations

from dataclasses import replace

from tasks.core.rounds import Way, bridging, one_round, overlapping
from tasks.core.splits import Split, both_ways, first_split, meetings
from tests.core.certs import BUILTIN, BUILTIN_SET, NOW, OTHER_SHARED, OWN, SHARED
from tests.core.kinds import NEW, renewed
from tests.core.ways import THREE, ending, from_to, linked, running, task, trusting

TOGETHER = linked(*THREE)
OTHER_CA = NEW["ca"]


def split(way: Way, *, links: frozenset[frozenset[str]] = TOGETHER) -> Split | None:
    return first_split(way, links=links, at=NOW)


def without(way: Way, number: int) -> Way:
    """The same with a round left out."""
    return replace(way, rounds=tuple(one for index, one in enumerate(way.rounds, 1) if index != number))


def test_three_rounds_of_overlap_take_nobody_apart_and_each_of_them_is_needed() -> None:
    way = overlapping(from_to(OWN.sets, OTHER_CA))
    assert split(way) is None
    for number in (1, 2):
        found = split(without(way, number))
        assert found is not None
        assert found.round == number


def test_a_bridge_to_leafs_of_a_ca_needs_its_first_round_and_one_to_a_shared_set_does_not() -> None:
    to_shared, to_leafs = from_to(BUILTIN_SET, SHARED), from_to(BUILTIN_SET, OWN.sets)
    assert split(bridging(to_leafs, builtin=BUILTIN, early=False)) is None
    assert split(bridging(to_shared, builtin=BUILTIN, early=True)) is None
    hasty = split(bridging(to_leafs, builtin=BUILTIN, early=True))
    assert hasty is not None
    assert (hasty.round, hasty.one, hasty.other) == (1, "gw-a", "gw-b")


def test_a_split_says_who_when_and_why_in_both_directions() -> None:
    found = split(one_round("renew", from_to(OWN.sets, OTHER_CA)))
    assert found is not None
    assert str(found).startswith("gw-a and gw-b would be apart in round 1: gw-a dials gw-b: ")
    assert "; gw-b dials gw-a: refuses the client: " in str(found)


def test_members_that_are_apart_before_the_first_round_are_named_so() -> None:
    way = one_round("renew", from_to(OWN.sets, renewed()))
    found = split(way, links=TOGETHER - {frozenset(("gw-a", "gw-c"))})
    assert found == Split(0, "gw-a", "gw-c", "")
    assert str(found) == "gw-a and gw-c are apart"
    assert split(way) is None


def test_between_members_that_no_round_has_touched_what_they_say_decides() -> None:
    """Connections outlive certificates: one that has ended counts once its peer or it has moved on."""
    before = {name: running(OTHER_CA[name]) for name in THREE} | {
        "gw-b": running(ending(in_days=-10)["gw-b"])
    }
    assert split(one_round("renew", task(before, OTHER_CA))) is None
    before["gw-c"] = trusting(OTHER_CA["gw-c"], *OTHER_CA["gw-c"].ca, *SHARED.ca)
    found = split(one_round("renew", task(before, OTHER_CA)))
    assert found is not None
    assert (found.one, found.other) == ("gw-b", "gw-c")


def test_two_members_meet_in_every_combination_of_before_and_after() -> None:
    way = overlapping(from_to(OWN.sets, OTHER_CA))
    was, due = way.before, way.rounds[0].after
    found = list(meetings(was, due, one="gw-a", other="gw-b"))
    assert len(found) == 4
    assert (was["gw-a"], due["gw-b"]) in found
    assert (due["gw-a"], was["gw-b"]) in found


def test_a_member_that_a_round_leaves_alone_meets_the_others_as_it_is() -> None:
    before = {name: running(OWN.sets[name]) for name in THREE}
    before["gw-b"] = trusting(OWN.sets["gw-b"], *OWN.sets["gw-b"].ca, *OTHER_CA["gw-b"].ca)
    way = overlapping(task(before, OTHER_CA))
    found = list(meetings(way.before, way.rounds[0].after, one="gw-a", other="gw-b"))
    assert [other for _, other in found] == [before["gw-b"]] * 2


def test_trust_both_ways_is_told_from_trust_in_one_direction() -> None:
    """Where the old CA file knows the new certificate and not the other way round, old can only be dialled."""
    assert both_ways(one_round("renew", from_to(OWN.sets, renewed())), at=NOW)
    knows = {name: trusting(SHARED, *SHARED.ca, *OTHER_SHARED.ca) for name in THREE}
    one_way = one_round("renew", task(knows, dict.fromkeys(THREE, OTHER_SHARED)))
    assert first_split(one_way, links=TOGETHER, at=NOW) is None
    assert not both_ways(one_way, at=NOW)


def test_what_an_unplanned_start_would_load_is_reckoned_with_until_other_files_are_swapped_in() -> None:
    way = overlapping(from_to(OWN.sets, OTHER_CA))
    later = {"gw-b": way.rounds[1].after["gw-b"].loaded}
    assert (
        first_split(way, links=TOGETHER, at=NOW, would=later) is not None
    )  # not all trust both from the start
    rest = replace(way, before=way.rounds[0].after, rounds=way.rounds[1:])
    assert first_split(rest, links=TOGETHER, at=NOW, would=later) is None  # gone before the last round
    stranger = first_split(rest, links=TOGETHER, at=NOW, would={"gw-b": OTHER_SHARED.loaded})
    assert stranger is not None
    assert (stranger.round, stranger.one, stranger.other) == (1, "gw-a", "gw-b")
