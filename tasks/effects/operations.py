"""The journeys that tasks (and the rehearsal) call: look, judge, show; run and prove."""

from __future__ import annotations

import dataclasses
import json
import sys
from dataclasses import dataclass

from tasks.core.errors import Refused, Unhealthy, UsageError
from tasks.core.findings import Finding, errors
from tasks.core.health import StatusReport, report
from tasks.core.plan import Plan
from tasks.core.planning import Wish
from tasks.core.render import (
    duration,
    findings_lines,
    plan_table,
    proof_table,
    status_table,
    versions_line,
)
from tasks.effects.console import ConsoleReporter, say, show_table, tell, width
from tasks.effects.execute import RESUME_LINE
from tasks.effects.look import take_snapshot
from tasks.effects.migration import Gates
from tasks.effects.prepare import Prepared, prepare
from tasks.effects.record import keep_plan, resumable, unfinished
from tasks.effects.runner import (
    Outcome,
    break_lock,
    refuse_if_unfinished,
    refuse_unapproved,
    resume_run,
    start_run,
)
from tasks.effects.site import Site


def as_json(value: object) -> str:
    """Dataclasses as JSON; times as ISO 8601."""
    return json.dumps(dataclasses.asdict(value), indent=2, default=str)  # type: ignore[call-overload]


def show_status(site: Site, *, json_wanted: bool = False) -> StatusReport:
    """One screen: a row per node, what is wrong, one verdict line."""
    found = report(take_snapshot(site))
    if json_wanted:
        say(as_json(found))
        return found
    show_table(status_table(found, width=width()))
    say(versions_line(found))
    show_findings(found.findings)
    open_run = unfinished(site.cluster.runs_dir)
    if open_run is not None:
        left = len(open_run.progress().remaining(open_run.plan))
        say(f"run {open_run.id} is open, {left} of {len(open_run.plan.steps)} steps left -> {RESUME_LINE}")
    say(found.verdict)
    return found


def show_findings(findings: tuple[Finding, ...], *, ignored: frozenset[str] = frozenset()) -> None:
    for line in findings_lines(findings, ignored=ignored):
        say(line)


def require_healthy(found: StatusReport) -> None:
    """Raises Unhealthy (exit 6) where the verdict is not healthy."""
    if not found.healthy:
        raise Unhealthy(
            "the cluster is not healthy: see the findings above", remedy="fab check names all remedies"
        )


def show_check(site: Site, *, ignored: frozenset[str], json_wanted: bool = False) -> Prepared:
    """Every finding at once.

    Raises:
        Refused: An error is left that is not ignored.
    """
    prepared = prepare(site)
    if json_wanted:
        say(json.dumps([dataclasses.asdict(f) for f in prepared.findings], indent=2))
    else:
        show_findings(prepared.findings, ignored=ignored)
        for line in _ways(prepared):
            say(line)
    prepared.refuse_errors(ignored)
    if not json_wanted:
        say(f"check: no errors, {len(prepared.findings)} findings -> fab plan")
    return prepared


def _ways(prepared: Prepared) -> tuple[str, ...]:
    """How REST and TLS probes reach the nodes."""
    by_way: dict[str, list[str]] = {}
    for name, seen in prepared.snapshot.nodes.items():
        by_way.setdefault(seen.via or "not at all", []).append(name)
    return tuple(f"reached via {way}: {', '.join(names)}" for way, names in by_way.items())


def make_plan(site: Site, wish: Wish, *, ignored: frozenset[str] = frozenset()) -> tuple[Prepared, Plan]:
    """Check, then plan.

    Raises:
        Refused: A check fails (all findings are shown on stderr), or the strategy is impossible.
        UsageError: The observer asked for is no member.
    """
    names = [member.name for member in site.cluster.members]
    if wish.observer is not None and wish.observer not in names:
        raise UsageError(
            f"--observer {wish.observer} is no member of {site.cluster.key}",
            remedy=f"one of: {', '.join(names)}",
        )
    prepared = prepare(site)
    if errors(prepared.findings, ignored=ignored):
        for line in findings_lines(prepared.findings, ignored=ignored):
            tell(line)
    prepared.refuse_errors(ignored)
    plan = prepared.plan(wish)
    keep_plan(site.cluster.runs_dir, plan)
    return prepared, plan


def show_plan(plan: Plan) -> None:
    """The steps with the counts after each, the certificates, the edits, the fingerprint."""
    if not plan.steps:
        say(f"{plan.cluster}: nothing to do: every member already runs with its credential set")
        return
    show_table(plan_table(plan, width=width()))
    say(f"strategy {plan.strategy}: {plan.why}")
    moving = {step.target for step in plan.steps}
    for member, target in plan.targets.items():
        what = "->" if member in moving else "runs already with"
        leaf = f"{target.leaf_sha256[:8]} {target.leaf_subject}, valid until {target.not_after[:10]}"
        say(f"  {member}: {what} {leaf}")
    for node, change in plan.edits.items():
        say(
            f"  [{node}] {change.path} is edited; {len(change.carried)} other files of the keystore go along:"
        )
        say(change.diff.rstrip("\n"), verbatim=True)
    moved = len(plan.restarts)
    say(
        f"{moved} restarts, about {duration(moved * 25)} of waiting; clients of a restarting server reconnect"
    )
    say(f"fingerprint {plan.fingerprint} -> fab migrate-cluster --approve {plan.fingerprint}")


@dataclass(frozen=True, slots=True)
class Consent:
    """How the operator agrees: asked, --yes, or a fingerprint."""

    yes: bool = False
    approved: str = ""


def migrate(
    site: Site,
    wish: Wish,
    consent: Consent,
    *,
    ignored: frozenset[str] = frozenset(),
    stop_after: int | None = None,
    gates: Gates | None = None,
) -> Outcome | None:
    """A new run, from the checks to the proof; None if there is nothing to do."""
    refuse_if_unfinished(site)
    prepared, plan = make_plan(site, wish, ignored=ignored)
    show_plan(plan)
    if consent.approved:
        refuse_unapproved(site, plan, consent.approved)
    if not plan.steps:
        return None
    if not consent.yes and not consent.approved:
        _ask(plan)
    outcome = start_run(site, prepared, plan, report=ConsoleReporter(), stop_after=stop_after, gates=gates)
    _conclude(site, plan, outcome)
    return outcome


def resume(site: Site, *, stop_after: int | None = None) -> Outcome:
    """Go on with the interrupted run."""
    record = resumable(site.cluster.runs_dir)
    prepared = prepare(site)
    left = record.progress().remaining(record.plan)
    tell(f"resuming run {record.id}: {len(left)} of {len(record.plan.steps)} steps left")
    outcome = resume_run(site, prepared, record, report=ConsoleReporter(), stop_after=stop_after)
    _conclude(site, record.plan, outcome)
    return outcome


def give_up(site: Site, run: str) -> None:
    """Abandon a run and free its lock."""
    break_lock(site, prepare(site), run)
    say(f"run {run} is given up, its lock is free; its backups stay on the nodes -> fab status")


def _ask(plan: Plan) -> None:
    if not sys.stdin.isatty():
        raise UsageError(
            "no terminal to confirm the plan",
            remedy=f"fab migrate-cluster --approve {plan.fingerprint} (or --yes)",
        )
    sys.stderr.write("Run this plan now? Type yes to go on: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() != "yes":
        raise Refused("not confirmed; nothing was changed", remedy="fab plan shows it again")


def _conclude(site: Site, plan: Plan, outcome: Outcome) -> None:
    if not outcome.complete:
        say(f"stopped as asked; run {outcome.run} is open -> {RESUME_LINE}")
        return
    found = report(take_snapshot(site))
    show_table(proof_table(found, plan))
    say(f"run {outcome.run} complete: {found.verdict}")
    require_healthy(found)
