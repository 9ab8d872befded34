"""Whether a restart that an interrupted run asked for may still be on its way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tasks.core.gates import Holds, NodeView, Waiting
from tasks.core.journal import Entry
from tasks.core.status import HaStatus
from tasks.core.under_way import ACTS_WITHIN_S, Asked, arrived, restart_asked
from tests.core.statuses import NOON, node_status

LATER = NOON + timedelta(seconds=30)
STEP = "restart:gw-b"
REQUEST = Entry(
    at=NOON, event="noted", step=STEP, facts={"node": "gw-b1", "started_before": NOON.isoformat()}
)
ASKED = Asked(STEP, "gw-b1", at=NOON, started_before=NOON)
SILENT = NodeView(status=None, trouble="nothing listens", silent=True)


def entry(event: str, step: str = STEP, **facts: str) -> Entry:
    return Entry(at=LATER, event=event, step=step, facts=facts)


@pytest.mark.parametrize(
    ("after", "left"),
    [
        pytest.param((), ASKED, id="killed"),
        pytest.param((entry("interrupted"),), ASKED, id="interrupted"),
        pytest.param((entry("failed"),), Asked(STEP, "gw-b1", NOON, NOON, given_up=True), id="failed"),
        pytest.param((entry("failed"), entry("started")), ASKED, id="resumed"),
        pytest.param((entry("done"),), None, id="done"),
        pytest.param((entry("done"), entry("started", "swap:gw-a")), None, id="another-step"),
        pytest.param((entry("started", "swap:gw-a"),), ASKED, id="still-it"),
        pytest.param((entry("noted", started_before=""),), None, id="forgotten"),
        pytest.param((entry("replanned", ""),), None, id="planned-anew"),
    ],
)
def test_the_last_request_counts_until_its_step_is_done(after: tuple[Entry, ...], left: Asked | None) -> None:
    assert restart_asked((entry("started"), REQUEST, *after)) == left


def test_a_journal_without_a_request_has_none() -> None:
    assert restart_asked((entry("started"), entry("failed"))) is None


@pytest.mark.parametrize("before", ["yesterday", "2026-11-22T12:00:00"], ids=["no-time", "no-zone"])
def test_a_request_that_is_not_as_we_write_it_is_none(before: str) -> None:
    facts = {"node": "gw-b1", "started_before": before}
    assert restart_asked((REQUEST, Entry(at=LATER, event="noted", step=STEP, facts=facts))) is None


def of_pair(role: str) -> HaStatus:
    return HaStatus("Active", enabled=True, new_role=role, active_nodes=2, sync_nodes=2, pct_sync=-1)


def up(*, state: int = 1, role: str = "", moved: bool = True) -> NodeView:
    at = NOON + timedelta(seconds=5) if moved else NOON
    ha = of_pair(role) if role else None
    return NodeView(status=node_status(state=state, started_at=at, ha=ha))


@pytest.mark.parametrize(
    ("seen", "text"),
    [
        pytest.param(SILENT, "gw-b1: REST is silent", id="silent"),
        pytest.param(up(state=11), "gw-b1: State 11 (as state)", id="starting"),
        pytest.param(up(state=2, moved=False), "gw-b1: State 2 (as state)", id="stopping"),
        pytest.param(up(moved=False), "gw-b1: the old process still answers", id="not-stopped-yet"),
    ],
)
def test_what_is_on_its_way_is_awaited(seen: NodeView, text: str) -> None:
    assert arrived(ASKED, ["gw-b1"], {"gw-b1": seen}, now=NOON) == Waiting(text)


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(up(), id="a-new-process"),
        pytest.param(up(state=9), id="maintenance"),
        pytest.param(NodeView(status=None, trouble="SSH: no route"), id="ssh-fails"),
    ],
)
def test_what_will_not_change_by_itself_is_not_awaited(seen: NodeView) -> None:
    assert isinstance(arrived(ASKED, ["gw-b1"], {"gw-b1": seen}, now=NOON), Holds)


def test_a_request_that_never_arrived_is_not_awaited_for_ever() -> None:
    late = NOON + timedelta(seconds=ACTS_WITHIN_S)
    assert isinstance(arrived(ASKED, ["gw-b1"], {"gw-b1": up(moved=False)}, now=late), Holds)


def test_where_the_run_itself_gave_up_only_what_starts_is_awaited() -> None:
    given_up = Asked(STEP, "gw-b1", NOON, NOON, given_up=True)
    assert isinstance(arrived(given_up, ["gw-b1"], {"gw-b1": SILENT}, now=NOON), Holds)
    assert isinstance(arrived(given_up, ["gw-b1"], {"gw-b1": up(state=11)}, now=NOON), Waiting)


@pytest.mark.parametrize(
    ("one", "other", "settled"),
    [
        pytest.param(up(role="PRIMARY"), up(state=10, role="STANDBY"), True, id="in-sync"),
        pytest.param(up(role="PRIMARY"), up(state=10, role="UNSYNC"), False, id="synchronising"),
        pytest.param(up(role="PRIMARY"), up(state=9, role="UNSYNC"), True, id="in-maintenance"),
        pytest.param(up(role="PRIMARY"), up(state=10, role="PRIMARY"), False, id="taking-over"),
        pytest.param(up(role="PRIMARY"), SILENT, False, id="other-down"),
    ],
)
def test_of_a_pair_both_nodes_count(one: NodeView, other: NodeView, settled: bool) -> None:
    verdict = arrived(ASKED, ["gw-b1", "gw-b2"], {"gw-b1": one, "gw-b2": other}, now=LATER)
    assert isinstance(verdict, Holds) is settled
