"""The gated restarts: a single member, a pair's standby, a pair's primary."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from tasks.core.errors import OperatorError
from tasks.core.gates import (
    STARTED_MOVED_S,
    Gate,
    View,
    counts,
    in_order,
    in_sync,
    restarted,
    serves,
    took_over,
)
from tasks.core.model import Node
from tasks.core.places import WORK_NAME, data_of
from tasks.core.plan import Step
from tasks.core.server_log import DEFAULT_LOG, TRACE_LOG, dead_admin_lines, peer_refusals
from tasks.core.status import MAINTENANCE, PRODUCTION, STANDBY, NodeStatus
from tasks.effects.files import tail_of_log
from tasks.effects.migration import RESUME, Migration, Roles, stop_line
from tasks.effects.placing import require_live
from tasks.effects.service import request_restart, start

LOG_LEAD = timedelta(seconds=2)  # clocks are compared to the second
LOG_LOOKS = 4  # the log of a silent server is read this many times before `return_s` is over


def restart_single(run: Migration, step: Step) -> str:
    """Restart a single member; it must come back with the new certificate and the planned counts."""
    node = run.member(step.target).nodes[0]
    before = _ask_restart(run, step, node, state=PRODUCTION)
    gate = in_order(
        restarted(node.name, started_before=before, state=PRODUCTION),
        serves(node.name, run.plan.targets[node.member].leaf_sha256),
        counts(run.active_nodes_but(node), step.expected),
    )
    return _await(run, gate, node, f"restart of {node.name}", probe=node, limit_s=node.limits.restart_s)


def restart_standby(run: Migration, step: Step) -> str:
    """Restart a pair's standby and wait until the pair is in sync again; re-hash its files (T7)."""
    roles = _roles_of_step(run, step)
    node = roles.standby
    before = _ask_restart(run, step, node, state=STANDBY)
    gate = in_order(
        restarted(node.name, started_before=before, state=STANDBY),
        in_sync(roles.primary.name, node.name),
        counts(run.active_nodes_but(node), step.expected),
    )
    limit_s = node.limits.restart_s + node.limits.sync_s
    seen = _await(run, gate, node, f"standby {node.name} back in sync", probe=None, limit_s=limit_s)
    for each in (roles.primary, node):
        require_live(run, each)
    return seen


def restart_primary(run: Migration, step: Step) -> str:
    """Restart a pair's primary: the standby takes over with the new certificate, roles stay swapped."""
    roles = _roles_of_step(run, step)
    node, successor = roles.primary, roles.standby
    before = _ask_restart(run, step, node, state=PRODUCTION)
    gate = in_order(
        took_over(successor.name),
        serves(successor.name, run.plan.targets[node.member].leaf_sha256),
        restarted(node.name, started_before=before, state=STANDBY),
        in_sync(successor.name, node.name),
        counts(run.active_nodes_but(node, successor=successor), step.expected),
    )
    limit_s = node.limits.restart_s + node.limits.sync_s
    seen = _await(run, gate, node, f"take-over by {successor.name}", probe=successor, limit_s=limit_s)
    for each in (successor, node):
        require_live(run, each)
    return seen


def _roles_of_step(run: Migration, step: Step) -> Roles:
    """The roles as they were when the step began, if it began before; else as they are."""
    member = run.member(step.target)
    facts = run.facts(step)
    if "primary" not in facts:
        roles = run.roles(member)
        run.write("noted", step, primary=roles.primary.name, standby=roles.standby.name)
        return roles
    cluster = run.site.cluster
    return Roles(primary=cluster.node(facts["primary"]), standby=cluster.node(facts["standby"]))


def _ask_restart(run: Migration, step: Step, node: Node, *, state: int) -> datetime:
    """Request the restart once; on a resumed step only if the node shows that it has not happened.

    Returns:
        The start time of the process before the restart.

    Raises:
        GateTimeout: The server is not settled: a restart now would be an unclean kill (T5).
    """
    facts = run.facts(step)
    if "started_before" in facts and facts.get("node") == node.name:
        before = datetime.fromisoformat(facts["started_before"])
        if not _same_process(run, node, before):
            run.report.note(node.name, "the restart was requested before; waiting for it")
            return before
    status = run.status(node)
    _require_settled(run, node, status, state=state)
    before = status.server.started_at
    run.write("noted", step, node=node.name, started_before=before.isoformat())
    request_restart(run.remote(node), run.admin(node), clock=run.site.clock)
    return before


def _same_process(run: Migration, node: Node, before: datetime) -> bool:
    try:
        status = run.status(node)
    except OperatorError:
        return False
    moved = abs((status.server.started_at - before).total_seconds())
    return moved <= STARTED_MOVED_S and status.settled


def _require_settled(run: Migration, node: Node, status: NodeStatus, *, state: int) -> None:
    if status.server.state == state and status.server.error_code == 0:
        return
    maintenance = " (maintenance)" if status.server.state == MAINTENANCE else ""
    raise stop_line(
        node.name,
        f"State {status.server.state}{maintenance}, ErrorCode {status.server.error_code}, wanted State {state}: "
        "a restart now could be an unclean kill",
        remedy=f"wait until it has settled: {RESUME}",
    )


def _await(
    run: Migration, gate: Gate, node: Node, awaited: str, *, probe: Node | None, limit_s: float
) -> str:
    """Wait; a failure is told with what the peers' trace says about refused connections."""
    began = run.site.clock.now()
    names = frozenset({probe.name}) if probe else frozenset()
    nudge = _wake(run, node, since=run.node_time(node) - LOG_LEAD)
    try:
        return run.wait(gate, node, awaited, limit_s=limit_s, probe=names, nudge=nudge)
    except OperatorError:
        _explain(run, waited=run.site.clock.now() - began)
        raise


def _wake(run: Migration, node: Node, *, since: datetime) -> Callable[[View, float], None]:
    """For a server that stays silent: name T1 from its log; else start it, once."""
    looks: list[float] = []
    started: list[float] = []
    return_s = node.limits.return_s

    def nudge(view: View, waited_s: float) -> None:
        if not view[node.name].silent:
            looks.clear()
            return
        looks.append(waited_s) if not looks else None
        if waited_s - looks[-1] >= return_s / LOG_LOOKS:
            looks.append(waited_s)
            _stop_if_dead(run, node, since=since)
        if waited_s - looks[0] >= return_s and not started:
            started.append(waited_s)
            run.report.note(node.name, f"silent for {return_s:g} s: asking the service manager to start it")
            start(run.remote(node))

    return nudge


def _stop_if_dead(run: Migration, node: Node, *, since: datetime) -> None:
    lines = dead_admin_lines(_log(run, node, DEFAULT_LOG), since=since)
    if lines:
        raise stop_line(
            node.name,
            "the server runs but listens on nothing (T1); its log says: " + " | ".join(lines[-2:]),
            remedy=f"nothing else was touched. On {node.name}: copy the old files back from {_backup(run, node)}, "
            f"end the server process with TERM, then TERM again, and start it. Then: {RESUME}",
        )


def _backup(run: Migration, node: Node) -> str:
    return str(data_of(node) / WORK_NAME / run.record.id / "backup")


def _log(run: Migration, node: Node, name: str) -> str:
    try:
        return tail_of_log(run.remote(node), name)
    except OperatorError:
        return ""


def _explain(run: Migration, *, waited: timedelta) -> None:
    """Show what the traces say about refused peers since the wait began: a refusal leaves no other line."""
    for each in run.site.cluster.nodes:
        since = run.node_time(each) - waited - LOG_LEAD
        for line in peer_refusals(_log(run, each, TRACE_LOG), since=since):
            run.report.note(each.name, f"its trace says: {line}")
