"""Both nodes of a pair restart as one: who is waited for, and who is restarted once more."""

from __future__ import annotations

from datetime import timedelta

from tasks.core.gates import Holds, NodeView, View, Waiting
from tasks.core.joint_restart import but_in_maintenance, refused_nodes
from tests.core.statuses import NOON, node_status, view

AGO = NOON - timedelta(minutes=5)
BEFORE = {"gw-d1": AGO, "gw-d2": AGO}
OLD = view(node_status(started_at=AGO))
STUCK = view(node_status(state=9, error_code=509))
NEW = view(node_status())
SILENT = NodeView(status=None, silent=True)


def _seen(primary: NodeView, standby: NodeView) -> View:
    return {"gw-d1": primary, "gw-d2": standby}


def test_a_standby_in_maintenance_beside_a_new_primary_was_refused() -> None:
    assert refused_nodes(_seen(NEW, STUCK), BEFORE) == {"gw-d2": NOON}
    assert refused_nodes(_seen(SILENT, STUCK), BEFORE) == {"gw-d2": NOON}


def test_while_an_old_process_runs_nobody_is_restarted_once_more() -> None:
    """It would meet that old process again."""
    assert refused_nodes(_seen(OLD, STUCK), BEFORE) == {}


def test_nodes_that_come_up_are_not_refused() -> None:
    assert refused_nodes(_seen(NEW, NEW), BEFORE) == {}
    assert refused_nodes(_seen(SILENT, SILENT), BEFORE) == {}


def test_a_node_in_maintenance_is_waited_for_and_named() -> None:
    gate = but_in_maintenance(lambda view: Holds("both well"), "gw-d1", "gw-d2")
    assert gate(_seen(NEW, STUCK)) == Waiting("gw-d2 in maintenance, to be restarted once more")
    assert gate(_seen(NEW, NEW)) == Holds("both well")
