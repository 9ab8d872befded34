"""When things end: every state, by the clock of the place, and what ends first comes first."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tasks.core.errors import UsageError
from tasks.core.expiry import BAD, Limits, State, parse_limits, state_of
from tests.core.certs import NOW
from tests.core.endings import (
    DAY,
    LIMITS,
    certificate,
    dead,
    garbage,
    here,
    judged,
    list_on_disk,
    on_disk,
    revocation_list,
    served,
)

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("left", "state"),
    [
        pytest.param(30 * DAY, State.OK, id="thirty days are not fewer than thirty"),
        pytest.param(30 * DAY - SECOND, State.WARNING, id="a second less are"),
        pytest.param(7 * DAY, State.WARNING, id="seven days are not fewer than seven"),
        pytest.param(7 * DAY - SECOND, State.CRITICAL, id="a second less are"),
        pytest.param(0 * DAY, State.CRITICAL, id="the last second"),
        pytest.param(-SECOND, State.EXPIRED, id="the second after"),
    ],
)
def test_the_days_left_decide(left: timedelta, state: State) -> None:
    assert state_of(NOW - DAY, NOW + left, at=NOW, limits=LIMITS) is state


def test_what_has_not_begun_is_not_valid_yet_however_long_it_lasts() -> None:
    assert state_of(NOW + SECOND, NOW + 900 * DAY, at=NOW, limits=LIMITS) is State.NOT_YET
    assert state_of(NOW, NOW + 900 * DAY, at=NOW, limits=LIMITS) is State.OK


def test_a_list_without_next_update_does_not_end() -> None:
    assert state_of(NOW - DAY, None, at=NOW, limits=LIMITS) is State.OK


def test_with_limits_of_zero_only_what_has_ended_is_bad() -> None:
    none = Limits(0, 0)
    assert state_of(NOW - DAY, NOW, at=NOW, limits=none) is State.OK
    assert state_of(NOW - DAY, NOW - SECOND, at=NOW, limits=none) is State.EXPIRED


@pytest.mark.parametrize(
    ("warn", "crit", "problem"),
    [
        pytest.param("7", "30", "the warning would come after the alarm", id="warn below crit"),
        pytest.param("-1", "7", "whole days", id="negative"),
        pytest.param("30", "soon", "whole days", id="no number"),
        pytest.param("30.5", "7", "whole days", id="a fraction"),
        pytest.param("", "7", "whole days", id="nothing"),
        pytest.param("36501", "7", "whole days", id="more than a century"),
        pytest.param("³0", "7", "whole days", id="other digits"),
    ],
)
def test_impossible_limits_are_refused_with_both_named(warn: str, crit: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem) as refused:
        parse_limits(warn, crit)
    assert f"--warn {warn!r} and --crit {crit!r}" in refused.value.problem


def test_possible_limits_are_taken() -> None:
    assert parse_limits("30", "7") == Limits(30, 7)
    assert parse_limits("7", "7") == Limits(7, 7)


def test_what_ends_first_comes_first_and_what_is_unknown_last() -> None:
    late, soon, gone = certificate("late", 400), certificate("soon", 3), certificate("gone", -2)
    found = judged(dead("gw-b"), served("gw-a", late, soon), here("Cluster_cert.pem", gone))
    assert [row.state for row in found.rows] == [State.EXPIRED, State.CRITICAL, State.OK, State.UNKNOWN]
    assert [row.days_left for row in found.rows] == [-2, 3, 400, None]
    assert [row.subject for row in found.bad] == ["CN=gone", "CN=soon"]
    assert [row.problem for row in found.unknown] == ["no route to host"]


def test_every_certificate_of_a_file_is_judged() -> None:
    leaf, root = certificate("leaf", 100), certificate("root", 5)
    rows = judged(on_disk("gw-a", leaf, root)).rows
    assert [(row.subject, row.state) for row in rows] == [
        ("CN=root", State.CRITICAL),
        ("CN=leaf", State.OK),
    ]


def test_a_list_is_judged_by_its_next_update() -> None:
    (row,) = judged(list_on_disk("gw-a", revocation_list(5))).rows
    assert (row.kind, row.state, row.days_left) == ("list", State.CRITICAL, 5)
    assert row.subject == "CN=the CA,O=Org"
    assert len(row.sha256) == 64


def test_the_same_certificate_twice_in_a_file_is_one_row() -> None:
    one = certificate("one", 100)
    assert len(judged(on_disk("gw-a", one, one)).rows) == 1


def test_each_place_is_judged_by_its_own_clock() -> None:
    one = certificate("one", 10)
    fast = replace(served("gw-b", one), at=NOW + 11 * DAY)
    found = judged(served("gw-a", one), fast)
    assert {row.where: row.state for row in found.rows} == {"gw-a": State.WARNING, "gw-b": State.EXPIRED}


def test_a_dead_node_is_unknown_and_not_up_and_the_others_are_judged() -> None:
    found = judged(dead("gw-b"), served("gw-a", certificate("one", 100)))
    assert {node.node: node.up for node in found.nodes} == {"gw-a": True, "gw-b": False}
    assert {row.where: row.state for row in found.rows} == {"gw-a": State.OK, "gw-b": State.UNKNOWN}


def test_a_file_of_nonsense_is_unknown_though_its_node_is_up() -> None:
    found = judged(garbage("gw-a"))
    (row,) = found.rows
    assert (row.kind, row.state) == ("unreadable", State.UNKNOWN)
    assert row.problem == "Cluster_cafile.pem: it holds no -----BEGIN line"
    assert all(node.up for node in found.nodes)


def test_a_warning_is_not_bad() -> None:
    assert not judged(served("gw-a", certificate("one", 20))).bad
    assert State.WARNING not in BAD
