"""`fab status --watch` as data: what changed from one look to the next, and how it is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from datetime import datetime

from tasks.core.dataclass import dataclass
from tasks.core.findings import Severity
from tasks.core.fitting import fitting
from tasks.core.health import StatusReport, StatusRow
from tasks.core.render import findings_lines, status_table
from tasks.core.snapshot import Unseen
from tasks.core.text_table import TextTable, duration, printable

MARK = "*"  # behind what has changed
NO_ANSWER = "no answer"
_ANSWER = "CLUSTER"  # where it is marked that a node answers, or no more
_KEPT = 12  # changes that are still shown below the table
_FINDINGS = 4
_JITTER_S = 2  # uptimes are whole seconds


@dataclass(frozen=True, slots=True)
class Change:
    """One thing of one node; a row that is new or gone is none: the inventory does not change."""

    at: datetime
    node: str
    column: str  # of `status_table`
    before: str
    after: str

    def __str__(self) -> str:
        return f"[{self.node}] {self.column} {self.before} -> {self.after}"


def no_answer(seconds: float) -> Unseen:
    """Of a node whose look hangs."""
    return Unseen(
        f"{NO_ANSWER} for {duration(seconds)}", "fab status says what hangs, once its limits have passed"
    )


def changes(before: StatusReport, now: StatusReport) -> tuple[Change, ...]:
    """What the second look shows otherwise, node by node. That time goes by is no change."""
    old = {row.node: row for row in before.rows}
    return tuple(
        Change(now.at, row.node, column, printable(was), printable(became))
        for row in now.rows
        if row.node in old
        for column, was, became in _differences(old[row.node], row)
    )


def _differences(old: StatusRow, new: StatusRow) -> Iterator[tuple[str, str, str]]:
    if (old.state is None) != (new.state is None):
        yield _ANSWER, _answers(old), _answers(new)
        return
    if new.state is None:
        return
    if _is_restarted(old, new):
        yield "UP", duration(old.uptime_s), f"{duration(new.uptime_s)} (restarted)"
    for column, was, became in (
        ("ROLE", old.role, new.role),
        ("STATE", str(old.state), str(new.state)),
        ("CLUSTER", old.cluster, new.cluster),
        ("C/D", _counts(old), _counts(new)),
        ("SYNC", old.sync, new.sync),
        ("CERTIFICATE", old.certificate, new.certificate),
        ("ON DISK", old.on_disk, new.on_disk),
        ("VERSION", old.version, new.version),
    ):
        if was != became:
            yield column, was or "-", became or "-"


def _answers(row: StatusRow) -> str:
    return NO_ANSWER if row.state is None else f"State {row.state}, {row.cluster} {_counts(row)}"


def _counts(row: StatusRow) -> str:
    return "-" if row.connected is None else f"{row.connected}/{row.disconnected}"


def _is_restarted(old: StatusRow, new: StatusRow) -> bool:
    """A server that is seen less often than it restarts is not noticed."""
    if old.uptime_s is None or new.uptime_s is None:
        return False
    return new.uptime_s + _JITTER_S < old.uptime_s


@dataclass(frozen=True, slots=True)
class Watched:
    """What has been seen so far.

    Args:
        report: The last look.
        changed: By it.
        recent: The newest changes, the last one last.
        silent_s: By node that does not answer, seconds since it did, or since nobody has seen it.
        notes: An open run, locks.
    """

    report: StatusReport
    changed: tuple[Change, ...] = ()
    recent: tuple[Change, ...] = ()
    silent_s: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def watched(
    before: Watched | None,
    report: StatusReport,
    *,
    silent_s: Mapping[str, float],
    notes: Sequence[str] = (),
) -> Watched:
    """After one more look."""
    found = changes(before.report, report) if before else ()
    recent = (*(before.recent if before else ()), *found)[-_KEPT:]
    return Watched(report, found, recent, silent_s, tuple(notes))


def block(before: Watched | None, now: Watched) -> tuple[str, ...]:
    """For a pipe: the time, then what changed, line by line, and the verdict; nothing if nothing changed."""
    verdict = before is None or before.report.verdict != now.report.verdict
    if not now.changed and not verdict:
        return ()
    lines = (str(change) for change in now.changed)
    return (
        f"{now.report.at:%Y-%m-%d %H:%M:%S} UTC",
        *(f"  {line}" for line in lines),
        f"  {now.report.verdict}",
    )


@dataclass(frozen=True, slots=True)
class WatchView:
    """What is drawn, from top to bottom. Cells that end in MARK have changed."""

    table: TextTable
    lines: tuple[str, ...]


def watch_view(now: Watched, *, width: int, height: int, every_s: float) -> WatchView:
    """The view in so many columns and lines; where they are too few, the rows that matter most."""
    report = now.report
    newest = sorted(now.recent, key=lambda change: change.at, reverse=True)
    below = [report.verdict, *now.notes, *_findings(report)]
    below += [f"{change.at:%H:%M:%S} {change}" for change in newest]
    foot = f"every {every_s:g} s; {MARK} has changed since the look before; Ctrl-C ends"
    room = max(height - 3 - min(len(report.rows), height // 2), 1)  # title, header, foot
    lines = tuple(printable(line) for line in below[:room])
    fit = fitting([(row.member, _rank(now, row)) for row in report.rows], height - 3 - len(lines))
    table = _marked(now, width=width)
    rows = tuple(cells for number, cells in enumerate(table.rows) if number in fit)
    more = _more([row for number, row in enumerate(report.rows) if number not in fit])
    return WatchView(TextTable(table.title, table.header, rows), (*more, *lines, foot))


def _more(hidden: Sequence[StatusRow]) -> tuple[str, ...]:
    silent = sum(row.state is None for row in hidden)
    text = f"and {len(hidden)} more node{'s' * (len(hidden) > 1)}, unchanged"
    return (f"{text}, {silent} of them without an answer" if silent else text,) if hidden else ()


def _findings(report: StatusReport) -> tuple[str, ...]:
    """Without their remedies: the last table and `fab check` have those."""
    problems = findings_lines(f for f in report.findings if f.severity is not Severity.INFO)[::2]
    left = len(problems) - _FINDINGS
    return (*problems[:_FINDINGS], *((f"and {left} more findings: fab check",) if left > 0 else ()))


def _rank(now: Watched, row: StatusRow) -> int:
    if any(change.node == row.node for change in now.changed):
        return 0
    if row.state is None:
        return 1
    return 2 if any(change.node == row.node for change in now.recent) else 3


def _marked(now: Watched, *, width: int) -> TextTable:
    table = status_table(now.report, width=width)
    serves = "SERVES" if "SERVES" in table.header else "CERTIFICATE"
    changed = {(c.node, serves if c.column == "CERTIFICATE" else c.column) for c in now.changed}
    rows = []
    for cells, row in zip(table.rows, now.report.rows, strict=True):
        told = list(cells)
        if row.node in now.silent_s:
            told[table.header.index("CLUSTER")] = f"{NO_ANSWER} for {duration(now.silent_s[row.node])}"
        rows.append(
            tuple(
                f"{c}{MARK}" if (row.node, h) in changed else c
                for h, c in zip(table.header, told, strict=True)
            )
        )
    return TextTable(table.title, table.header, tuple(rows))
