"""All that a report of a run tells, as data: text, JSON, Markdown and the page are made from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from tasks.core.availability import Sample
from tasks.core.certificates import CertificateFault, parse_pem_chain
from tasks.core.journal import Entry
from tasks.core.plan import Counts, Frozen, Plan
from tasks.core.run_facts import BUILTIN, environment_told, subjects_told
from tasks.core.run_report import RunReport, report_lines, run_report
from tasks.core.run_tables import step_rows
from tasks.core.step_kinds import LAST_RESTARTS, StepKind
from tasks.core.step_text import step_text
from tasks.core.timeline import Timeline, timeline
from tasks.core.verification import SHORTEST_MARK, Verification

SHA256_DIGITS = 64
_NAMED = 6  # members with the same counts that are named one by one
_TRIED = frozenset({"done", "failed", "interrupted"})


class CertificateChange(Frozen):
    """What a member served before the run, and what is planned for it; "" where it is not known."""

    member: str
    before_sha256: str
    before_subject: str
    after_sha256: str
    after_subject: str
    not_after: str
    state: str  # proven | loaded | not yet


class GateRow(Frozen):
    """One step: what its gate wanted, and what was seen last."""

    step: str
    what: str  # in a few words
    state: str  # done | begun | to do | failed | interrupted
    attempts: int
    begun_at: datetime | None
    ended_at: datetime | None
    expected: str  # the counts of every member
    seen: str


class JournalRow(Frozen):
    line: int
    at: datetime
    event: str
    step: str
    seen: str
    facts: dict[str, str]


class FullReport(RunReport):
    """The report of `fab runs.report`, whole."""

    verdict: str
    outcome: str  # good | open | bad
    why: str  # of the strategy
    observer: str
    notes: tuple[str, ...]
    certificates_of: str  # "cluster" or "HA channel"
    certificates: tuple[CertificateChange, ...]
    gates: tuple[GateRow, ...]
    timeline: Timeline
    environment: dict[str, str]
    verification: Verification
    journal: tuple[JournalRow, ...]


def full_report(
    short: RunReport,
    plan: Plan,
    entries: Sequence[Entry],
    *,
    samples: Sequence[Sample],
    verification: Verification,
    members: Mapping[str, Sequence[str]],
) -> FullReport:
    """The short report with everything else that the run's directory tells.

    Args:
        plan: The one in force.
        entries: At least the first, "opened".
        members: The nodes of each, as the inventory names them.
    """
    gates = tuple(_gates(plan, entries))
    verdict, outcome = _verdict(short, gates, verification)
    return FullReport(
        **{name: getattr(short, name) for name in RunReport.model_fields},
        verdict=verdict,
        outcome=outcome,
        why=plan.why,
        observer=plan.observer,
        notes=plan.notes,
        certificates_of="HA channel" if plan.task.startswith("ha.") else "cluster",
        certificates=tuple(_certificates(plan, entries, members)),
        gates=gates,
        timeline=timeline(entries, samples, members),
        environment=dict(environment_told(entries)),
        verification=verification,
        journal=tuple(
            JournalRow(line=n, at=e.at, event=e.event, step=e.step, seen=e.seen, facts=e.facts)
            for n, e in enumerate(entries, 1)
        ),
    )


def _verdict(short: RunReport, gates: Sequence[GateRow], seen: Verification) -> tuple[str, str]:
    if seen.state == "altered":
        return "altered: the record of this run is not what was written, nothing below is proven", "bad"
    steps = f"{short.steps_done} of {short.steps} steps done"
    match short.state:
        case "complete":
            last = next((row.seen for row in reversed(gates) if row.seen), "")
            return f"complete: {steps}, every gate held" + (f"; {last}" if last else ""), "good"
        case "open":
            stuck = [row for row in gates if row.state in ("failed", "interrupted", "begun")]
            where = "".join(
                f"; {row.step} {': '.join(filter(None, (row.state, row.seen)))}" for row in stuck[-1:]
            )
            return f"open: {steps}{where}; it goes on with fab {short.task} --resume", "open"
        case _:
            return f"given up: {steps}", "bad"


def _certificates(
    plan: Plan, entries: Sequence[Entry], members: Mapping[str, Sequence[str]]
) -> Iterator[CertificateChange]:
    subjects = {**_builtin_subjects(plan), **subjects_told(entries)}
    subjects |= {
        t.leaf_sha256: t.leaf_subject for t in plan.targets.values() if t.leaf_sha256 not in subjects
    }
    for member, target in plan.targets.items():
        seen = [plan.before.get(node, "") for node in members.get(member, (member,))]
        before = next((text for text in seen if len(text) == SHA256_DIGITS), "")
        yield CertificateChange(
            member=member,
            before_sha256=before,
            before_subject=subjects.get(before, ""),
            after_sha256=target.leaf_sha256,
            after_subject=target.leaf_subject,
            not_after=target.not_after,
            state=_reached(plan, entries, member),
        )


def _builtin_subjects(plan: Plan) -> dict[str, str]:
    found = {}
    for sha256, pem in plan.builtins.items():
        try:
            found[sha256] = f"{BUILTIN}: {parse_pem_chain(pem.encode())[0].subject}"
        except CertificateFault:  # a plan on a disk: what is no certificate names nobody
            continue
    return found


def _reached(plan: Plan, entries: Sequence[Entry], member: str) -> str:
    done = {row.step for row in step_rows(plan, entries) if row.state == "done"}
    proofs = [s.id for s in plan.steps if s.kind in (StepKind.PROVE, StepKind.HA_PROVE)]
    if proofs and done.issuperset(proofs):
        return "proven"
    own = [s.id for s in plan.steps if s.kind in LAST_RESTARTS and s.target == member]
    return "loaded" if own and done.issuperset(own) else "not yet"


def _gates(plan: Plan, entries: Sequence[Entry]) -> Iterator[GateRow]:
    """The steps of the plan in force, by what was noted of them since it was made."""
    made = [number for number, entry in enumerate(entries) if entry.event == "replanned"]
    since = entries[made[-1] + 1 :] if made else entries
    for step, row in zip(plan.steps, step_rows(plan, entries), strict=True):
        own = [entry for entry in since if entry.step == step.id]
        tried = [entry for entry in own if entry.event in _TRIED]
        yield GateRow(
            step=step.id,
            what=step_text(plan, step),
            state=tried[-1].event if row.state != "done" and tried else row.state,
            attempts=sum(entry.event == "started" for entry in own),
            begun_at=row.begun_at,
            ended_at=row.ended_at,
            expected=counts_text(step.expected),
            seen=tried[-1].seen if tried else "",
        )


def counts_text(expected: Mapping[str, Counts]) -> str:
    """ "3/0: gw-a, gw-b; 0/3: gw-c": connected/disconnected, and who is to show that."""
    alike: dict[str, list[str]] = {}
    for member, counts in expected.items():
        alike.setdefault(str(counts), []).append(member)
    return "; ".join(f"{counts}: {_named(members)}" for counts, members in alike.items())


def _named(members: Sequence[str]) -> str:
    if len(members) <= _NAMED:
        return ", ".join(members)
    return f"{members[0]}, {members[1]} … {members[-1]} ({len(members)} members)"


def made_report(
    run: str,
    plan: Plan,
    entries: Sequence[Entry],
    *,
    samples: Sequence[Sample],
    verification: Verification,
    members: Mapping[str, Sequence[str]],
) -> FullReport:
    """From what lies in the run's directory; see `full_report`."""
    short = run_report(run, plan, entries, samples)
    return full_report(short, plan, entries, samples=samples, verification=verification, members=members)


def full_report_lines(found: FullReport) -> Iterator[str]:
    """The report as text, a line each: the short one, and what the record proves."""
    yield from report_lines(found)
    seen = found.verification
    if seen.state == "ok":
        yield f"record: not altered, chain {seen.chain[:SHORTEST_MARK]} -> fab runs.verify"
    elif seen.state == "altered":
        yield "record: ALTERED -> fab runs.verify"
