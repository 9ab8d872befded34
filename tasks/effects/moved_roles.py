"""Who is who in a pair when a step restarts a node of it; a take-over that nobody asked for changes that (T8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from tasks.core.errors import NotAsPlanned, OperatorError
from tasks.core.gates import STARTED_MOVED_S, View
from tasks.core.model import Node
from tasks.core.plan import Step
from tasks.core.status import PRODUCTION, NodeStatus
from tasks.core.step_kinds import StepKind
from tasks.effects.run import RESUME, Roles, Run, stop_line

_IN_A_CLUSTER = frozenset(
    {StepKind.RESTART_STANDBY, StepKind.RESTART}
)  # of the HA channel's steps some lead back


def roles_of_step(run: Run, step: Step) -> Roles:
    """The roles as they were when the restart was asked for, if it was; else as they are now.

    Where a node restarted by itself since, the pair is not on its way to what the step waits for: the request
    is forgotten, and the node whose turn it is now restarts. Both run with what lies on their disks either way.
    """
    member = run.member(step.target)
    facts = run.facts(step)
    asked = facts.get("primary") and facts.get("started_before")
    if asked and _moved_since(run, step, facts):
        run.report.note(member.name, "the roles have moved since its restart was asked for: once more")
        run.write("noted", step, seen="roles have moved", node="", started_before="", primary="", standby="")
        asked = ""
    if not asked:  # roles move until the request is made
        roles = run.roles(member)
        _require_pinned(run, step, roles)
        run.write("noted", step, primary=roles.primary.name, standby=roles.standby.name)
        return roles
    cluster = run.site.cluster
    return Roles(primary=cluster.node(facts["primary"]), standby=cluster.node(facts["standby"]))


def _moved_since(run: Run, step: Step, facts: Mapping[str, str]) -> bool:
    """Whether the pair is whole, and otherwise than the restart that was asked for would leave it."""
    if step.kind not in _IN_A_CLUSTER:
        return False
    try:
        primary = run.roles(run.member(step.target)).primary
    except OperatorError:
        return False
    if step.kind is StepKind.RESTART_STANDBY:
        return primary.name != facts["primary"]
    if primary.name != facts["primary"]:
        return False
    return not same_process(run, primary, datetime.fromisoformat(facts["started_before"]))


def _require_pinned(run: Run, step: Step, roles: Roles) -> None:
    """Where one node of the pair was asked for, roles that moved since then make it the other one's turn."""
    due = roles.primary if step.kind is StepKind.RESTART else roles.standby
    wanted = run.plan.pinned.get(step.id, due.name)
    if wanted != due.name:
        raise stop_line(
            wanted,
            f"the roles of {step.target} have moved since the plan was made: this step would restart {due.name}",
            remedy=f"fab status; fab {run.plan.task} --break-lock {run.record.id}, then a new plan",
        )


def stop_if_roles_moved(run: Run, step: Step, node: Node) -> Callable[[View, float], None]:
    """A nudge for `wait.hold`: raises NotAsPlanned where the restarted node has become primary by itself.

    A standby takes over where its primary goes down meanwhile; a primary comes back as one where the other
    node does. Either way the step would wait in vain, and --resume goes on with the roles as they are.
    """
    started_before = datetime.fromisoformat(run.facts(step)["started_before"])
    watched = step.kind in _IN_A_CLUSTER and run.member(step.target).is_pair

    def nudge(view: View, waited_s: float) -> None:
        status = view[node.name].status
        if watched and status is not None and _leads_unasked(step, status, started_before):
            raise NotAsPlanned(
                f"became primary while it was to be restarted as {_wanted(step)}: the other node of "
                f"{step.target} has restarted by itself",
                node=node.name,
                remedy=RESUME,
            )

    return nudge


def _leads_unasked(step: Step, status: NodeStatus, started_before: datetime) -> bool:
    if status.ha.new_role != "PRIMARY" or status.server.state != PRODUCTION:
        return False
    moved = (status.server.started_at - started_before).total_seconds() > STARTED_MOVED_S
    return moved or step.kind is StepKind.RESTART_STANDBY


def _wanted(step: Step) -> str:
    return "standby" if step.kind is StepKind.RESTART_STANDBY else "a primary that hands over"


def same_process(run: Run, node: Node, before: datetime) -> bool:
    """Whether the process that started at `before` still answers, settled: it was not asked to restart."""
    try:
        status = run.status(node)
    except OperatorError:
        return False
    moved = abs((status.server.started_at - before).total_seconds())
    return moved <= STARTED_MOVED_S and status.settled
