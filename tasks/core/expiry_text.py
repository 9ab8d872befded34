"""`fab credentials.expiry` on a screen: each certificate named once, wherever it was seen, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from tasks.core.expiry import BAD, ExpiryReport, Row, State
from tasks.core.file_names import CLUSTER, HA
from tasks.core.held import HERE, Source
from tasks.core.revocation import T12
from tasks.core.text_table import NARROW, TextTable, printable

HEADER = ("WHERE", "SOURCE", "FILE", "SUBJECT", "ENDS", "DAYS", "STATE")
_KNOWN = tuple(name for names in (CLUSTER, HA) for name in (names.cert, names.ca, names.crl))
_COMMON_NAME = re.compile(r"(?:^|(?<!\\)[,+])CN=((?:[^\\,+]|\\.)*)")
_ESCAPED = re.compile(r"\\([^0-9A-Fa-f])")
_SOURCES = tuple(source.value for source in Source)


def expiry_table(report: ExpiryReport, *, width: int) -> TextTable:
    """What ends first comes first; the same certificate at several places is named once, in its first row.

    Below 100 columns subjects are cut to their common name and files to their name without ".pem".
    """
    nodes = tuple(node.node for node in report.nodes)
    rows = tuple(row for group in _groups(report.rows) for row in _rows(group, nodes, wide=width >= NARROW))
    title = f"{report.cluster} at {report.at:%Y-%m-%d %H:%M:%S} UTC: certificates and revocation lists"
    return TextTable(title, HEADER, rows)


def _groups(rows: Iterable[Row]) -> tuple[tuple[Row, ...], ...]:
    """One and the same certificate in one state, in the order of the rows; each unknown for itself."""
    found: dict[tuple[str, State], list[Row]] = {}
    for number, row in enumerate(rows):
        found.setdefault((row.sha256 or f"unknown {number}", row.state), []).append(row)
    return tuple(tuple(group) for group in found.values())


def _rows(group: Sequence[Row], nodes: Sequence[str], *, wide: bool) -> Iterator[tuple[str, ...]]:
    """A row per source and file, with the places that hold it; what is the same as above is left out."""
    about, above = _about(group, wide=wide), ("", "")
    for (source, file), places in _places(group, wide=wide).items():
        place = (_where(places, nodes), source or "?")
        said = place if place != above else ("", "")
        yield (*said, file or "?", *about)
        about, above = ("",) * len(about), place


def _places(group: Sequence[Row], *, wide: bool) -> dict[tuple[str, str], list[str]]:
    """Served first, then on disk, then here."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in sorted(group, key=lambda row: _SOURCES.index(row.source) if row.source else 0):
        found.setdefault((row.source, _plain(row.file, wide=wide)), []).append(row.where)
    return found


def _about(group: Sequence[Row], *, wide: bool) -> tuple[str, ...]:
    first = group[0]
    days = min((row.days_left for row in group if row.days_left is not None), default="?")
    return (
        printable(first.subject if wide else short_name(first.subject)) or "?",
        f"{first.ends:%Y-%m-%d}" if first.ends else ("?" if first.state is State.UNKNOWN else "never"),
        str(days),
        first.state.value,
    )


def _where(places: Sequence[str], nodes: Sequence[str]) -> str:
    """ "all nodes" where it is on all of several."""
    on = [node for node in nodes if node in places]
    if len(on) == len(nodes) > 1:
        return "all nodes"
    return ", ".join(on) or HERE


def _plain(file: str, *, wide: bool) -> str:
    """A set's file by its own name, whatever folder it is in."""
    known = next((name for name in _KNOWN if PurePosixPath(file).match(name)), file)
    return known if wide else known.removesuffix(".pem")


def short_name(subject: str) -> str:
    """The common name of an RFC 4514 text; the whole text where it has none."""
    found = _COMMON_NAME.search(subject)
    return _ESCAPED.sub(r"\1", found[1]) if found else subject


def expiry_lines(report: ExpiryReport) -> Iterator[str]:
    """What could not be seen, what serves nothing, and the verdict last."""
    for row in report.unknown:
        yield f"UNKNOWN: [{row.where}] {row.problem}"
        yield f"  -> {row.remedy}"
    silent = [node.node for node in report.nodes if node.up and not node.serves]
    if silent:
        yield f"{', '.join(silent)}: standby, or in no cluster: serves nothing; its files are what can be seen"
    if any(row.kind == "list" for row in report.rows):
        yield f"from its end on a revocation list keeps every member apart; and {T12}"
    yield verdict(report)


def verdict(report: ExpiryReport) -> str:
    """One line: how many of each state, and what ends first."""
    counts = {state: sum(1 for row in report.rows if row.state is state) for state in State}
    said = [f"{count} {state}" for state, count in counts.items() if count and state is not State.OK]
    dated = [row for row in report.rows if row.days_left is not None]
    first = f"; first to end: {ending(dated[0])}" if dated else ""
    if not report.rows:
        return "nothing was found that ends: no certificate served, on disk or here"
    if not said:
        return f"good: nothing ends within {report.limits.warn} days{first}"
    limits = f"warning below {_days(report.limits.warn)}, critical below {_days(report.limits.crit)}"
    return f"{', '.join(said)} of {len(report.rows)} ({limits}){first}"


def ending(row: Row) -> str:
    """ "gw-a served port 9104 (CN=gw-a): ends in 3 days, on 2026-11-25"."""
    source = row.source if row.where != HERE else ""
    place = " ".join(text for text in (row.where, source, row.file) if text)
    if row.state is State.UNKNOWN:
        return f"{place}: {row.problem}"
    return f"{place} ({printable(row.subject)}): {_when(row)}"


def _when(row: Row) -> str:
    if row.state is State.NOT_YET and row.begins:
        return f"not valid before {row.begins:%Y-%m-%d}"
    if row.ends is None or row.days_left is None:
        return "does not end"
    if row.state is State.EXPIRED:
        return f"EXPIRED on {row.ends:%Y-%m-%d}"
    return f"ends in {_days(row.days_left)}, on {row.ends:%Y-%m-%d}"


def _days(number: int) -> str:
    return f"{number} day" if number == 1 else f"{number} days"


def worst(rows: Iterable[Row]) -> Row | None:
    """The row to name first: expired or critical, then a warning, then what is unknown."""
    ranked = sorted(rows, key=lambda row: severity(row.state))
    return ranked[-1] if ranked and severity(ranked[-1].state) else None


def severity(state: State) -> int:
    """0 good, 1 unknown, 2 warning, 3 critical."""
    if state in BAD:
        return 3
    return {State.OK: 0, State.UNKNOWN: 1, State.WARNING: 2}[state]
