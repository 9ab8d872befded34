"""A node that looks for the other one of its pair: how long it will, and starting it again once it gave up."""

from __future__ import annotations

from datetime import datetime

from tasks.core.errors import OperatorError
from tasks.core.gates import any_of, restarted
from tasks.core.ha_config import DEFAULT_TIMEOUT_S, read_config
from tasks.core.ha_gates import STORE_STARTING, gave_up, in_error
from tasks.core.model import Node
from tasks.core.plan import Step
from tasks.core.status import STANDBY
from tasks.effects.restarting import LOG_LEAD, ask_restart
from tasks.effects.run import Run
from tasks.effects.service import request_restart


def has_given_up(run: Run, node: Node) -> bool:
    """Whether it takes no part until it is started again."""
    return gave_up(run.site.view({})[node.name])


def restart_once_more(run: Run, step: Step, node: Node) -> datetime:
    """Ask a settled server (State 9, or a standby) for a restart, and note it with the step.

    Returns:
        The start time of the process before.

    Raises:
        RemoteError: It does not answer, or refuses.
    """
    status = run.status(node)
    before, asked_at = status.server.started_at, run.node_time(node) - LOG_LEAD
    run.report.note(node.name, f"State {status.server.state}, role {status.ha.new_role}: restarted once more")
    run.write("noted", step, node=node.name, started_before=before.isoformat(), asked_at=asked_at.isoformat())
    request_restart(run.remote(node), run.admin(node), clock=run.site.clock)
    return before


def ask_once(run: Run, step: Step, node: Node, *, state: int) -> datetime:
    """Request the restart once; on a resumed step again only of a node that gave up meanwhile.

    Args:
        state: The State that the server must have.

    Returns:
        The start time of the process before the restart.

    Raises:
        GateTimeout: The server is not settled: a restart now would be an unclean kill (T5).
    """
    facts = run.facts(step)
    if facts.get("started_before") and facts.get("node") == node.name and has_given_up(run, node):
        return restart_once_more(run, step, node)
    return ask_restart(run, step, node, state=state)


def search_again(run: Run, step: Step, node: Node) -> None:
    """Restart a node that gave up, and wait until its new process searches, or follows its primary."""
    before = restart_once_more(run, step, node)
    states = (STORE_STARTING, STANDBY)
    gate = any_of(*(restarted(node.name, started_before=before, state=state) for state in states))
    run.wait(gate, node, f"{node.name} searching again", limit_s=node.limits.restart_s)


def ensure_time_left(run: Run, step: Step, node: Node, *, least_s: float) -> None:
    """The node searches for at least so long; one that would give up sooner is let do so, and restarted."""
    if not has_given_up(run, node):
        left_s = search_left_s(run, node)
        if left_s >= least_s:
            return
        run.report.note(node.name, f"gives up its search in {max(left_s, 0):.0f} s: waiting for that")
        awaited = f"{node.name} giving up its search"
        run.wait(in_error(node.name), node, awaited, limit_s=2 * least_s, settle_s=0)
    search_again(run, step, node)


def search_left_s(run: Run, node: Node) -> float:
    """How long it will search yet: DiscoveryTimeout less what the process has lived.

    The default timeout where none can be read.
    """
    uptime_s = run.status(node).server.uptime_s
    try:
        timeout_s = read_config(run.admin(node).configuration("HighAvailability")).discovery_timeout_s
    except OperatorError:
        timeout_s = DEFAULT_TIMEOUT_S
    return float(timeout_s - uptime_s)
