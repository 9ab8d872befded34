"""Two single servers become a pair: the standby-to-be waits for its peer, then the primary-to-be restarts."""

from __future__ import annotations

from tasks.core.gates import any_of, in_order, restarted
from tasks.core.ha_gates import STORE_STARTING, formed, pairs, searching, unless_given_up
from tasks.core.ha_planning import STARTS_LATE_S
from tasks.core.ha_remedies import not_formed, wrong_primary
from tasks.core.model import Member, Node
from tasks.core.plan import Step
from tasks.core.status import PRODUCTION
from tasks.core.step_kinds import StepKind
from tasks.effects.ha_lead import started_as_node
from tasks.effects.ha_restarting import count_gate, hold_pair
from tasks.effects.ha_search import ask_once, ensure_time_left, has_given_up, search_again
from tasks.effects.run import Run


def wait_for_peer(run: Run, step: Step) -> str:
    """Restart the standby-to-be: configured for a pair, it searches its peer and serves nobody."""
    primary, other = _nodes(run, run.member(step.target))
    if not run.facts(step).get("started_before"):
        started_as_node(run, step, other)
    before = ask_once(run, step, other, state=PRODUCTION)
    gate = unless_given_up(
        any_of(
            in_order(
                restarted(other.name, started_before=before, state=STORE_STARTING),
                searching(other.name),
            ),
            pairs(primary.name, other.name),  # the other one was started meanwhile as well
        ),
        other.name,
        remedy=lambda code: not_formed(code, run.plan.task),
        former={other.name: before},
    )
    return hold_pair(run, step, gate, other, f"{other.name} searching its peer")


def form(run: Run, step: Step) -> str:
    """Restart the primary-to-be; both find each other, with the roles that were wanted, and sync."""
    member = run.member(step.target)
    primary, other = _nodes(run, member)
    waited = next(s for s in run.plan.steps if s.kind is StepKind.HA_WAIT and s.target == member.name)
    asked = bool(run.facts(step).get("started_before")) or started_as_node(run, step, primary)
    if not asked:
        ensure_time_left(run, waited, other, least_s=STARTS_LATE_S)
        run.wait(searching(other.name), other, f"{other.name} searching", limit_s=other.limits.join_s)
    elif has_given_up(run, other):
        search_again(run, waited, other)
    before = ask_once(run, step, primary, state=PRODUCTION)
    gate = unless_given_up(
        in_order(
            formed(primary.name, other.name, remedy=wrong_primary(primary.name, other.name)),
            restarted(primary.name, started_before=before, state=PRODUCTION),
            count_gate(run, step, member),
        ),
        primary.name,
        other.name,
        remedy=lambda code: not_formed(code, run.plan.task),
        former={primary.name: before},
    )
    return hold_pair(run, step, gate, primary, f"{member.name} as a pair")


def _nodes(run: Run, member: Member) -> tuple[Node, Node]:
    """Who is to be the primary, as the plan says, and the other one."""
    primary = run.site.cluster.node(run.plan.pinned[f"{StepKind.HA_FORM}:{member.name}"])
    return primary, next(node for node in member.nodes if node != primary)
