"""The journeys that tasks (and the rehearsal) call: look, judge, show; run and prove."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from tasks.core.acceptance import as_computed, observed_findings, observed_lines
from tasks.core.course import Wish, refuse_unknown
from tasks.core.errors import Refused
from tasks.core.findings import Finding, Findings
from tasks.core.health import StatusReport, report
from tasks.core.json_text import json_text
from tasks.core.observed import loaded_now
from tasks.core.open_run import OpenRun, as_left_by
from tasks.core.plan import Plan
from tasks.core.plan_table import plan_table
from tasks.core.plan_text import (
    closing_lines,
    edit_lines,
    nothing_to_do,
    post_lines,
    reason_line,
    target_lines,
)
from tasks.core.proof_table import proof_table
from tasks.core.rehearsal import rehearsal_line
from tasks.core.render import findings_lines, status_table
from tasks.core.resuming import disagreements, other_sets
from tasks.core.stages import one_way_findings, stage_now
from tasks.core.strategy_names import AUTO
from tasks.core.strategy_text import choice_table, refusal_lines, round_lines
from tasks.core.task_names import MIGRATE
from tasks.core.trust_text import trust_lines
from tasks.effects.acceptance import observe
from tasks.effects.console import say, show_table, tell, width
from tasks.effects.journey import Journey, begin
from tasks.effects.look import take_snapshot
from tasks.effects.prepare import Prepared, prepare, with_gates_looked_for
from tasks.effects.record import RunRecord
from tasks.effects.run import Gates
from tasks.effects.run_report import show_availability
from tasks.effects.runner import Outcome
from tasks.effects.site import Site
from tasks.effects.status_shown import open_run_of
from tasks.effects.terms import Terms


def show_findings(findings: tuple[Finding, ...], *, ignored: frozenset[str] = frozenset()) -> None:
    for line in findings_lines(findings, ignored=ignored):
        say(line)


def show_check(site: Site, *, ignored: frozenset[str], json_wanted: bool = False) -> Prepared:
    """Every finding at once.

    Raises:
        Refused: An error is left that is not ignored.
    """
    run = open_run_of(site)
    prepared, tried = _tried_on_nodes(site, _judged_with(run, with_gates_looked_for(site, prepare(site))))
    if json_wanted:
        say(json_text(prepared.findings, Findings), verbatim=True)
    else:
        show_findings(prepared.findings, ignored=ignored)
        for line in (*_ways(prepared), rehearsal_line(prepared.rehearsed), *tried):
            if line:
                say(line)
    prepared.refuse_errors(ignored)
    if not json_wanted:
        number = len(prepared.findings)
        then = "fab plan" if run is None else run.resume
        say(f"check: no errors, {number} finding{'s' * (number != 1)} -> {then}")
        if run is not None:
            say(run.line)
    return prepared


def _judged_with(run: OpenRun | None, prepared: Prepared) -> Prepared:
    """As the open run left it: is it what its journal says, and is the credential folder still the same?"""
    if run is None:
        return prepared
    findings = (
        *as_left_by(run, prepared.findings, prepared.snapshot),
        *(other_sets(run.plan, prepared.sets) if run.plan.task == MIGRATE else ()),
        *disagreements(run.plan, run.progress, prepared.snapshot),
    )
    return dataclasses.replace(prepared, findings=findings)


def _tried_on_nodes(site: Site, prepared: Prepared) -> tuple[Prepared, tuple[str, ...]]:
    """With what the running processes did with the new sets: among the findings, and in lines."""
    snapshot, sets = prepared.snapshot, prepared.sets
    observed = observe(site, snapshot, sets)
    loaded = loaded_now(snapshot)
    agreement = as_computed(observed, sets=sets, loaded=loaded, at=snapshot.taken_at)
    crooked = one_way_findings(stage_now(snapshot, loaded))
    findings = (*prepared.findings, *crooked, *observed_findings(observed, agreement))
    return dataclasses.replace(prepared, findings=findings), observed_lines(observed, agreement)


def _ways(prepared: Prepared) -> tuple[str, ...]:
    """How REST and TLS probes reach the nodes."""
    by_way: dict[str, list[str]] = {}
    for name, seen in prepared.snapshot.nodes.items():
        by_way.setdefault(seen.via or "not at all", []).append(name)
    return tuple(f"reached via {way}: {', '.join(names)}" for way, names in by_way.items())


def migration_plan(site: Site, wish: Wish) -> Callable[[Prepared], Plan]:
    """How a migration's plan is made from what was seen.

    Raises:
        UsageError: The observer asked for is no member.
    """
    refuse_unknown(wish, site.cluster)
    return lambda prepared: prepared.plan(wish)


def show_plan(plan: Plan) -> None:
    """The steps with the counts after each, the certificates, the edits, the notes, the fingerprint."""
    if not plan.steps:
        say(nothing_to_do(plan))
        return
    show_table(plan_table(plan, width=width()))
    if (costs := choice_table(plan)) is not None:
        show_table(costs)
    for line in (
        *refusal_lines(plan),
        *trust_lines(plan),
        reason_line(plan),
        *round_lines(plan),
        *target_lines(plan),
        *post_lines(plan),
    ):
        if line:
            say(line)
    for node, change in plan.edits.items():
        for line in edit_lines(node, change):
            say(line)
        say(change.diff.rstrip("\n"), verbatim=True)
    for line in closing_lines(plan):
        say(line)


def migrate(
    site: Site, wish: Wish, terms: Terms | None = None, *, gates: Gates | None = None
) -> Outcome | None:
    """A new migration, from the checks to the proof; None if there is nothing to do."""
    return begin(site, MIGRATION, migration_plan(site, wish), terms or Terms(), gates=gates)


def prove_migration(site: Site, plan: Plan) -> StatusReport:
    """The proof table: per node, what was promised and what the wire shows now; who was away or apart."""
    found = report(take_snapshot(site))
    show_table(proof_table(found, plan))
    show_availability(site.cluster, plan)
    return found


def show_members(site: Site, plan: Plan) -> StatusReport:
    """How every node stands now: the end of a run that places no credentials."""
    found = report(take_snapshot(site))
    show_table(status_table(found, width=width()))
    return found


def from_here(record: RunRecord, prepared: Prepared) -> Plan:
    """By what was asked for at first; where that is not possible from there, the least disruptive way."""
    wish = Wish.typed(record.plan.options)
    try:
        plan = prepared.plan(wish)
    except Refused as error:
        tell(f"{error.problem}: another strategy is taken")
        plan = prepared.plan(dataclasses.replace(wish, strategy=AUTO))
    return plan.model_copy(update={"command": record.plan.command})


MIGRATION = Journey(task=MIGRATE, prepare=prepare, show=show_plan, conclude=prove_migration, replan=from_here)
