"""The last gate of a restart: what the other members held for the returned one has reached it."""

from __future__ import annotations

from collections.abc import Callable

from tasks.core.errors import OperatorError
from tasks.core.gates import Holds, Verdict
from tasks.core.model import Limits, Node
from tasks.core.plan import Step
from tasks.core.queues import (
    Loss,
    Sight,
    Sights,
    drained,
    fresh_senders,
    losses,
    marks_from,
    marks_of,
    marks_text,
    outcome,
    readable,
    senders,
    sight_of,
    told_from,
    told_text,
)
from tasks.core.status import RemoteMember
from tasks.core.step_kinds import LAST_RESTARTS
from tasks.effects.run import RESUME, Run, stop_line
from tasks.effects.wait import QUICK_S, Waits, Watch, hold

QUEUES, TOLD = "queues", "discarded_told"  # facts of a step
_UNREAD = f"can `fab status` read that member? It is asked for monitor/Cluster. Then: {RESUME}"
_STUCK = (
    "is that member overloaded, or its connection too slow? Look at BufferedMsgs in its monitor/Cluster; more "
    f"time or room: limits.drain_s, queues.margin in the inventory. {RESUME}"
)
_LOST = f"they are lost, and told of once (the inventory says queues.discarded: stop). To go on: {RESUME}"


def queues_before(run: Run, step: Step) -> dict[str, str]:
    """What the others hold for the step's member now, as facts to be journalled with the request.

    Returns:
        Nothing where it was noted before the first request: what is compared with stays the same.

    Raises:
        GateTimeout: A member's queues cannot be read within `limits.drain_s`.
        Interrupted: The operator asked to stop.
    """
    facts = run.facts(step)
    if step.kind not in LAST_RESTARTS or (facts.get("started_before") and QUEUES in facts):
        return {}
    before = run.expected_before(step)
    names = tuple(name for name in step.expected if name in before and name != step.target)
    _, sights = _await(
        run, step, names, gate=readable, awaited="the queues before the restart", remedy=_UNREAD
    )
    return {QUEUES: marks_text(marks_of(sights, fresh=fresh_senders(run.plan, step)))}


def await_drained(run: Run, step: Step) -> str:
    """Wait until every member connected with the returned one holds no more for it than before, plus the margin.

    Messages that were discarded meanwhile are told.

    Returns:
        What was seen, for the journal.

    Raises:
        GateTimeout: Not within `limits.drain_s`; or messages were discarded, and the inventory says that
            this stops the line: once.
        Interrupted: The operator asked to stop.
    """
    facts, wanted = run.facts(step), run.site.cluster.queues
    marks = marks_from(facts.get(QUEUES, ""))

    def gate(sights: Sights) -> Verdict:
        return drained(sights, marks, target=step.target, margin=wanted.margin)

    awaited = f"the queues towards {step.target}"
    held, sights = _await(run, step, senders(run.plan, step), gate=gate, awaited=awaited, remedy=_STUCK)
    new = losses(sights, marks, told_from(facts.get(TOLD, "")))
    if new:
        _tell(run, step, new)
    return outcome(held, losses(sights, marks))


def _tell(run: Run, step: Step, lost: tuple[Loss, ...]) -> None:
    """Journalled first: whoever is told does not have to hear it again on --resume."""
    text = f"messages for {step.target} are lost: " + "; ".join(map(str, lost))
    told = told_from(run.facts(step).get(TOLD, ""))
    run.write("noted", step, seen=text, **{TOLD: told_text(told, lost)})
    if run.site.cluster.queues.discarded == "stop":
        raise stop_line(step.target, text, remedy=_LOST)
    run.report.note(step.target, text)


def _await(
    run: Run,
    step: Step,
    names: tuple[str, ...],
    *,
    gate: Callable[[Sights], Verdict],
    awaited: str,
    remedy: str,
) -> tuple[Holds, Sights]:
    """Look once; where the gate does not hold, go on looking. Returns the last look, too."""
    sights = _look(run, step, names)
    if isinstance(verdict := gate(sights), Holds):
        return verdict, sights
    seen = [sights]

    def look() -> Sights:
        seen[0] = _look(run, step, names)
        return seen[0]

    watch = Watch(
        awaited=awaited,
        node=step.target,
        look=look,
        report=lambda text, left_s: run.report.waiting(step.target, awaited, text, left_s=left_s),
        stopping=run.stop.requested,
        nudge=lambda sights, waited_s: None,
        remedy=remedy,
    )
    text = hold(gate, watch, waits=_waits(run.member(step.target).nodes[0].limits), clock=run.site.clock)
    return Holds(text), seen[0]


def _waits(limits: Limits) -> Waits:
    """A queue that has drained needs not settle."""
    return Waits(
        limit_s=limits.drain_s, join_s=limits.drain_s, settle_s=0, poll_s=limits.poll_s, quick_s=QUICK_S
    )


def _look(run: Run, step: Step, names: tuple[str, ...]) -> Sights:
    """Ask every node of these members at once; of a pair the primary's answer counts."""
    if not names:
        return {}
    uid = _uid(run, step)
    nodes = [node for name in names for node in run.member(name).nodes]
    answers = dict(
        zip((n.name for n in nodes), run.site.pool.map(lambda n: _ask(run, n), nodes), strict=True)
    )
    return {name: _sight(uid, [answers[node.name] for node in run.member(name).nodes]) for name in names}


def _uid(run: Run, step: Step) -> str:
    """The member's ServerUID now: one that has just become a member got another. "" if nobody answers."""
    for node in run.member(step.target).nodes:
        try:
            return run.status(node).server.uid
        except OperatorError:
            continue
    return ""


def _ask(run: Run, node: Node) -> tuple[RemoteMember, ...] | str:
    """The node's list of members, or why there is none."""
    try:
        listed = run.admin(node).remotes()
    except OperatorError as error:
        return error.problem
    return "only a standby answers" if listed is None else listed


def _sight(uid: str, answers: list[tuple[RemoteMember, ...] | str]) -> Sight:
    if not uid:
        return Sight(trouble="no ServerUID to look for: the restarted member does not answer")
    lists = [answer for answer in answers if not isinstance(answer, str)]
    return sight_of(lists[0], uid) if lists else Sight(trouble=str(answers[-1]))
