"""Which sets are tried on which processes, and what is made of the answers."""

from __future__ import annotations

import pytest

from tasks.core.acceptance import (
    MOST,
    LetIn,
    Observed,
    TurnedAway,
    as_computed,
    listed,
    observed_findings,
    observed_lines,
    tries,
)
from tasks.core.findings import Severity
from tasks.core.issuing import Subject, ca_with_leafs
from tasks.core.observed import loaded_now
from tasks.core.snapshot import Unseen
from tests.core.certs import NOW, OWN, SHARED
from tests.core.snapshots import NO_ANSWER, THREE, WITH_PAIR, alter, cluster, healthy

AWAY = TurnedAway("alert unknown ca")
SETS = dict.fromkeys(("gw-a", "gw-b", "gw-c"), SHARED)
ON_BUILTIN, ON_NEW = loaded_now(healthy()), loaded_now(healthy(runs=SHARED))


def seen(answer: LetIn | TurnedAway | Unseen, node: str = "gw-a", distrust: str | None = None) -> Observed:
    return Observed(SHARED.label, node, node, answer, distrust)


def test_a_shared_set_is_tried_on_every_running_member_once_and_on_no_standby() -> None:
    sets = dict.fromkeys((m.name for m in WITH_PAIR.members), SHARED)
    assert [one.node for one in tries(healthy(WITH_PAIR), sets)] == ["gw-a", "gw-b", "gw-c", "gw-d1"]


def test_a_member_is_never_tried_with_the_set_that_is_its_own_alone() -> None:
    found = tries(healthy(THREE), {m: OWN.sets[m] for m in ("gw-a", "gw-b", "gw-c")})
    assert len(found) == 3 * 2
    assert all(one.wanted.label != one.member for one in found)


def test_where_nothing_is_served_nothing_is_tried() -> None:
    found = tries(alter(healthy(THREE), "gw-b", wire=NO_ANSWER), SETS)
    assert [one.node for one in found] == ["gw-a", "gw-c"]


def test_of_many_sets_each_has_its_turn_and_each_member_is_tried_once() -> None:
    names = [f"gw-{number:02d}" for number in range(13)]
    many = ca_with_leafs(Subject("CA"), members={n: Subject(n) for n in names}, days=9, ca_days=9, now=NOW)
    found = tries(healthy(cluster(*names)), many.sets)
    assert len(names) * (len(names) - 1) > MOST
    assert [one.node for one in found] == names
    assert {one.wanted.label for one in found} == set(names)
    assert all(one.wanted.label != one.member for one in found)


@pytest.mark.parametrize(
    ("answer", "distrust", "comes_up"),
    [
        pytest.param(LetIn(), None, True, id="let in"),
        pytest.param(LetIn(), "expired", False, id="let in, hangs up itself"),
        pytest.param(AWAY, None, False, id="turned away"),
        pytest.param(NO_ANSWER, None, None, id="not seen"),
    ],
)
def test_a_dial_comes_up_where_both_sides_are_content(
    answer: LetIn | TurnedAway | Unseen, distrust: str | None, comes_up: bool | None
) -> None:
    assert seen(answer, distrust=distrust).comes_up is comes_up


def test_refused_by_the_old_trust_and_let_in_by_the_new_is_as_computed() -> None:
    away, let_in = seen(AWAY), seen(LetIn())
    assert as_computed([away], sets=SETS, loaded=ON_BUILTIN, at=NOW) == {away: True}
    assert as_computed([let_in], sets=SETS, loaded=ON_NEW, at=NOW) == {let_in: True}


def test_what_is_otherwise_than_computed_is_a_warning_that_names_the_node() -> None:
    for observed, loaded in ((seen(AWAY), ON_NEW), (seen(LetIn()), ON_BUILTIN)):
        agreement = as_computed([observed], sets=SETS, loaded=loaded, at=NOW)
        (finding,) = observed_findings([observed], agreement)
        assert (finding.name, finding.severity, finding.where) == (
            "observed-otherwise",
            Severity.WARNING,
            "gw-a",
        )
        assert "NOT as computed" in observed_lines([observed], agreement)[0]


def test_many_sets_that_one_node_answers_alike_are_one_finding() -> None:
    observed = [Observed(label, "gw-a", "gw-a", LetIn()) for label in ("gw-b", "gw-c")]
    (finding,) = observed_findings(observed, dict.fromkeys(observed, False))
    assert "the new set gw-b, gw-c is let in" in finding.problem
    apart = [*observed, Observed("gw-d", "gw-a", "gw-a", AWAY)]
    assert len(observed_findings(apart, dict.fromkeys(apart, False))) == 2


def test_a_sample_is_not_told_as_if_every_set_had_been_shown_to_every_node() -> None:
    names = ("gw-a", "gw-b", "gw-c")
    ring = [Observed(label, n, n, AWAY) for n, label in zip(names, ("gw-b", "gw-c", "gw-a"), strict=True)]
    every = [Observed(label, node, node, AWAY) for node in names for label in names if label != node]
    assert "gw-c, one set on each: " in observed_lines(ring, {})[0]
    assert "one set on each" not in observed_lines(every, {})[0]


def test_what_is_as_computed_is_no_finding_but_a_line() -> None:
    observed = [seen(AWAY, node) for node in ("gw-a", "gw-b")]
    agreement = as_computed(observed, sets=SETS, loaded=ON_BUILTIN, at=NOW)
    assert observed_findings(observed, agreement) == ()
    assert observed_lines(observed, agreement) == (
        f"tried on the running gw-a, gw-b: a client with new set {SHARED.label} is turned away "
        "(alert unknown ca), as computed",
    )


def test_what_was_not_observed_is_said_and_judged_by_nothing() -> None:
    unseen = seen(Unseen("by exec the key would travel", "admin.via: direct"))
    agreement = as_computed([unseen], sets=SETS, loaded=ON_NEW, at=NOW)
    (finding,) = observed_findings([unseen], agreement)
    assert (agreement, finding.name, finding.severity) == ({}, "not-observed", Severity.INFO)
    assert finding.remedy == "admin.via: direct"
    assert observed_lines([unseen], agreement) == ()


def test_the_distrust_of_what_is_served_is_told() -> None:
    (line,) = observed_lines([seen(LetIn(), distrust="certificate has expired")], {})
    assert line.endswith("is let in, but hangs up itself (certificate has expired)")


def test_of_many_names_the_first_are_listed_each_once() -> None:
    assert listed(["a", "b", "a"]) == "a, b"
    assert listed("abcdef") == "a, b, c, d and 2 more"
