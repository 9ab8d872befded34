"""Each gate beside the state that must not pass it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tasks.core.gates import (
    Broken,
    Gate,
    Holds,
    NodeView,
    Waiting,
    accepts,
    counts,
    in_order,
    in_sync,
    restarted,
    serves,
    took_over,
)
from tasks.core.plan import Counts
from tests.core.certs import BUILTIN, LEAF_A, LEAF_B
from tests.core.statuses import NOON, counted, node_status, paired, view

LATER = NOON + timedelta(seconds=20)


def _restarted(state: int = 1) -> Gate:
    return restarted("gw-a", started_before=NOON, state=state)


@pytest.mark.parametrize(
    ("status", "text"),
    [
        pytest.param(node_status(uptime_s=120), "old process still answers", id="old process"),
        pytest.param(node_status(state=2, uptime_s=103), "old process still answers, State 2", id="stopping"),
        pytest.param(
            node_status(started_at=NOON + timedelta(seconds=0.9)), "old process", id="moved by rounding only"
        ),
        pytest.param(
            node_status(started_at=LATER, state=8, uptime_s=1), "State 8", id="Running, but State 8"
        ),
        pytest.param(node_status(started_at=LATER, state=10, uptime_s=1), "State 10", id="standby, wanted 1"),
        pytest.param(None, "no answer from REST", id="silent"),
    ],
)
def test_a_restart_is_awaited_until_a_new_process_is_in_production(status: object, text: str) -> None:
    verdict = _restarted()({"gw-a": view(status)})  # type: ignore[arg-type]
    assert isinstance(verdict, Waiting)
    assert text in verdict.seen


def test_a_new_process_at_state_1_without_error_has_restarted() -> None:
    verdict = _restarted()({"gw-a": view(node_status(started_at=LATER, uptime_s=1))})
    assert verdict == Holds("a new process at State 1")


def test_maintenance_after_a_restart_stops_the_line() -> None:
    back = node_status(started_at=LATER, state=9, error_code=500)
    verdict = _restarted()({"gw-a": view(back)})
    assert isinstance(verdict, Broken)
    assert "State 9, ErrorCode 500" in verdict.seen


def test_an_error_code_in_production_stops_the_line() -> None:
    verdict = _restarted()({"gw-a": view(node_status(started_at=LATER, error_code=387))})
    assert isinstance(verdict, Broken)
    assert "ErrorCode 387" in verdict.seen


def test_the_wanted_certificate_on_the_wire_holds() -> None:
    assert serves("gw-a", LEAF_A.sha256)({"gw-a": view(served=LEAF_A)}) == Holds(
        f"gw-a serves {LEAF_A.sha256[:8]}"
    )


def test_the_builtin_certificate_on_the_wire_stops_the_line_and_is_named() -> None:
    verdict = serves("gw-a", LEAF_A.sha256)({"gw-a": view(served=BUILTIN)})
    assert isinstance(verdict, Broken)
    assert "BUILT-IN" in verdict.seen
    assert "fell back silently" in verdict.remedy


def test_another_certificate_on_the_wire_stops_the_line_with_its_subject() -> None:
    verdict = serves("gw-a", LEAF_A.sha256)({"gw-a": view(served=LEAF_B)})
    assert isinstance(verdict, Broken)
    assert LEAF_B.subject in verdict.seen


def test_no_certificate_yet_is_waited_for_and_says_why() -> None:
    verdict = serves("gw-a", LEAF_A.sha256)({"gw-a": NodeView(None, served_trouble="nothing listens")})
    assert verdict == Waiting("no certificate on the wire (nothing listens)")


NAMES = (LEAF_A.subject, BUILTIN.subject)


@pytest.mark.parametrize(("seen", "wanted"), [(NAMES, NAMES[::-1]), ((), ())], ids=["in any order", "nobody"])
def test_a_process_that_names_just_the_planned_ones_has_loaded_its_ca_file(
    seen: tuple[str, ...], wanted: tuple[str, ...]
) -> None:
    held = accepts("gw-a", wanted)({"gw-a": view(served=LEAF_A, accepts=seen)})
    assert held == Holds("gw-a trusts as planned")


@pytest.mark.parametrize(
    ("seen", "wanted", "text"),
    [
        pytest.param(NAMES[:1], NAMES, f"accepts clients of {NAMES[0]}, wanted", id="one too few"),
        pytest.param(
            NAMES, NAMES[:1], f"accepts clients of {'; '.join(NAMES)}, wanted {NAMES[0]}:", id="one too many"
        ),
        pytest.param((), NAMES[:1], "accepts clients of nobody", id="T3: no CA file"),
        pytest.param(NAMES[:1], (), "wanted nobody", id="on the built-in pair"),
    ],
)
def test_a_process_that_names_others_stops_the_line(
    seen: tuple[str, ...], wanted: tuple[str, ...], text: str
) -> None:
    verdict = accepts("gw-a", wanted)({"gw-a": view(served=LEAF_A, accepts=seen)})
    assert isinstance(verdict, Broken)
    assert text in verdict.seen
    assert "name, owner and mode of the CA file of gw-a" in verdict.remedy


def test_whom_it_names_is_waited_for_while_no_certificate_is_seen() -> None:
    verdict = accepts("gw-a", NAMES)({"gw-a": NodeView(None, served_trouble="nothing listens")})
    assert verdict == Waiting("no certificate on the wire (nothing listens)")


ACTIVE = {"A": "gw-a", "B": "gw-b"}
PLANNED = {"A": Counts(connected=0, disconnected=2), "B": Counts(connected=1, disconnected=1)}


def _counts(a: object, b: object) -> object:
    return counts(ACTIVE, PLANNED)(
        {"gw-a": view(node_status(cluster=a)), "gw-b": view(node_status(cluster=b))}  # type: ignore[arg-type]
    )


def test_counts_as_planned_on_every_member_hold() -> None:
    assert isinstance(_counts(counted(0, 2), counted(1, 1)), Holds)


@pytest.mark.parametrize(
    ("b", "seen"),
    [
        pytest.param(counted(0, 2), "B 0/2, wanted 1/1", id="worse"),
        pytest.param(counted(2, 0), "B 2/0, wanted 1/1", id="too healthy: a silent fallback"),
        pytest.param(counted(None, None, status="Unavailable"), "B Unavailable, wanted 1/1", id="no counts"),
        pytest.param(
            counted(1, 1, status="Discover"), "B Discover at State 1", id="right counts, not Active"
        ),
    ],
)
def test_any_other_count_does_not_hold(b: object, seen: str) -> None:
    verdict = _counts(counted(0, 2), b)
    assert isinstance(verdict, Waiting)
    assert verdict.joining
    assert seen in verdict.seen


def _pair(d1: object, d2: object, *, state: int = 10) -> object:
    status = {"d1": node_status(ha=d1), "d2": node_status(ha=d2, state=state)}  # type: ignore[arg-type]
    return in_sync("d1", "d2")({name: view(one) for name, one in status.items()})


def test_a_pair_in_sync_on_both_nodes_holds() -> None:
    assert isinstance(_pair(paired("PRIMARY"), paired("STANDBY")), Holds)


@pytest.mark.parametrize(
    ("d1", "d2", "state"),
    [
        pytest.param(paired("PRIMARY", synced=1), paired("STANDBY"), 10, id="primary says 2/1"),
        pytest.param(paired("PRIMARY", pct=40), paired("STANDBY"), 10, id="still syncing"),
        pytest.param(paired("PRIMARY"), paired("UNSYNC", active=0, synced=0), 10, id="standby unsync"),
        pytest.param(paired("STANDBY"), paired("PRIMARY"), 10, id="roles swapped"),
        pytest.param(paired("PRIMARY"), paired("STANDBY"), 11, id="standby not at State 10"),
    ],
)
def test_a_pair_that_is_not_in_sync_is_waited_for(d1: object, d2: object, state: int) -> None:
    assert isinstance(_pair(d1, d2, state=state), Waiting)


def test_a_take_over_needs_role_and_state() -> None:
    gate = took_over("d2")
    assert isinstance(gate({"d2": view(node_status(ha=paired("PRIMARY")))}), Holds)
    assert isinstance(gate({"d2": view(node_status(ha=paired("PRIMARY"), state=16))}), Waiting)
    assert isinstance(gate({"d2": view(node_status(ha=paired("STANDBY"), state=10))}), Waiting)


def test_gates_in_order_do_not_ask_for_the_certificate_while_the_old_process_answers() -> None:
    both = in_order(_restarted(), serves("gw-a", LEAF_A.sha256))
    old = {"gw-a": view(node_status(uptime_s=200), served=BUILTIN)}
    new = {"gw-a": view(node_status(started_at=LATER), served=BUILTIN)}
    assert isinstance(both(old), Waiting)
    assert isinstance(both(new), Broken)
