"""The gated restarts of a pair whose HA credentials change."""

from __future__ import annotations

from datetime import datetime

from tasks.core.gates import Gate, any_of, in_order, in_sync, restarted, took_over
from tasks.core.ha_gates import (
    STORE_STARTING,
    counted,
    joins,
    leaderless,
    pairs,
    stays_apart,
    unless_given_up,
)
from tasks.core.ha_planning import STARTS_LATE_S
from tasks.core.ha_remedies import both_in_error, loaded_other, standby_in_error
from tasks.core.model import Member, Node
from tasks.core.plan import Step
from tasks.core.status import PRODUCTION, STANDBY
from tasks.core.step_kinds import StepKind
from tasks.effects.ha_lead import bring_back, came_back, require_answer
from tasks.effects.ha_placing import follow_roles, parted_nodes, require_ha_live
from tasks.effects.ha_proof import prove_loaded
from tasks.effects.ha_search import ask_once, ensure_time_left, has_given_up, search_again
from tasks.effects.moved_roles import roles_of_step, same_process
from tasks.effects.restarting import await_gate
from tasks.effects.run import Run


def part(run: Run, step: Step) -> str:
    """Restart the standby; with its new credentials it must find no primary, which serves on alone."""
    member = run.member(step.target)
    if _to_be_asked(run, step, member):
        follow_roles(run, member, files=run.plan.ha_files[step.id])
    primary, standby = parted_nodes(run, member)
    _require_synced(run, step, member, primary, standby)
    before = ask_once(run, step, standby, state=STANDBY)
    gate = unless_given_up(
        in_order(
            restarted(standby.name, started_before=before, state=STORE_STARTING),
            any_of(
                in_order(_apart(run, primary, standby), count_gate(run, step, member)),
                leaderless(primary.name),
            ),
        ),
        standby.name,
        remedy=lambda _: standby_in_error(standby.name, run.plan.task),
        former={standby.name: before},
    )
    seen = hold_pair(run, step, gate, standby, f"{standby.name} apart with its new credentials")
    return f"{seen}; {prove_loaded(run, standby, primary=primary)}"


def rejoin(run: Run, step: Step) -> str:
    """Restart the primary, which now has the new credentials as well: both find each other and sync."""
    member = run.member(step.target)
    primary, standby = parted_nodes(run, member)
    parted = next(s for s in run.plan.steps if s.kind is StepKind.HA_PART and s.target == member.name)
    brought_back = None
    if not run.facts(step).get("started_before"):
        brought_back = _stand_ready(run, step, primary, standby=standby, parted=parted)
    elif has_given_up(run, standby):
        search_again(run, parted, standby)
    before = brought_back or ask_once(run, step, primary, state=PRODUCTION)
    states = (PRODUCTION, STANDBY)
    gate = unless_given_up(
        in_order(
            any_of(*(restarted(primary.name, started_before=before, state=state) for state in states)),
            pairs(primary.name, standby.name),
            count_gate(run, step, member),
        ),
        primary.name,
        standby.name,
        remedy=lambda _: both_in_error(primary, run=run.record.id, task=run.plan.task),
        former={primary.name: before},
    )
    seen = hold_pair(run, step, gate, primary, f"{member.name} as a pair again")
    _require_files(run, step, member)
    return seen


def _stand_ready(run: Run, step: Step, primary: Node, *, standby: Node, parted: Step) -> datetime | None:
    """The standby searches with its new credentials for long enough, and its primary still leads.

    A primary that failed meanwhile is brought back here, or has come back by itself.

    Returns:
        The start time of the process before, where the primary has been restarted here.
    """
    status = require_answer(run, primary, standby)
    if came_back(run, step, primary, status):
        if has_given_up(run, standby):
            search_again(run, parted, standby)
        return None
    if before := bring_back(run, step, primary, parted=parted, standby=standby):
        return before
    ensure_time_left(run, parted, standby, least_s=STARTS_LATE_S)
    gate = in_order(_apart(run, primary, standby), count_gate(run, step, run.member(step.target)))
    run.wait(gate, standby, f"{standby.name} in its search", limit_s=standby.limits.join_s)
    prove_loaded(run, standby, primary=primary)
    return None


def restart_ha_standby(run: Run, step: Step) -> str:
    """Restart the standby of a pair that trusts old and new; it must be in sync again."""
    member = run.member(step.target)
    roles = roles_of_step(run, step)
    _require_synced(run, step, member, roles.primary, roles.standby)
    before = ask_once(run, step, roles.standby, state=STANDBY)
    primary, standby = roles.primary.name, roles.standby.name
    gate = unless_given_up(
        in_order(
            restarted(standby, started_before=before, state=STANDBY),
            joins(primary, standby),
            count_gate(run, step, member),
        ),
        standby,
        remedy=lambda _: standby_in_error(standby, run.plan.task),
        former={standby: before},
    )
    seen = hold_pair(run, step, gate, roles.standby, f"standby {standby} back in sync")
    _require_files(run, step, member)
    return seen


def restart_ha_primary(run: Run, step: Step) -> str:
    """Restart the primary of a pair that trusts old and new: the standby takes over, roles stay swapped."""
    member = run.member(step.target)
    roles = roles_of_step(run, step)
    node, successor = roles.primary, roles.standby
    _require_synced(run, step, member, node, successor)
    before = ask_once(run, step, node, state=PRODUCTION)
    gate = unless_given_up(
        in_order(
            took_over(successor.name),
            restarted(node.name, started_before=before, state=STANDBY),
            joins(successor.name, node.name),
            count_gate(run, step, member),
        ),
        node.name,
        remedy=lambda _: standby_in_error(node.name, run.plan.task),
        former={node.name: before},
    )
    seen = hold_pair(run, step, gate, node, f"take-over by {successor.name}")
    _require_files(run, step, member)
    return seen


def hold_pair(run: Run, step: Step, gate: Gate, node: Node, awaited: str) -> str:
    """Wait as long as a restart and a sync may take."""
    limit_s = node.limits.restart_s + node.limits.sync_s
    return await_gate(run, step, gate, node, awaited, probe=None, limit_s=limit_s)


def count_gate(run: Run, step: Step, member: Member) -> Gate:
    """The cluster as planned; of this pair, whoever is its primary at the moment speaks."""
    others = [run.member(name) for name in step.expected if name != member.name]
    speakers = {m.name: (run.roles(m).primary if m.is_pair else m.nodes[0]).name for m in others}
    return counted(speakers, member.name, (member.nodes[0].name, member.nodes[1].name), step.expected)


def _apart(run: Run, primary: Node, standby: Node) -> Gate:
    remedy = loaded_other(standby.name, primary.name, run.plan.task)
    return stays_apart(standby.name, primary=primary.name, remedy=remedy)


def _to_be_asked(run: Run, step: Step, member: Member) -> bool:
    """Whether the parting restart was not requested, or was noted and never reached the server."""
    facts = run.facts(step)
    if not facts.get("started_before"):
        return True
    _, standby = parted_nodes(run, member)
    return facts.get("node") != standby.name or same_process(
        run, standby, datetime.fromisoformat(facts["started_before"])
    )


def _require_synced(run: Run, step: Step, member: Member, primary: Node, standby: Node) -> None:
    """No restart in a pair that is not in sync, or while the cluster is not as before."""
    if run.facts(step).get("started_before"):
        return
    gate = in_order(in_sync(primary.name, standby.name), count_gate(run, step, member))
    run.wait(gate, primary, f"{member.name} in sync before {step.id}", limit_s=primary.limits.join_s)


def _require_files(run: Run, step: Step, member: Member) -> None:
    """The sync has replaced the standby's tree by the primary's (T7)."""
    for node in member.nodes:
        require_ha_live(run, node, run.plan.ha_files[step.id])
