"""Run a plan: one step after the other, each journalled before it starts and done when its gate held."""

from __future__ import annotations

from typing import assert_never

from tasks.core.component_gates import never_joined
from tasks.core.dataclass import dataclass
from tasks.core.errors import Interrupted, OperatorError, RecordLost
from tasks.core.gates import Gate, any_of, in_order, in_sync
from tasks.core.model import Node
from tasks.core.plan import Counts, Step
from tasks.core.safe_points import Deadline, is_late, should_rest
from tasks.core.step_kinds import LAST_RESTARTS, RESTARTS, StepKind
from tasks.core.step_text import step_text
from tasks.core.ways_on import ways_lines
from tasks.effects.configuring import configure
from tasks.effects.ha_steps import act_on_ha
from tasks.effects.list_placing import change_list
from tasks.effects.listeners import prove_listeners
from tasks.effects.moving import move_keystore
from tasks.effects.own_gates import after_restart, before_restart
from tasks.effects.pair_restart import restart_pair
from tasks.effects.placing import place, require_live, swap
from tasks.effects.queues import await_drained
from tasks.effects.restarting import forget_failed_restart, restart_primary, restart_single, restart_standby
from tasks.effects.run import RESUME_LINE, Run


@dataclass(frozen=True, slots=True)
class End:
    """Where to stop before the plan is complete.

    Args:
        stop_after: When this many members have been restarted, counted over the whole run.
        until: When the round of this number is complete.
        placed: When the first files are staged and read back on every node: before anything that is in use changes.
        not_after: At the last safe point from which everything up to the next one begins in time.
    """

    stop_after: int | None = None
    until: int | None = None
    placed: bool = False
    not_after: Deadline | None = None

    def reached(self, run: Run, step: Step) -> bool:
        """Whether the step is beyond it."""
        if self.placed and step.kind is not StepKind.PLACE:
            return True
        if self.until is not None and step.round > self.until:
            return True
        if self.not_after is not None and should_rest(
            run.plan, step, now=run.site.clock.now(), until=self.not_after.at
        ):
            return True
        return (
            self.stop_after is not None
            and _members_restarted(run) >= self.stop_after
            and step.kind in RESTARTS | {StepKind.SWAP}
        )


def execute(run: Run, *, end: End) -> bool:
    """Perform the remaining steps.

    Args:
        run: What is under way; its record says which steps are done.

    Returns:
        Whether the plan is complete.

    Raises:
        OperatorError: A step failed; nothing after it was touched.
        Interrupted: The operator asked to stop between two steps or during a wait.
    """
    total = len(run.plan.steps)
    for step in run.record.progress().remaining(run.plan):
        if run.stop.requested():
            raise Interrupted(f"stopped before {step.id}", remedy=run.resume_line)
        if end.reached(run, step):
            return False
        _tell_if_late(run, step, end)
        run.still_ours(_node_of(run, step))
        run.report.step(run.plan.steps.index(step) + 1, total, step, what=step_text(run.plan, step))
        _perform(run, step)
    return True


def _tell_if_late(run: Run, step: Step, end: End) -> None:
    if end.not_after and is_late(run.plan, step, now=run.site.clock.now(), until=end.not_after.at):
        run.report.note(
            "",
            f"it is past {end.not_after.text}, but here members are apart or half done: on to the next safe point",
        )


def _node_of(run: Run, step: Step) -> Node:
    """One that the step is about; the first of the cluster where it is about all."""
    cluster = run.site.cluster
    named = [n for n in cluster.nodes if step.target in (n.name, n.member)]
    return (*named, *cluster.nodes)[0]


def _members_restarted(run: Run) -> int:
    done = run.record.progress().done
    return sum(1 for step in run.plan.steps if step.kind in LAST_RESTARTS and step.id in done)


def _perform(run: Run, step: Step) -> None:
    began = run.site.clock.monotonic()
    try:
        forget_failed_restart(run, step)
        if step.kind in RESTARTS and not run.facts(step).get("started_before"):
            require_expected(run, step)
        run.write("started", step)
        before_restart(run, step)
        seen = _act(run, step)
        if step.kind in LAST_RESTARTS:
            seen = f"{seen}; {await_drained(run, step)}"
        after_restart(run, step)
    except Interrupted:
        run.write("interrupted", step)
        raise
    except RecordLost:
        raise  # there is nowhere to write that down
    except OperatorError as error:
        run.write("failed", step, seen=error.problem)
        if RESUME_LINE not in error.remedy and "--break-lock" not in error.remedy:
            run.report.note(
                "", f"nothing after {step.id} was touched; once it is mended -> {run.resume_line}"
            )
        for line in ways_lines(run.plan, run.record.progress(), run=run.record.id):
            run.report.note("", line)
        raise
    run.write("done", step, seen=seen)
    run.report.done(step, seen, took_s=run.site.clock.monotonic() - began)


def _act(run: Run, step: Step) -> str:
    match step.kind:
        case StepKind.CONFIGURE:
            return configure(run, step)
        case StepKind.PLACE:
            return place(run, step)
        case StepKind.SWAP:
            return swap(run, step)
        case StepKind.MOVE_KEYSTORE:
            return move_keystore(run, step)
        case StepKind.PLACE_CRL | StepKind.REMOVE_CRL:
            return change_list(run, step)
        case StepKind.RESTART_STANDBY:
            return restart_standby(run, step)
        case StepKind.RESTART:
            return (restart_primary if run.member(step.target).is_pair else restart_single)(run, step)
        case StepKind.RESTART_PAIR:
            return restart_pair(run, step)
        case StepKind.PROVE:
            return prove(run, step)
        case (
            StepKind.HA_PLACE
            | StepKind.HA_SWAP
            | StepKind.HA_SWAP_STANDBY
            | StepKind.HA_SWAP_PRIMARY
            | StepKind.HA_PART
            | StepKind.HA_REJOIN
            | StepKind.HA_RESTART_STANDBY
            | StepKind.HA_RESTART_PRIMARY
            | StepKind.HA_WAIT
            | StepKind.HA_FORM
            | StepKind.HA_PROVE
        ):
            return act_on_ha(run, step)
        case StepKind.PROVE_LISTENERS:
            return prove_listeners(run, step)
        case _:
            assert_never(step.kind)


def require_expected(run: Run, step: Step) -> None:
    """No restart while the cluster is not as the step before left it."""
    node = run.member(step.target).nodes[0]
    if run.facts(step).get("started_before") == "":  # see forget_failed_restart
        gate = _others_expected(run, step)
    else:
        before = run.expected_before(step)
        active = run.active_nodes(before)
        gate = run.gates.counts(active, before)
        if (
            step.kind in LAST_RESTARTS and step.target in active
        ):  # what keeps it out is mended by its restart alone
            gate = any_of(gate, in_order(never_joined(active[step.target]), _others_expected(run, step)))
    member = run.member(step.target)
    if member.is_pair and step.kind is not StepKind.RESTART_PAIR:  # its standby must be there to take over
        roles = run.roles(member)
        gate = in_order(in_sync(roles.primary.name, roles.standby.name), gate)
    awaited = f"the cluster as planned before {step.id}"
    run.wait(gate, node, awaited, limit_s=node.limits.join_s, settle_s=0)


def _others_expected(run: Run, step: Step) -> Gate:
    """A member that came back with a third certificate fits neither half: each other member may show
    the counts of before its restart or of after it, or the same without it.
    """
    before = run.expected_before(step)
    active = run.active_nodes(before)
    others = [(name, {name: node}) for name, node in active.items() if name != step.target]
    return in_order(
        *(
            any_of(
                *(run.gates.counts(one, {name: fit}) for fit in _may_show(before[name], step.expected[name]))
            )
            for name, one in others
        )
    )


def _may_show(*planned: Counts) -> tuple[Counts, ...]:
    """As planned, or with one of those connected apart."""
    apart = (
        Counts(connected=each.connected - 1, disconnected=each.disconnected + 1)
        for each in planned
        if each.connected
    )
    return tuple(dict.fromkeys((*planned, *apart)))


def prove(run: Run, step: Step) -> str:
    """Everything at once: each active node's certificate, all counts, pairs in sync, standbys' files."""
    active = run.active_nodes()
    cluster = run.site.cluster
    gates = [run.shows(step, node, member) for member, node in active.items()]
    for member in (m for m in run.members if m.is_pair):
        roles = run.roles(member)
        gates.append(in_sync(roles.primary.name, roles.standby.name))
        require_live(run, step, roles.standby)
    gate = in_order(*gates, run.gates.counts(active, step.expected))
    node = cluster.nodes[0]
    run.wait(gate, node, "proof", limit_s=node.limits.restart_s, probe=frozenset(active.values()))
    return f"{len(active)} members serve the planned certificates and are connected as planned"
