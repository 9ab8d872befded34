"""What must be seen of a node that was brought back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tasks.core.gates import Gate, Holds, Verdict, Waiting
from tasks.core.plan import Counts
from tasks.core.recovery_gates import is_well, joined, planned, up_again
from tasks.core.status import NodeStatus
from tests.core.snapshots import WITH_PAIR
from tests.core.statuses import NOON, counted, node_status, paired, view

SILENT = view(silent=True)


@pytest.mark.parametrize(
    ("status", "holds"),
    [
        (node_status(state=1), True),
        (node_status(state=9, error_code=500), True),
        (node_status(state=10, ha=paired("STANDBY")), True),
        (node_status(state=10, ha=paired("PRIMARY")), False),
        (node_status(state=4), False),
        (None, False),
    ],
    ids=["production", "maintenance", "standby", "taking over", "starting", "silent"],
)
def test_a_server_is_up_again_where_it_is_settled(status: NodeStatus | None, holds: bool) -> None:
    seen = up_again("gw-a")({"gw-a": view(status) if status else SILENT})
    assert isinstance(seen, Holds) is holds


def test_the_process_of_before_does_not_count() -> None:
    gate = up_again("gw-a", started_before=NOON)
    assert gate({"gw-a": view(node_status(state=9))}) == Waiting("the old process still answers, State 9")
    assert isinstance(gate({"gw-a": view(node_status(started_at=NOON + timedelta(seconds=5)))}), Holds)


@pytest.mark.parametrize(
    ("status", "well"),
    [
        (node_status(state=1), True),
        (node_status(state=10, ha=paired("STANDBY")), True),
        (node_status(state=9), False),
        (node_status(state=1, error_code=7), False),
    ],
)
def test_maintenance_is_not_well(status: NodeStatus, well: bool) -> None:
    assert is_well(status) is well


@pytest.mark.parametrize(
    ("connected", "verdict"), [(1, Holds("connected 1/2")), (0, Waiting("", joining=True))]
)
def test_without_a_plan_somebody_must_be_connected(connected: int, verdict: Verdict) -> None:
    seen = joined("gw-a")({"gw-a": view(node_status(cluster=counted(connected, 2)))})
    assert type(seen) is type(verdict)


def test_counts_are_asked_of_a_pair_s_primary() -> None:
    gate: Gate = planned(
        WITH_PAIR, {"gw-a": Counts(connected=1, disconnected=0), "gw-d": Counts(connected=1, disconnected=0)}
    )
    nodes = {
        "gw-a": view(node_status(cluster=counted(1, 0))),
        "gw-d1": view(node_status(state=10, ha=paired("STANDBY"), cluster=counted(0, 0, status="Standby"))),
        "gw-d2": view(node_status(ha=paired("PRIMARY"), cluster=counted(1, 0))),
    }
    assert gate(nodes) == Holds("gw-a 1/0 gw-d 1/0")
    assert isinstance(gate({**nodes, "gw-d2": SILENT}), Waiting)
