"""What `fab doctor` found: one row per check, with a remedy where something is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from itertools import groupby

from tasks.core.dataclass import dataclass
from tasks.core.text_table import TextTable

_MOST_NAMED = 2  # of what is alike and well; more are counted


class Verdict(StrEnum):
    OK = "ok"
    NOTE = "note"  # worth knowing; nothing has to be done
    WRONG = "WRONG"
    NOT_RUN = "not run"  # another row says what it waits for


@dataclass(frozen=True, slots=True)
class Row:
    """One check of one thing.

    Args:
        check: What was looked at: "Python", "known_hosts", "clock".
        on: The node, server, package, file or cluster; "" for this machine.
        seen: What was seen, and what was wanted where that is another. No secrets.
        remedy: The command or change that mends it; "" where nothing is to be done.
    """

    check: str
    on: str
    verdict: Verdict
    seen: str
    remedy: str = ""


def well(check: str, on: str, seen: str) -> Row:
    return Row(check, on, Verdict.OK, seen)


def wrong(check: str, on: str, seen: str, *, remedy: str) -> Row:
    return Row(check, on, Verdict.WRONG, seen, remedy)


def noted(check: str, on: str, seen: str, *, remedy: str = "") -> Row:
    return Row(check, on, Verdict.NOTE, seen, remedy)


def not_run(check: str, on: str, waits_for: str, *, remedy: str = "") -> Row:
    return Row(check, on, Verdict.NOT_RUN, waits_for, remedy)


def wrongs(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(row for row in rows if row.verdict is Verdict.WRONG)


def folded(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Rows in a row that differ only in what they are about, as one."""
    found = []
    for _, alike in groupby(rows, key=lambda row: (row.check, row.verdict, row.seen, row.remedy)):
        same = tuple(alike)
        first = same[0]
        found.append(Row(first.check, together([row.on for row in same]), *_rest(first)))
    return tuple(found)


def together(names: list[str]) -> str:
    """One name or two as they are; of more the first, and how many."""
    return ", ".join(names) if len(names) <= _MOST_NAMED else f"{names[0]} and {len(names) - 1} more"


def _rest(row: Row) -> tuple[Verdict, str, str]:
    return row.verdict, row.seen, row.remedy


def doctor_table(rows: Iterable[Row], *, at: datetime) -> TextTable:
    """One line per row, its remedy below it."""
    lines = [
        (
            row.verdict.value,
            row.check,
            row.on or "here",
            f"{row.seen}\n-> {row.remedy}" if row.remedy else row.seen,
        )
        for row in folded(rows)
    ]
    return TextTable(f"doctor at {at:%Y-%m-%d %H:%M:%S} UTC", ("", "CHECK", "ON", "SEEN"), tuple(lines))


@dataclass(frozen=True, slots=True)
class DoctorReport:
    """For a machine: one entry per check, nothing is put together."""

    at: datetime
    ok: bool
    checks: tuple[Row, ...]


def doctor_report(rows: tuple[Row, ...], *, at: datetime) -> DoctorReport:
    return DoctorReport(at=at, ok=not wrongs(rows), checks=rows)


def closing_line(rows: tuple[Row, ...]) -> str:
    """When nothing is wrong."""
    waiting = sum(row.verdict is Verdict.NOT_RUN for row in rows)
    left = f", {waiting} could not be run: see above" if waiting else ""
    return f"doctor: nothing is wrong{left} -> fab status"
