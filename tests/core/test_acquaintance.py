"""Who knows whom, and how the knowledge spreads."""

from __future__ import annotations

from tasks.core.acquaintance import after_meeting, known_now
from tasks.core.expected_counts import counts_of
from tests.core.islands import apart
from tests.core.snapshots import cluster, healthy, rest_silent

ALONE: dict[str, frozenset[str]] = {name: frozenset() for name in "abc"}


def _set(*names: str) -> frozenset[str]:
    return frozenset(names)


def test_a_member_knows_those_that_its_monitor_lists_and_the_retired() -> None:
    known = known_now(healthy(cluster("gw-a", "gw-b", retired=("UID-OLD",))))
    assert known["gw-a"] == {"gw-b", "UID-OLD"}
    assert known_now(apart())["gw-a"] == {"gw-b"}


def test_a_member_that_could_not_be_asked_is_taken_to_know_everybody() -> None:
    assert known_now(rest_silent(healthy(), "gw-a"))["gw-a"] == {"gw-b", "gw-c"}


def test_those_who_are_connected_tell_each_other_of_everybody_they_know() -> None:
    known = {"a": _set("x"), "b": _set(), "c": _set("y")}
    peers = {"a": _set("b"), "b": _set("a"), "c": _set()}
    assert after_meeting(known, peers) == {"a": _set("b", "x"), "b": _set("a", "x"), "c": _set("y")}


def test_news_go_over_a_third_member() -> None:
    known = {"a": _set("x"), "b": _set(), "c": _set()}
    peers = {"a": _set("b"), "b": _set("a", "c"), "c": _set("b")}
    assert after_meeting(known, peers)["c"] == {"a", "b", "x"}


def test_nobody_learns_anything_alone() -> None:
    known = {"a": _set("b"), "b": _set(), "c": _set()}
    assert after_meeting(known, ALONE) == known


def test_everybody_known_who_is_no_peer_is_disconnected() -> None:
    counts = counts_of({"a": _set("b", "c", "old"), "b": _set("a")}, {"a": _set("b"), "b": _set("a")})
    assert {name: str(count) for name, count in counts.items()} == {"a": "1/2", "b": "1/0"}
