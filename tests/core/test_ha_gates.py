"""What a pair must show while it forms, parts, and comes together again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tasks.core.gates import Broken, Gate, Holds, NodeView, Verdict, Waiting
from tasks.core.ha_gates import (
    counted,
    formed,
    gave_up,
    joins,
    leaderless,
    pairs,
    searching,
    stays_apart,
    unless_given_up,
)
from tasks.core.ha_reasons import reason_text
from tasks.core.plan import Counts
from tests.core.statuses import NOON, node_status, paired, view
from tests.core.statuses import counted as cluster_of

STANDING = {
    "PRIMARY 2/2": view(node_status(state=1, ha=paired("PRIMARY"))),
    "PRIMARY 1/1": view(node_status(state=1, ha=paired("PRIMARY", active=1, synced=1))),
    "PRIMARY 2/1": view(node_status(state=1, ha=paired("PRIMARY", synced=1, pct=1))),
    "STANDBY 2/2": view(node_status(state=10, ha=paired("STANDBY"))),
    "UNSYNC 0/0": view(node_status(state=11, ha=paired("UNSYNC", active=0, synced=0))),
    "UNSYNC 2/1": view(node_status(state=11, ha=paired("UNSYNC", synced=1, pct=1))),
    "silent": view(trouble="refused", silent=True),
    "in error": view(
        node_status(
            state=9, ha=replace(paired("UNSYNC_ERROR", active=1, synced=0), reason_code=2, reason="timeout")
        )
    ),
}


def seen(gate: Gate, primary: str, standby: str) -> Verdict:
    return gate({"d1": STANDING[primary], "d2": STANDING[standby]})


@pytest.mark.parametrize(
    ("primary", "standby", "verdict"),
    [
        ("PRIMARY 1/1", "UNSYNC 0/0", Holds),
        ("PRIMARY 1/1", "silent", Waiting),
        ("silent", "UNSYNC 0/0", Waiting),
        ("PRIMARY 2/1", "UNSYNC 2/1", Broken),
        ("PRIMARY 2/2", "STANDBY 2/2", Broken),
    ],
)
def test_a_standby_with_new_credentials_stays_apart(primary: str, standby: str, verdict: type) -> None:
    gate = stays_apart("d2", primary="d1", remedy="mend it")
    assert isinstance(seen(gate, primary, standby), verdict)


@pytest.mark.parametrize(
    ("primary", "holds", "text"),
    [
        ("UNSYNC 0/0", True, "d1 UNSYNC 0/0 at State 11: it failed meanwhile"),
        ("in error", True, "d1 UNSYNC_ERROR 1/0 at State 9: it failed meanwhile"),
        ("PRIMARY 1/1", False, "d1 PRIMARY 1/1 at State 1"),
        ("silent", False, "d1 does not answer: nobody serves the clients"),
    ],
)
def test_a_primary_that_failed_meanwhile_is_known_by_its_search(primary: str, holds: bool, text: str) -> None:
    verdict = seen(leaderless("d1"), primary, "UNSYNC 0/0")
    assert (isinstance(verdict, Holds), verdict.seen) == (holds, text)


def test_a_standby_apart_beside_a_silent_primary_has_the_shorter_limit() -> None:
    verdict = seen(stays_apart("d2", primary="d1", remedy="mend it"), "silent", "UNSYNC 0/0")
    assert verdict == Waiting(
        "d1 does not answer: nobody serves the clients, wanted PRIMARY 1/1", joining=True
    )


def test_one_that_pairs_all_the_same_loaded_the_former_credentials() -> None:
    found = seen(stays_apart("d2", primary="d1", remedy="mend it"), "PRIMARY 2/2", "STANDBY 2/2")
    assert found == Broken(
        "d2 paired with d1 again: it loaded the former HA credentials, not the new ones", remedy="mend it"
    )


def test_a_pair_is_in_sync_whoever_leads() -> None:
    assert isinstance(seen(pairs("d1", "d2"), "PRIMARY 2/2", "STANDBY 2/2"), Holds)
    assert isinstance(seen(pairs("d2", "d1"), "PRIMARY 2/2", "STANDBY 2/2"), Holds)


def test_two_that_search_have_the_shorter_limit() -> None:
    apart, syncing = (
        seen(pairs("d1", "d2"), *both) for both in (("UNSYNC 0/0",) * 2, ("PRIMARY 2/1", "UNSYNC 2/1"))
    )
    assert isinstance(apart, Waiting)
    assert apart.joining
    assert isinstance(syncing, Waiting)
    assert not syncing.joining


def test_a_standby_that_finds_no_primary_has_the_shorter_limit() -> None:
    alone = seen(joins("d1", "d2"), "PRIMARY 1/1", "UNSYNC 0/0")
    assert isinstance(alone, Waiting)
    assert alone.joining
    assert isinstance(seen(joins("d1", "d2"), "PRIMARY 2/2", "STANDBY 2/2"), Holds)


def test_a_new_pair_has_the_roles_that_were_wanted() -> None:
    assert isinstance(seen(formed("d1", "d2", remedy="-"), "PRIMARY 2/2", "STANDBY 2/2"), Holds)
    assert isinstance(seen(formed("d1", "d2", remedy="-"), "UNSYNC 0/0", "UNSYNC 0/0"), Waiting)
    assert seen(formed("d2", "d1", remedy="restore"), "PRIMARY 2/2", "STANDBY 2/2") == Broken(
        "d1 became the primary, wanted d2", remedy="restore"
    )


def test_a_node_that_gave_up_stops_the_line_with_its_reason() -> None:
    guarded = unless_given_up(searching("d2"), "d2", remedy=lambda code: f"code {code}", former={})
    assert seen(guarded, "PRIMARY 1/1", "in error") == Broken(
        "d2 gave up: UNSYNC_ERROR at State 9, ReasonCode 2 DISCOVERY_TIMEOUT (timeout)", remedy="code 2"
    )
    assert isinstance(seen(guarded, "PRIMARY 1/1", "UNSYNC 0/0"), Holds)


def test_what_a_process_on_its_way_down_says_is_over() -> None:
    same = {"d2": NOON}
    later = {"d2": NOON - timedelta(seconds=60)}
    for former, verdict in ((same, Waiting), (later, Broken)):
        guarded = unless_given_up(searching("d2"), "d2", remedy=str, former=former)
        assert isinstance(seen(guarded, "PRIMARY 1/1", "in error"), verdict)


@pytest.mark.parametrize(("name", "verdict"), [("in error", True), ("UNSYNC 0/0", False), ("silent", False)])
def test_who_gave_up(name: str, verdict: bool) -> None:
    assert gave_up(STANDING[name]) is verdict


def test_of_the_pair_its_primary_at_the_moment_is_counted() -> None:
    def gate(d1: NodeView, d2: NodeView) -> Verdict:
        expected = {"f": Counts(connected=1, disconnected=0), "gw-d": Counts(connected=1, disconnected=0)}
        single = view(node_status(cluster=cluster_of(1, 0)))
        return counted({"f": "f"}, "gw-d", ("d1", "d2"), expected)({"f": single, "d1": d1, "d2": d2})

    standby = STANDING["STANDBY 2/2"]
    primary = view(node_status(ha=paired("PRIMARY"), cluster=cluster_of(1, 0)))
    lonely = view(node_status(ha=paired("PRIMARY"), cluster=cluster_of(0, 1)))
    assert isinstance(gate(primary, standby), Holds)
    assert isinstance(gate(standby, primary), Holds)
    assert isinstance(gate(lonely, standby), Waiting)


def test_without_a_cluster_nothing_is_counted() -> None:
    gate = counted({}, "gw-d", ("d1", "d2"), {})
    assert isinstance(seen(gate, "PRIMARY 1/1", "silent"), Holds)


def test_a_reason_is_named() -> None:
    assert reason_text(5) == "ReasonCode 5 UNRESOLVED_STORE"
    assert reason_text(7, "g2") == "ReasonCode 7 GROUP_MISMATCH (g2)"
