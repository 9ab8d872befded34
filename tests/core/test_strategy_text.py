"""What is said of a strategy: why it is as it is, what it means for security, until when it must be done."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tasks.core.plan import Choice, Plan, PlanRound
from tasks.core.rounds import Way, bridging, one_round, overlapping
from tasks.core.strategy_text import choice_table, refusal_lines, round_lines, strategy_text, way_notes
from tests.core.certs import BUILTIN, BUILTIN_SET, NOW, OWN, SHARED
from tests.core.kinds import NEW
from tests.core.ways import ending, from_to

BRIDGE = bridging(from_to(BUILTIN_SET, SHARED), builtin=BUILTIN, early=True)
OVERLAP = overlapping(from_to(OWN.sets, NEW["ca"]))
SECURITY = (
    "until the last round, whoever has the built-in key, which is public, can still join the cluster: no worse than "
    "before this run, and no better until that round is done; it is part of the run"
)
CHOICES = (
    Choice(strategy="overlap", rounds=3, restarts=9, waiting_s=216, apart_s=0, reconnects=3),
    Choice(strategy="renew", refused="gw-a and gw-b would be apart"),
    Choice(strategy="prescribed", rounds=1, restarts=3, waiting_s=90, apart_s=41, reconnects=1),
)


def plan(*, choices: tuple[Choice, ...] = CHOICES, rounds: tuple[PlanRound, ...] = ()) -> Plan:
    return Plan(
        cluster="production", cluster_name="MyCluster", strategy="overlap", steps=(), targets={}, before={},
        baseline={}, pairs=(), addresses={}, choices=choices, rounds=rounds,
    )  # fmt: skip


@pytest.mark.parametrize(
    "way", [BRIDGE, OVERLAP, one_round("renew", from_to(OWN.sets, NEW["renewed leafs"]))]
)
def test_of_a_way_that_parts_nobody_just_that_is_said(way: Way) -> None:
    assert strategy_text(way, apart=False).endswith("; nobody is apart meanwhile")


def test_of_the_documented_procedure_it_is_said_whether_it_parts_members() -> None:
    way = one_round("prescribed", from_to(BUILTIN_SET, SHARED))
    assert strategy_text(way, apart=True) == (
        "the documented procedure; members with old and with new trust are apart until the last restart"
    )
    assert "no settled member is apart from another" in strategy_text(way, apart=False)


def test_a_bridge_says_what_the_trust_in_the_built_in_certificate_means_and_no_other_way_does() -> None:
    assert way_notes(BRIDGE, at=NOW) == (SECURITY,)
    assert way_notes(OVERLAP, at=NOW) == ()
    assert way_notes(one_round("prescribed", from_to(BUILTIN_SET, SHARED)), at=NOW) == ()


def test_a_way_of_nothing_to_do_has_no_notes() -> None:
    done = Way("bridge", BRIDGE.before, (), {})
    assert way_notes(done, at=NOW) == ()


@pytest.mark.parametrize(("in_days", "told"), [(29, True), (31, False)])
def test_rounds_that_must_be_done_before_a_certificate_ends_have_a_deadline(in_days: int, told: bool) -> None:
    old = ending(in_days=in_days)
    notes = way_notes(overlapping(from_to({**OWN.sets, "gw-b": old["gw-b"]}, NEW["ca"])), at=NOW)
    ends = f"{NOW + timedelta(days=in_days):%Y-%m-%d %H:%M} UTC"
    said = f"what gw-b serves now ends on {ends}: finish all rounds before, else members are apart"
    assert notes == ((said,) if told else ())


def test_one_round_has_no_deadline_of_its_own() -> None:
    soon = from_to(ending(in_days=5), NEW["ca"])
    assert way_notes(one_round("prescribed", soon), at=NOW) == ()


def test_what_each_possible_strategy_costs_is_a_table_and_the_chosen_one_is_marked() -> None:
    table = choice_table(plan())
    assert table is not None
    assert table.rows == (
        ("overlap <", "3", "9", "3", "3 m 36 s", "never"),
        ("prescribed", "1", "3", "1", "1 m 30 s", "about 41 s"),
    )
    assert sum(max(map(len, column)) + 2 for column in zip(table.header, *table.rows, strict=True)) <= 80


def test_without_a_choice_there_is_no_table() -> None:
    assert choice_table(plan(choices=())) is None
    assert choice_table(plan(choices=CHOICES[1:2])) is None


def test_why_the_others_are_not_possible_is_said_of_each() -> None:
    assert refusal_lines(plan()) == ("renew: not possible, gw-a and gw-b would be apart",)
    assert refusal_lines(plan(choices=CHOICES[:1])) == ()


def test_each_round_is_named_with_the_way_back_from_its_end() -> None:
    rounds = tuple(
        PlanRound(what=what, targets={}, accepts={}, moving=moving)
        for what, moving in (
            ("CA files of both", ("gw-a", "gw-c")),
            ("the new pairs", ("gw-a", "gw-b", "gw-c")),
        )
    )
    assert round_lines(plan(rounds=rounds)) == (
        "round 1: CA files of both (the way back from its end: 1 round, 2 member restarts)",
        "round 2: the new pairs (the way back from its end: 2 rounds, 5 member restarts)",
    )
    assert round_lines(plan()) == ()


def test_of_a_bridge_as_of_any_other_the_way_back_is_told() -> None:
    rounds = (PlanRound(what="the new pairs", targets={}, accepts={}, moving=("gw-a",)),)
    made = plan(rounds=rounds).model_copy(update={"strategy": "bridge"})
    assert round_lines(made) == (
        "round 1: the new pairs (the way back from its end: 1 round, 1 member restart)",
    )
