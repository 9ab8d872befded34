"""A journey: one acting task from its checks to its proof, begun or resumed. All take the same options."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tasks.core.dataclass import dataclass
from tasks.core.errors import UsageError
from tasks.core.findings import errors
from tasks.core.health import StatusReport
from tasks.core.open_run import between_rounds
from tasks.core.own_gates import gates_in
from tasks.core.plan import Plan, Step, subject_of
from tasks.core.render import findings_lines
from tasks.core.results import Ending
from tasks.core.safe_points import rest_lines
from tasks.effects.account import Account
from tasks.effects.consent import Asking, ask
from tasks.effects.console import say, tell
from tasks.effects.prepare import Prepared, with_gates_looked_for
from tasks.effects.reconciling import Replan, open_record, reconciled
from tasks.effects.record import RunRecord, keep_plan
from tasks.effects.reporters import refuse_unknown, reporting
from tasks.effects.run import Gates
from tasks.effects.run_refusals import refuse_if_unfinished, refuse_no_round, refuse_unapproved
from tasks.effects.runner import Outcome, break_lock, resume_run, start_run
from tasks.effects.site import Site
from tasks.effects.speaking import speaking_for
from tasks.effects.status_shown import require_healthy
from tasks.effects.terms import Terms


@dataclass(frozen=True, slots=True)
class Journey:
    """One kind of run.

    Args:
        task: What the operator types: `fab TASK`.
        prepare: Looks at every node, loads what is to be placed, and checks both; changes nothing.
        show: Draws the plan on stdout.
        conclude: Shows what was reached, once the plan is complete, and gives it back.
        question: What is asked before anything is changed, and the word that agrees.
        yes_suffices: Whether --yes stands for that word; else it is typed, or the plan approved by fingerprint.
        command: What begins the run again, where that is more than the task's name: "restart gw-b".
        undoes: The run that is rolled back.
        replan: Plans what is left of such a run from what is there; None where that is not possible.
    """

    task: str
    prepare: Callable[[Site], Prepared]
    show: Callable[[Plan], None]
    conclude: Callable[[Site, Plan], StatusReport]
    question: tuple[str, str] = ("Run this plan now? Type yes to go on: ", "yes")
    yes_suffices: bool = True
    command: str = ""
    undoes: str = ""
    replan: Replan | None = None

    @property
    def words(self) -> str:
        """What the operator typed, without options that only say how to run it."""
        return self.command or self.task


def planned(
    site: Site, journey: Journey, make: Callable[[Prepared], Plan], *, ignored: frozenset[str] = frozenset()
) -> tuple[Prepared, Plan]:
    """Look, check, plan; the plan is remembered by its fingerprint.

    Raises:
        Refused: A check fails (all findings are shown on stderr), or the plan is impossible.
    """
    prepared = with_gates_looked_for(site, journey.prepare(site))
    if errors(prepared.findings, ignored=ignored):
        for line in findings_lines(prepared.findings, ignored=ignored):
            tell(line)
    prepared.refuse_errors(ignored)
    plan = make(prepared)
    plan = plan.model_copy(update={"command": journey.words, "gates": gates_in(plan, site.cluster)})
    keep_plan(site.cluster.runs_dir, plan)
    return prepared, plan


def begin(
    site: Site,
    journey: Journey,
    make: Callable[[Prepared], Plan],
    terms: Terms,
    *,
    gates: Gates | None = None,
) -> Outcome | None:
    """A new run, from the checks to the proof; None if there is nothing to do, or only the plan was asked for."""
    if not terms.plan_only:
        refuse_if_unfinished(site, but=journey.undoes)
    with speaking_for(terms.typed or journey.words):
        prepared, plan = planned(site, journey, make, ignored=terms.ignored)
        terms.account.planned(plan, prepared.findings)
        journey.show(plan)
        _show_rests(site, plan, plan.steps, terms)
        if terms.plan_only:
            terms.account.ends(Ending.PLANNED)
            return None
        if terms.approved:
            refuse_unapproved(site, plan, terms.approved)
        if not plan.steps and not plan.undoes:
            terms.account.ends(Ending.NOTHING)
            return None
        refuse_no_round(plan, terms.end)
        if not terms.approved and not (terms.yes and journey.yes_suffices):
            _ask(journey, plan, terms)
        if not plan.steps:
            _put_away(site, prepared, plan.undoes)
            terms.account.ends(Ending.GIVEN_UP, run=plan.undoes)
            return None
        with reporting(site, terms.progress, terms.account) as report:
            outcome = start_run(site, prepared, plan, report=report, end=terms.end, gates=gates)
        _conclude(site, journey, plan, outcome, terms.account)
    return outcome


def _show_rests(site: Site, plan: Plan, left: Sequence[Step], terms: Terms) -> None:
    if terms.not_after is not None:
        for line in rest_lines(plan, left, terms.not_after, now=site.clock.now()):
            say(line)


def _put_away(site: Site, prepared: Prepared, run: str) -> None:
    """A run that has changed nothing yet is undone by giving it up."""
    break_lock(site, prepared, run)
    say(f"run {run} had changed nothing: what it staged is removed, its lock is free")


def resume(site: Site, journey: Journey, terms: Terms | None = None) -> Outcome:
    """Go on with the interrupted run.

    Raises:
        UsageError: There is none, or it is another task's.
    """
    terms = terms or Terms()
    with speaking_for(terms.typed or journey.task):
        record = open_record(site, task=journey.task)
    _refuse_another_task(record, journey)
    with speaking_for(terms.typed or journey.task):
        _refuse_another_subject(record, journey)
        prepared = journey.prepare(site)
        record = reconciled(
            site, record, prepared, replan=journey.replan, agreed=lambda plan: _agree(journey, plan, terms)
        )
        end = terms.end
        refuse_no_round(record.plan, end)
        left = record.progress().remaining(record.plan)
        tell(f"resuming run {record.id}: {len(left)} of {len(record.plan.steps)} steps left")
        _show_rests(site, record.plan, left, terms)
        terms.account.planned(record.plan, prepared.findings)
        with reporting(site, terms.progress, terms.account) as report:
            outcome = resume_run(site, prepared, record, report=report, end=end)
        _conclude(site, journey, record.plan, outcome, terms.account)
    return outcome


def _refuse_another_task(record: RunRecord, journey: Journey) -> None:
    if record.plan.task != journey.task:
        raise UsageError(
            f"the open run {record.id} is one of {record.plan.task}, not of {journey.task}",
            remedy=f"fab {record.plan.task} --resume",
        )


def _refuse_another_subject(record: RunRecord, journey: Journey) -> None:
    """`fab cluster.join gw-e --resume` must not go on with the joining of gw-d."""
    typed, began = subject_of(journey.words), record.plan.subject
    if typed and began and typed != began:
        raise UsageError(
            f"the open run {record.id} began as `fab {record.plan.command}`, not for {typed}",
            remedy=f"fab {journey.task} --resume goes on with it",
        )


def run_task(
    site: Site,
    journey: Journey,
    make: Callable[[Prepared], Plan],
    terms: Terms,
    *,
    again: bool = False,
    break_lock_of: str = "",
) -> None:
    """What every acting task comes to: give a run up, go on with the open one, or begin.

    Args:
        again: --resume.
        break_lock_of: The run of --break-lock; "" for none.
    """
    refuse_unknown(terms.progress)
    if break_lock_of:
        give_up(site, journey, break_lock_of)
        terms.account.ends(Ending.GIVEN_UP, run=break_lock_of)
    elif again:
        resume(site, journey, terms)
    else:
        begin(site, journey, make, terms)


def give_up(site: Site, journey: Journey, run: str) -> None:
    """Abandon a run, of whatever task, and free its lock."""
    with speaking_for(journey.task):
        break_lock(site, journey.prepare(site), run)
    say(f"run {run} is given up, its lock is free; its backups stay on the nodes -> fab status")


def _agree(journey: Journey, plan: Plan, terms: Terms) -> None:
    """Show what is left by the new plan, and ask."""
    tell("what is left, planned anew from what the nodes show:")
    journey.show(plan)
    if plan.steps and not (terms.yes and journey.yes_suffices) and terms.approved != plan.fingerprint:
        _ask(journey, plan, terms, again=" --resume")


def _ask(journey: Journey, plan: Plan, terms: Terms, *, again: str = "") -> None:
    asking = Asking(*journey.question, yes_suffices=journey.yes_suffices, possible=terms.asks)
    ask(asking, plan, again=again)


def _conclude(site: Site, journey: Journey, plan: Plan, outcome: Outcome, account: Account) -> None:
    if not outcome.complete:
        account.ends(Ending.STOPPED)
        say(f"stopped as asked; {outcome.open_run.line}")
        for line in between_rounds(outcome.open_run):
            say(f"  {line}")
        return
    found = journey.conclude(site, plan)
    account.proven(found)
    say(f"run {outcome.run} complete: {found.verdict}")
    require_healthy(found)
