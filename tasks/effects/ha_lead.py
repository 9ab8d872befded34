"""A primary that failed while its standby was apart: nobody serves, and its next start has the new files."""

from __future__ import annotations

from datetime import datetime, timedelta

from tasks.core.errors import OperatorError
from tasks.core.gates import STARTED_MOVED_S
from tasks.core.ha_gates import gave_up, in_error, lost_lead
from tasks.core.ha_remedies import start_primary
from tasks.core.model import Node
from tasks.core.plan import Step
from tasks.core.status import NodeStatus
from tasks.effects.ha_search import restart_once_more, search_again, search_left_s
from tasks.effects.looking import look_at_files
from tasks.effects.restarting import LOG_LEAD
from tasks.effects.run import Run, stop_line

PAIRED = frozenset({"PRIMARY", "STANDBY", "UNSYNC", "UNSYNC_ERROR"})  # roles of a process with HA enabled
GRACE_S = 60  # beyond DiscoveryTimeout until a node shows that it gave up


def require_answer(run: Run, primary: Node, standby: Node) -> NodeStatus:
    """The primary's status.

    Raises:
        GateTimeout: It is down: nobody serves the clients of the pair.
    """
    try:
        return run.status(primary)
    except OperatorError as error:
        raise stop_line(
            primary.name,
            f"it does not answer and {standby.name} waits for it: nobody serves the clients of {primary.member} "
            f"({error.problem})",
            remedy=start_primary(primary, standby, run=run.record.id, task=run.plan.task),
        ) from error


def came_back(run: Run, step: Step, primary: Node, status: NodeStatus) -> bool:
    """Whether it was started since its new files lie there, by whomever: then that was its restart.

    As a standby it must have been: the other node takes nobody with the former set. (The sync has
    written its files anew, so that their age says nothing then.)
    """
    placed = look_at_files(run.remote(primary)).ha.files
    placed_at = max(state.changed_at for state in placed.values())
    younger = status.server.started_at.timestamp() - placed_at > STARTED_MOVED_S
    if not (younger or status.is_standby):
        return False
    run.report.note(primary.name, "it was started anew since its files were swapped in: not restarted again")
    note_start(run, step, primary, status)
    return True


def started_as_node(run: Run, step: Step, node: Node) -> bool:
    """Whether a node of a new pair was started since it was configured, by whomever: then that was its restart."""
    status = run.status(node)
    if status.ha.new_role not in PAIRED:
        return False
    run.report.note(node.name, "it was started anew since it was configured: not restarted again")
    note_start(run, step, node, status)
    return True


def note_start(run: Run, step: Step, node: Node, status: NodeStatus) -> None:
    """As if this process had been asked for: the one before it started earlier."""
    before = status.server.started_at - timedelta(seconds=GRACE_S)
    asked_at = run.node_time(node) - LOG_LEAD
    run.write("noted", step, node=node.name, started_before=before.isoformat(), asked_at=asked_at.isoformat())


def bring_back(run: Run, step: Step, primary: Node, *, parted: Step, standby: Node) -> datetime | None:
    """Restart a primary that failed before it had its new files, once it has given up its search.

    Args:
        step: Of the primary.
        parted: Of the standby, which must search when the primary comes.

    Returns:
        The start time of the process before; None where it had not failed, and nothing was done.
    """
    view = run.site.view({})
    if not lost_lead(view[primary.name]):
        return None
    if not gave_up(view[primary.name]):
        left_s = max(search_left_s(run, primary), 0.0)
        run.report.note(
            primary.name, f"it failed meanwhile; it gives up its search in {left_s:.0f} s: waiting for that"
        )
        awaited = f"{primary.name} giving up its search"
        run.wait(in_error(primary.name), primary, awaited, limit_s=left_s + GRACE_S, settle_s=0)
    if gave_up(run.site.view({})[standby.name]):
        search_again(run, parted, standby)
    return restart_once_more(run, step, primary)
