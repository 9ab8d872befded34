"""Samples: what they say of members and pairs, what they add up to, and the lines in which that is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import combinations

import pytest

from tasks.core.availability import (
    Availability,
    Look,
    Sample,
    measured,
    read_samples,
    restarts_servers,
    sample,
    sample_line,
    serves,
    still_all_connected,
    uids_of,
)
from tasks.core.availability_text import availability_lines, seconds_text
from tasks.core.plan import Step
from tasks.core.status import RemoteMember
from tasks.core.step_kinds import StepKind
from tests.core.plans import plan_of
from tests.core.snapshots import THREE, healthy, pair, remote, retired_remote, single, uid
from tests.core.statuses import NOON, counted, node_status, paired

A, B, C = (single(name) for name in ("gw-a", "gw-b", "gw-c"))
ALL = (A, B, C)
UIDS = {uid(member.name): member.name for member in ALL}
STARTING = Look(node_status(state=4, cluster=counted(None, None, status="Initializing")))
SILENT = Look(None)


def on(name: str, *connected: RemoteMember) -> Look:
    return Look(node_status(uid=uid(name)), connected)


def lost(name: str) -> RemoteMember:
    return replace(remote(single(name)), status="Inactive")


def seen(looks: Mapping[str, Look], *, at: datetime = NOON) -> Sample:
    return sample(ALL, looks, uids=UIDS, at=at)


WHOLE = {
    "gw-a": on("gw-a", remote(B), remote(C)),
    "gw-b": on("gw-b", remote(A), remote(C)),
    "gw-c": on("gw-c", remote(A), remote(B)),
}


def test_in_a_whole_cluster_nobody_is_away_or_apart() -> None:
    found = seen(WHOLE)
    assert set(found.settled) == {"gw-a", "gw-b", "gw-c"}
    assert (found.away, found.unseen, found.apart) == ((), (), frozenset())


@pytest.mark.parametrize(
    ("look", "where"),
    [
        pytest.param(STARTING, "away", id="starting"),
        pytest.param(SILENT, "away", id="REST silent"),
        pytest.param(Look(node_status(state=9)), "away", id="maintenance"),
        pytest.param(
            Look(node_status(cluster=counted(None, None, status="Discover"))), "away", id="discover"
        ),
        pytest.param(None, "unseen", id="not asked"),
    ],
)
def test_a_member_without_a_serving_node_is_away_or_not_seen(look: Look | None, where: str) -> None:
    others = {name: WHOLE[name] for name in ("gw-a", "gw-b")}
    found = seen(others if look is None else others | {"gw-c": look})
    assert {name: getattr(found, name) for name in ("away", "unseen")} == {"away": (), "unseen": ()} | {
        where: ("gw-c",)
    }
    assert found.apart == frozenset()


@pytest.mark.parametrize(
    ("a_sees", "b_sees", "apart"),
    [
        pytest.param([remote(B)], [remote(A)], False, id="both directions"),
        pytest.param([lost("gw-b")], [remote(A)], False, id="one direction"),
        pytest.param([remote(B)], [], False, id="the other direction"),
        pytest.param([lost("gw-b")], [lost("gw-a")], True, id="neither"),
        pytest.param([replace(remote(B), status="Connecting")], [], True, id="connecting is not connected"),
        pytest.param([replace(remote(B), uid="UID-other")], [], True, id="the name is not the member"),
    ],
)
def test_two_members_are_apart_where_neither_calls_the_other_active(
    a_sees: list[RemoteMember], b_sees: list[RemoteMember], apart: bool
) -> None:
    found = sample((A, B), {"gw-a": on("gw-a", *a_sees), "gw-b": on("gw-b", *b_sees)}, uids=UIDS, at=NOON)
    assert found.apart == (frozenset({("gw-a", "gw-b")}) if apart else frozenset())


def _pair_looks(one: Look | None, two: Look | None) -> dict[str, Look]:
    found = {"gw-d1": one, "gw-d2": two, "gw-a": on("gw-a", remote(pair("gw-d")))}
    return {name: look for name, look in found.items() if look is not None}


PRIMARY = on("gw-d", remote(A))
STANDBY = Look(node_status(state=10, ha=paired("STANDBY"), cluster=counted(0, 0, status="Standby")))


@pytest.mark.parametrize(
    ("one", "two", "where"),
    [
        pytest.param(PRIMARY, STANDBY, "settled", id="the primary speaks for it"),
        pytest.param(STANDBY, PRIMARY, "settled", id="whichever node that is"),
        pytest.param(PRIMARY, None, "settled", id="the standby not seen"),
        pytest.param(STANDBY, STARTING, "away", id="a standby is nobody"),
        pytest.param(STANDBY, None, "unseen", id="the other one may serve"),
    ],
)
def test_a_pair_is_one_member(one: Look | None, two: Look | None, where: str) -> None:
    members = (A, pair("gw-d"))
    looks = _pair_looks(one, two)
    found = sample(members, looks, uids=uids_of(members, looks) | {uid("gw-d"): "gw-d"}, at=NOON)
    assert "gw-d" in getattr(found, where)
    assert found.apart == frozenset()


def test_a_sample_says_what_each_node_was_doing_and_leaves_out_those_that_are_ready() -> None:
    looks = WHOLE | {"gw-b": STARTING}
    found = seen({name: look for name, look in looks.items() if name != "gw-c"})
    assert found.nodes == {"starting": ("gw-b",), "unseen": ("gw-c",)}
    assert seen(WHOLE).nodes == {}
    assert read_samples(sample_line(found)) == (found,)


def test_a_sample_of_an_older_version_says_nothing_of_nodes() -> None:
    line = sample_line(seen(WHOLE)).replace(',"nodes":{}', "")
    assert [one.nodes for one in read_samples(line)] == [None]


def test_uids_are_those_that_the_nodes_tell() -> None:
    assert uids_of(ALL, WHOLE | {"gw-c": SILENT}) == {uid("gw-a"): "gw-a", uid("gw-b"): "gw-b"}


def test_samples_are_read_back_and_a_line_cut_short_is_none_of_them() -> None:
    first, second = seen(WHOLE), seen({"gw-a": on("gw-a"), "gw-b": SILENT}, at=NOON + timedelta(seconds=1))
    text = sample_line(first) + sample_line(second)
    assert read_samples(text) == (first, second)
    assert read_samples(text[:-9]) == (first,)
    assert read_samples(text[:-9] + "\n" + sample_line(first)) == (first, first)
    assert text.count("\n") == 2


def _series(*moments: tuple[float, str]) -> tuple[Sample, ...]:
    """Moments in seconds, each with who is settled: "ab" connected, "a b" apart; who is missing is away."""
    found = []
    for second, text in moments:
        groups = [{f"gw-{letter}" for letter in group} for group in text.split()]
        everyone = set().union(*groups)
        settled = {
            name: tuple(sorted(other for other in everyone - group)) for group in groups for name in group
        }
        away = tuple(name for name in ("gw-a", "gw-b") if name not in everyone)
        found.append(Sample(at=NOON + timedelta(seconds=second), settled=settled, away=away))
    return tuple(found)


@pytest.mark.parametrize(
    ("moments", "away", "apart_s", "glimpses"),
    [
        pytest.param([(0, "ab"), (1, "ab"), (2, "ab")], {}, 0, 0, id="all well"),
        pytest.param([(0, "ab"), (1, "b"), (2, "b"), (3, "ab")], {"gw-a": 2.0}, 0, 0, id="away until seen"),
        pytest.param([(0, "ab"), (1, "b")], {}, 0, 0, id="the last sample counts nothing"),
        pytest.param([(0, "ab"), (1, "a b"), (2, "a b"), (2.5, "ab")], {}, 1.5, 0, id="apart"),
        pytest.param([(0, "ab"), (1, "a b"), (2, "ab")], {}, 0, 1, id="apart in one sample only"),
        pytest.param([(0, "a b"), (1, "b"), (2, "a b"), (3, "ab")], {"gw-a": 1.0}, 0, 2, id="away between"),
        pytest.param([(0, "b"), (1, "b"), (9, "ab"), (10, "ab")], {"gw-a": 1.0}, 0, 0, id="nobody looked"),
        pytest.param([(0, "a b"), (9, "a b"), (10, "ab")], {}, 0, 2, id="no two in a row over a gap"),
        pytest.param([(1, "a b"), (0, "a b"), (1, "a b")], {}, 1.0, 1, id="a clock that went back"),
        pytest.param([], {}, 0, 0, id="no sample"),
    ],
)
def test_seconds_away_and_apart(
    moments: list[tuple[float, str]], away: dict[str, float], apart_s: float, glimpses: int
) -> None:
    found = measured(_series(*moments))
    assert found.away == away
    assert sum(each.seconds for each in found.apart) == apart_s == found.apart_s
    assert found.glimpses == glimpses


def test_what_nobody_looked_at_is_told_apart_from_the_longest_gap() -> None:
    found = measured(_series((0, "ab"), (0.5, "ab"), (2, "ab"), (100, "ab"), (101, "ab")))
    assert (found.samples, found.observed_s, found.longest_gap_s, found.unobserved_s) == (5, 3.0, 1.5, 98.0)


def test_the_longest_partition_comes_first_and_overlapping_ones_count_once_in_all() -> None:
    found = measured(_series((0, "a b c"), (1, "a b c"), (2, "ab c"), (3, "ab c"), (4, "abc")))
    assert [(each.members, each.seconds) for each in found.apart] == [
        (("gw-a", "gw-c"), 4.0),
        (("gw-b", "gw-c"), 4.0),
        (("gw-a", "gw-b"), 2.0),
    ]
    assert found.apart_s == 4.0


def _lines(found: Availability) -> list[str]:
    return list(availability_lines(found))


def test_a_record_without_trouble_takes_three_lines() -> None:
    assert _lines(measured(_series((0, "ab"), (0.4, "ab"), (0.6, "b"), (1, "ab")))) == [
        "availability: 4 samples over 1.0 s, longest gap 0.4 s",
        "  away: gw-a 0.4 s",
        "  apart: none",
    ]


def test_every_doubt_has_a_line_of_its_own() -> None:
    moments = ((0, "ab"), (1.5, "a b"), (3, "ab"), (4, "a b c"), (5, "a b c"), (9, "ab"))
    found = measured(_series(*moments))
    assert _lines(found.model_copy(update={"unseen": {"gw-b": 22.0}})) == [
        "availability: 6 samples over 5.0 s, longest gap 1.5 s",
        "  what lasted less than 1.5 s may lie between two samples, unseen",
        "  not observed: 4.0 s, when the run was not at work",
        "  away: none",
        "  could not be asked: gw-b 22 s",
        "  apart: gw-a x gw-b 1.0 s, gw-a x gw-c 1.0 s, gw-b x gw-c 1.0 s; in all 1.0 s",
        "  apart in one sample only: once (not counted: two looks differ in time)",
    ]


def test_of_many_members_the_first_few_are_named() -> None:
    found = measured(()).model_copy(update={"away": {f"gw-{number}": 14.0 for number in range(60)}})
    (line,) = (line for line in _lines(found) if "away" in line)
    assert line.endswith("gw-9 14 s and 50 more")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (102.4, "1 m 42 s"), (200_000, "2 d 7 h")],
)
def test_seconds_are_as_exact_as_they_matter(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


def test_the_counts_alone_suffice_only_while_all_are_connected() -> None:
    whole = node_status(cluster=counted(2, 0))
    assert still_all_connected(whole, (remote(B), remote(C)))
    assert not still_all_connected(whole, (remote(B), lost("gw-c")))
    assert not still_all_connected(whole, (remote(B),))
    assert not still_all_connected(node_status(cluster=counted(1, 1)), (remote(B), remote(C)))
    assert not still_all_connected(node_status(cluster=counted(2, 1)), (remote(B), remote(C)))
    assert not still_all_connected(node_status(cluster=counted(2, 1)), (remote(B), retired_remote("UID-X")))


def test_only_state_1_and_an_active_cluster_serve() -> None:
    assert serves(node_status())
    assert not serves(node_status(state=10))
    assert not serves(node_status(cluster=counted(None, None, status="Unavailable")))


def test_a_plan_that_restarts_nothing_is_told_from_one_that_does() -> None:
    plan = plan_of(healthy(THREE))
    assert restarts_servers(plan)
    places = tuple(step for step in plan.steps if step.kind is StepKind.PLACE)
    assert not restarts_servers(plan.model_copy(update={"steps": places}))
    ha = Step(kind=StepKind.HA_PART, target="gw-d", expected={})
    assert restarts_servers(plan.model_copy(update={"steps": (*places, ha)}))


def test_sixty_members_cost_little() -> None:
    """A record of a long migration is read while somebody waits for it."""
    names = [f"gw-{number:02}" for number in range(60)]
    half = {name: tuple(n for n in names if (n < "gw-30") != (name < "gw-30")) for name in names}
    series = [Sample(at=NOON + timedelta(seconds=each), settled=half) for each in range(20)]
    found = measured(series)
    assert len(found.apart) == 30 * 30 == sum(1 for p in combinations(names, 2) if p[1] in half[p[0]])
    assert {each.seconds for each in found.apart} == {19.0}
