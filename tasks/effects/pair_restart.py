"""Restart both nodes of a pair as one: the standby first, and the primary before the standby is back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from tasks.core.errors import NotAsPlanned
from tasks.core.gates import MAINTENANCE, STARTED_MOVED_S, Gate, View, in_order, in_sync, restarted
from tasks.core.joint_restart import but_in_maintenance, refused_nodes
from tasks.core.model import Node
from tasks.core.plan import Step
from tasks.core.status import PRODUCTION, STANDBY
from tasks.effects.moved_roles import roles_of_step, same_process
from tasks.effects.placing import require_live
from tasks.effects.queues import queues_before
from tasks.effects.restart_request import finish, request
from tasks.effects.restarting import ask_restart, require_settled
from tasks.effects.run import RESUME, Roles, Run, stop_line
from tasks.effects.silence import tell_refusals, wake

CONFIG_ERROR = 1  # of ReasonCode: what the two nodes are does not fit together
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)  # before any process: whoever answers is a new one


def restart_pair(run: Run, step: Step) -> str:
    """Restart standby and primary of a pair in sync; both must come back in their roles, in sync again,
    with the planned counts.

    A node that meets the other one's old process comes up in maintenance; it is restarted once more, as
    the product's documentation asks for.
    """
    _begin(run, step)
    roles = roles_of_step(run, step)
    primary, standby = roles.primary.name, roles.standby.name
    before = {standby: ask_restart(run, step, roles.standby, state=STANDBY)}
    before[primary] = _ask_primary(run, step, roles.primary)
    back = restarted(primary, started_before=before[primary], state=PRODUCTION)
    gate = in_order(
        but_in_maintenance(back, primary, standby),
        restarted(standby, started_before=before[standby], state=STANDBY),
        in_sync(primary, standby),
        run.gates.serves(primary, run.plan.targets[step.target].leaf_sha256),
        run.gates.counts(run.active_nodes_but(roles.standby), step.expected),
    )
    seen = _await(run, step, roles, gate, before)
    for each in (roles.primary, roles.standby):
        require_live(run, step, each)
    return seen


def _begin(run: Run, step: Step) -> None:
    """The pair is in sync before anybody is asked; or its standby was refused already, because it
    restarted by itself since it was configured: then only the primary's restart can bring both together.
    """
    if run.facts(step).get("started_before"):
        return
    first, second = run.member(step.target).nodes
    for primary, standby in ((first, second), (second, first)):
        if run.status(primary).ha.new_role == "PRIMARY" and _was_refused(run, standby):
            run.report.note(standby.name, "was refused by its primary when it restarted; the primary follows")
            facts = {"primary": primary.name, "standby": standby.name, "node": standby.name}
            facts |= queues_before(run, step)
            asked_at = run.node_time(standby).isoformat()
            run.write("noted", step, started_before=LONG_AGO.isoformat(), asked_at=asked_at, **facts)
            return
    roles = run.roles(run.member(step.target))
    gate = in_sync(roles.primary.name, roles.standby.name)
    run.wait(gate, first, f"{step.target} in sync", limit_s=first.limits.join_s, settle_s=0)


def _was_refused(run: Run, node: Node) -> bool:
    status = run.status(node)
    return status.server.state == MAINTENANCE and status.ha.reason_code == CONFIG_ERROR


def _ask_primary(run: Run, step: Step, node: Node) -> datetime:
    """Request the primary's restart once, right after the standby's; returns when its process started."""
    facts = run.facts(step)
    of_standby = facts["started_before"]
    if facts.get("primary_asked_with") == of_standby:
        before = datetime.fromisoformat(facts["primary_started_before"])
        if not same_process(run, node, before):
            finish(run, node)
            return before
    status = run.status(node)
    require_settled(run, node, status, state=PRODUCTION)
    before = status.server.started_at
    run.write("noted", step, primary_started_before=before.isoformat(), primary_asked_with=of_standby)
    request(run, node)
    return before


def _await(run: Run, step: Step, roles: Roles, gate: Gate, before: Mapping[str, datetime]) -> str:
    node, began = roles.primary, run.site.clock.now()
    asked_at = datetime.fromisoformat(run.facts(step)["asked_at"])
    wakers = [wake(run, each, since=asked_at) for each in (roles.primary, roles.standby)]
    wakers.append(_rescuer(run, before))

    def nudge(view: View, waited_s: float) -> None:
        for waker in wakers:
            waker(view, waited_s)

    limit_s = node.limits.restart_s + node.limits.sync_s
    awaited = f"both nodes of {step.target} back in sync"
    try:
        return run.wait(gate, node, awaited, limit_s=limit_s, probe=frozenset({node.name}), nudge=nudge)
    except NotAsPlanned:
        tell_refusals(run, waited=run.site.clock.now() - began)
        raise


def _rescuer(run: Run, before: Mapping[str, datetime]) -> Callable[[View, float], None]:
    """Restarts a node in maintenance, once; raises GateTimeout where that has not helped."""
    rescued: dict[str, datetime] = {}

    def rescue(view: View, waited_s: float) -> None:
        for name, started in refused_nodes(view, before).items():
            if name not in rescued:
                rescued[name] = started
                run.report.note(name, "is in maintenance (State 9): restarted once more")
                node = run.site.cluster.node(name)
                request(run, node)
            elif (started - rescued[name]).total_seconds() > STARTED_MOVED_S:
                raise stop_line(
                    name,
                    "came back in maintenance (State 9) twice, and so is no part of its pair",
                    remedy=f"read its imaserver-default.log, and ReasonCode in fab status --json; {RESUME}",
                )

    return rescue
