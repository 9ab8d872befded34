"""What a report says, part by part: the same for Markdown and for the page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from tasks.core.availability_text import availability_lines, seconds_text
from tasks.core.dataclass import dataclass
from tasks.core.node_states import NodeState
from tasks.core.report_data import CertificateChange, FullReport, GateRow, JournalRow
from tasks.core.run_facts import SUBJECTS_FACT
from tasks.core.timeline import Span, Timeline
from tasks.core.timeline_rows import WORDS
from tasks.core.verification import seal_command, verification_lines

MOST_ROWS = 300  # of a table that stands for the picture; --json has all
_AS_IT_SHOULD_BE = frozenset({NodeState.READY.value, NodeState.STANDBY.value})
_TOLD_ELSEWHERE = frozenset({"opened", "rebuilt"})  # what they tell is the environment


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text, and of what kind each column is: "", "fixed", "sha", "wide", "no-wrap", "number", "state".

    Args:
        aside: It says what a picture shows, or more than most want to read.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    kinds: tuple[str, ...]
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One part under its title."""

    key: str
    title: str
    lines: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    tables: tuple[Table, ...] = ()


def parts(found: FullReport) -> tuple[Part, ...]:
    """In the order in which they are read; one that has nothing to say is left out."""
    made = (
        _run(found),
        Part("rounds", "Rounds", tables=_rounds(found)),
        Part("timeline", "Timeline", _unsampled(found), tables=tuple(_timeline(found.timeline))),
        _certificates(found),
        Part("gates", "Steps and their gates", tables=(_gates(found),)),
        Part("availability", "Availability", lines=tuple(_availability(found))),
        Part("record", "The record", lines=tuple(_record(found))),
        Part("environment", "Where it ran", facts=tuple(found.environment.items())),
        Part("journal", "Journal", tables=(_journal(found),)),
    )
    return tuple(part for part in made if part.lines or part.facts or part.tables)


def moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _run(found: FullReport) -> Part:
    ended = moment(found.ended_at) if found.ended_at else f"not yet; last heard of {moment(found.last_at)}"
    took = ((found.ended_at or found.last_at) - found.begun_at).total_seconds()
    facts = (
        ("run", found.run),
        ("command", f"fab {found.command}"),
        ("plan", found.fingerprint),
        ("strategy", ": ".join(filter(None, (found.strategy, found.why)))),
        ("observer", found.observer),
        ("begun", moment(found.begun_at)),
        ("ended", ended),
        ("took", seconds_text(took)),
        ("steps", f"{found.steps_done} of {found.steps} done"),
    )
    return Part("run", "The run", facts=tuple((key, text) for key, text in facts if text), lines=found.notes)


def _rounds(found: FullReport) -> tuple[Table, ...]:
    if not found.rounds:
        return ()
    times = {span.what: span for span in found.timeline.rounds}
    rows = []
    for number, what in enumerate(found.rounds, 1):
        span = times.get(str(number))
        told = _times(span, found.timeline) if span else ("", "", "")
        rows.append((str(number), what, *told))
    kinds = ("", "wide", "no-wrap", "no-wrap", "number")
    return (
        Table("each is one rolling restart", ("ROUND", "WHAT", "FROM", "TO", "TOOK"), tuple(rows), kinds),
    )


def _times(span: Span, of: Timeline) -> tuple[str, str, str]:
    return _clock(span.begun_at, of), _clock(span.ended_at, of), seconds_text(span.seconds)


def _clock(at: datetime | None, of: Timeline) -> str:
    """With the day where the run took more than one."""
    if at is None:
        return ""
    return f"{at:%H:%M:%S}" if of.begun_at.date() == of.ended_at.date() else f"{at:%m-%d %H:%M:%S}"


def _unsampled(found: FullReport) -> tuple[str, ...]:
    return () if found.timeline.nodes else ("nothing was sampled: there are the steps alone",)


def _timeline(of: Timeline) -> Iterator[Table]:
    kinds = ("no-wrap", "", "no-wrap", "no-wrap", "number")
    spans = [
        (bar.node, WORDS.get(span.what, span.what), *_times(span, of))
        for bar in of.nodes
        for span in bar.spans
        if span.what not in _AS_IT_SHOULD_BE
    ]
    yield from _shortened("When a node was not ready", ("NODE", "STATE", "FROM", "TO", "TOOK"), spans, kinds)
    apart = [(" × ".join(bar.members), "apart", *_times(span, of)) for bar in of.apart for span in bar.spans]
    yield from _shortened("When two members were apart", ("MEMBERS", "", "FROM", "TO", "TOOK"), apart, kinds)
    connected = [(f"{one.what} of {of.pairs}", "connected", *_times(one, of)) for one in of.connected]
    yield from _shortened("Connected pairs of members", ("PAIRS", "", "FROM", "TO", "TOOK"), connected, kinds)


def _shortened(
    caption: str, header: tuple[str, ...], rows: Sequence[tuple[str, ...]], kinds: tuple[str, ...]
) -> Iterator[Table]:
    left = len(rows) - MOST_ROWS
    more = f" (the first {MOST_ROWS} of {len(rows)}; all of them: --json)" if left > 0 else ""
    if rows:
        yield Table(caption + more, header, tuple(rows[:MOST_ROWS]), kinds, aside=True)


def _certificates(found: FullReport) -> Part:
    """Members that went from the same certificate to the same one in one row."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for one in found.certificates:
        alike.setdefault(_certificate_cells(one), []).append(one.member)
    rows = tuple((", ".join(members), *cells) for cells, members in alike.items())
    header = ("MEMBER", "BEFORE: SUBJECT, SHA-256", "AFTER: SUBJECT, SHA-256", "ENDS", "STATE")
    kinds = ("names", "sha", "sha", "no-wrap", "state")
    caption = "proven: served on the wire, seen by the last step; loaded: its restart's gate held"
    title = f"Certificates of the {found.certificates_of}"
    return Part("certificates", title, tables=(Table(caption, header, rows, kinds),) if rows else ())


def _certificate_cells(one: CertificateChange) -> tuple[str, ...]:
    before = f"{one.before_subject}\n{one.before_sha256}".strip("\n") or "none seen"
    same = bool(one.before_sha256) and one.before_sha256 == one.after_sha256
    after = "the same" if same else f"{one.after_subject}\n{one.after_sha256}"
    return before, after, one.not_after[:10], one.state


def _gates(found: FullReport) -> Table:
    header = ("STEP", "STATE", "BEGUN", "TOOK", "EXPECTED (CONNECTED/DISCONNECTED)", "SEEN")
    kinds = ("names", "state", "no-wrap", "number", "wide", "wide")
    rows = tuple(_gate_cells(row, found.timeline) for row in found.gates)
    return Table("a step is done when its gate held", header, rows, kinds)


def _gate_cells(row: GateRow, of: Timeline) -> tuple[str, ...]:
    tries = f", {row.attempts} attempts" if row.attempts > 1 else ""
    took = (row.ended_at - row.begun_at).total_seconds() if row.begun_at and row.ended_at else None
    state = f"{row.state}{tries}"
    length = "" if took is None else seconds_text(took)
    return f"{row.what}\n{row.step}", state, _clock(row.begun_at, of), length, row.expected, row.seen


def _availability(found: FullReport) -> Iterable[str]:
    if found.availability is None:
        return ("nothing was sampled",)
    return (line.strip() for line in availability_lines(found.availability))


def _record(found: FullReport) -> Iterator[str]:
    yield from (line.strip() for line in verification_lines(found.run, found.verification))
    if found.verification.chain:
        yield f"noted elsewhere, the chain proves it later: {seal_command(found.run, found.verification.chain)}"


def _journal(found: FullReport) -> Table:
    header = ("LINE", "AT (UTC)", "EVENT", "STEP", "SEEN")
    kinds = ("number", "no-wrap", "state", "no-wrap", "wide")
    return Table("as it was written", header, tuple(_journal_cells(row) for row in found.journal), kinds)


def _journal_cells(row: JournalRow) -> tuple[str, ...]:
    facts = {} if row.event in _TOLD_ELSEWHERE else row.facts
    told = "; ".join(f"{key}={value}" for key, value in facts.items() if key != SUBJECTS_FACT)
    seen = "\n".join(filter(None, (row.seen, told)))
    return str(row.line), f"{row.at:%Y-%m-%d %H:%M:%S}", row.event, row.step, seen
