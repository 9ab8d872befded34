"""The gated restarts: a single member, a pair's standby, a pair's primary."""

from __future__ import annotations

from datetime import datetime, timedelta

from tasks.core.bystanders import Bystander, bystander, telling_of
from tasks.core.component_gates import never_joined
from tasks.core.errors import NotAsPlanned, OperatorError
from tasks.core.gates import (
    Broken,
    Gate,
    Holds,
    View,
    in_order,
    in_sync,
    restarted,
    took_over,
)
from tasks.core.model import Node
from tasks.core.plan import Step
from tasks.core.status import MAINTENANCE, PRODUCTION, STANDBY, NodeStatus
from tasks.core.step_kinds import LAST_RESTARTS, StepKind
from tasks.effects.moved_roles import roles_of_step, same_process, stop_if_roles_moved
from tasks.effects.parting import stop_if_parted
from tasks.effects.placing import require_live
from tasks.effects.queues import queues_before
from tasks.effects.restart_request import finish, request
from tasks.effects.run import RESUME, Run, stop_line
from tasks.effects.silence import tell_refusals, wake

_PLACE_NOTHING = frozenset(
    {
        StepKind.CONFIGURE,
        StepKind.RESTART_STANDBY,
        StepKind.RESTART,
        StepKind.PROVE,
        StepKind.PROVE_LISTENERS,
    }
)
LOG_LEAD = timedelta(seconds=2)  # clocks are compared to the second


def restart_single(run: Run, step: Step) -> str:
    """Restart a single member; it must come back with the new certificate and the planned counts."""
    node = run.member(step.target).nodes[0]
    before = ask_restart(run, step, node, state=PRODUCTION)
    gate = in_order(
        restarted(node.name, started_before=before, state=PRODUCTION),
        run.shows(step, node.name, node.member),
        run.gates.counts(run.active_nodes_but(node), step.expected),
    )
    return await_gate(
        run, step, gate, node, f"restart of {node.name}", probe=node, limit_s=node.limits.restart_s
    )


def restart_standby(run: Run, step: Step) -> str:
    """Restart a pair's standby and wait until the pair is in sync again; re-hash its files (T7)."""
    roles = roles_of_step(run, step)
    node = roles.standby
    before = ask_restart(run, step, node, state=STANDBY)
    gate = in_order(
        restarted(node.name, started_before=before, state=STANDBY),
        in_sync(roles.primary.name, node.name),
        run.gates.counts(run.active_nodes_but(node), step.expected),
    )
    limit_s = node.limits.restart_s + node.limits.sync_s
    seen = await_gate(run, step, gate, node, f"standby {node.name} back in sync", probe=None, limit_s=limit_s)
    for each in (roles.primary, node):
        require_live(run, step, each)
    return seen


def restart_primary(run: Run, step: Step) -> str:
    """Restart a pair's primary: the standby takes over with the new certificate, roles stay swapped."""
    roles = roles_of_step(run, step)
    node, successor = roles.primary, roles.standby
    before = ask_restart(run, step, node, state=PRODUCTION)
    gate = in_order(
        took_over(successor.name),
        run.shows(step, successor.name, node.member),
        restarted(node.name, started_before=before, state=STANDBY),
        in_sync(successor.name, node.name),
        run.gates.counts(run.active_nodes_but(node, successor=successor), step.expected),
    )
    limit_s = node.limits.restart_s + node.limits.sync_s
    seen = await_gate(
        run, step, gate, node, f"take-over by {successor.name}", probe=successor, limit_s=limit_s
    )
    for each in (successor, node):
        require_live(run, step, each)
    return seen


def forget_failed_restart(run: Run, step: Step) -> bool:
    """On resume: the server did come back, settled, with another certificate or CA file than the planned one,
    or without its cluster component.

    Its restart has to be asked for again, now that its files are right (they are looked at first).

    Returns:
        Whether that is so; the journal then no longer holds the former request.
    """
    if step.kind not in LAST_RESTARTS or not run.facts(step).get("started_before"):
        return False
    member = run.member(step.target)
    try:
        node = run.roles(member).primary if member.is_pair else member.nodes[0]
        seen = run.site.view(run.plan.addresses, probe=frozenset({node.name}))[node.name]
    except OperatorError:
        return False
    verdict = run.shows(step, node.name, member.name)({node.name: seen})
    if not isinstance(verdict, Broken):
        verdict = never_joined(node.name)({node.name: seen})
        if not isinstance(verdict, Holds):
            return False
    for each in member.nodes:
        require_live(run, step, each)
    run.report.note(node.name, f"{verdict.seen}: once more")
    run.write("noted", step, seen="to be restarted again", node="", started_before="", primary="", standby="")
    return True


def ask_restart(run: Run, step: Step, node: Node, *, state: int) -> datetime:
    """Request the restart once; on a resumed step only if the node shows that it has not happened.

    Returns:
        The start time of the process before the restart.

    Raises:
        GateTimeout: The server is not settled: a restart now would be an unclean kill (T5).
    """
    facts = run.facts(step)
    if facts.get("started_before") and facts.get("node") == node.name:
        before = datetime.fromisoformat(facts["started_before"])
        if not same_process(run, node, before):
            run.report.note(node.name, "the restart was requested before; waiting for it")
            finish(run, node)
            return before
    require_planned_files(run, step, node)
    queues = queues_before(run, step)
    status = run.status(node)
    require_settled(run, node, status, state=state)
    before = status.server.started_at
    asked_at = run.node_time(node) - LOG_LEAD
    run.write(
        "noted",
        step,
        node=node.name,
        started_before=before.isoformat(),
        asked_at=asked_at.isoformat(),
        **queues,
    )
    request(run, node)
    return before


def require_planned_files(run: Run, step: Step, node: Node) -> None:
    """Where nothing is placed, what lies on the disk was judged when the plan was made: it must be that still.

    Raises:
        RemoteError: A file is other, absent or unreadable.
    """
    if any(each.kind not in _PLACE_NOTHING for each in run.plan.steps):
        return
    if step.kind is StepKind.RESTART_STANDBY:  # it gets its primary's (T7)
        node = next(other for other in run.member(step.target).nodes if other.name != node.name)
    if run.plan.targets[step.target].files:
        require_live(run, step, node)


def require_settled(run: Run, node: Node, status: NodeStatus, *, state: int) -> None:
    """Raises GateTimeout where a restart could be an unclean kill (T5)."""
    if status.server.state == state and status.server.error_code == 0:
        return
    aside = status.server.state == MAINTENANCE
    maintenance = " (maintenance)" if aside else ""
    raise stop_line(
        node.name,
        f"State {status.server.state}{maintenance}, ErrorCode {status.server.error_code}, wanted State {state}: "
        "a restart now could be an unclean kill",
        remedy=f"fab recover {node.name} brings it out of it; then: {RESUME}"
        if aside
        else f"wait until it has settled: {RESUME}",
    )


def await_gate(
    run: Run, step: Step, gate: Gate, node: Node, awaited: str, *, probe: Node | None, limit_s: float
) -> str:
    """Wait; where members do not find each other, their traces are asked why."""
    began = run.site.clock.now()
    names = frozenset({probe.name}) if probe else frozenset()
    asked_at = datetime.fromisoformat(run.facts(step)["asked_at"])
    bystanders = _bystanders(run, step)
    told = telling_of(gate, bystanders)
    nudges = (
        wake(run, node, since=asked_at),
        stop_if_parted(run, step, node, bystanders),
        stop_if_roles_moved(run, step, node),
    )

    def nudge(view: View, waited_s: float) -> None:
        for each in nudges:
            each(view, waited_s)

    try:
        return run.wait(told, node, awaited, limit_s=limit_s, probe=names, nudge=nudge)
    except NotAsPlanned:
        tell_refusals(run, waited=run.site.clock.now() - began)
        raise


def _bystanders(run: Run, step: Step) -> tuple[Bystander, ...]:
    """Every other member of the cluster, and what it may show while this step's one is away."""
    before, after = run.expected_before(step), step.expected
    away = step.kind is not StepKind.RESTART_STANDBY
    return tuple(
        bystander(
            member.name,
            tuple(node.name for node in member.nodes),
            before=before[member.name],
            after=after[member.name],
            away=away,
        )
        for member in run.members
        if member.name != step.target and member.name in before and member.name in after
    )
