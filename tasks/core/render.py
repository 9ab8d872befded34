"""Tables and texts as data: which columns, which words. `effects/console.py` draws them."""

from __future__ import annotations

from collections.abc import Iterable

from tasks.core.findings import Finding, Severity
from tasks.core.health import StatusReport, StatusRow
from tasks.core.text_table import NARROW, TextTable, duration, printable
from tasks.core.versions import NAMES, parse_version


def status_table(report: StatusReport, *, width: int) -> TextTable:
    """One row per node; below 100 columns version, uptime and the digits of a built-in are left out."""
    wide = width >= NARROW
    header = ["NODE", "ROLE", "STATE", "CLUSTER", "C/D", "SYNC", "CERTIFICATE", "DAYS", "ON DISK"]
    if wide:
        header += ["UP", "VERSION"]
    else:
        header[6] = "SERVES"
    rows = []
    for row in report.rows:
        cells = _status_cells(row, builtin=f"{row.certificate} BUILT-IN" if wide else "BUILT-IN")
        rows.append((*cells, duration(row.uptime_s), row.version.split(" ")[0]) if wide else cells)
    title = f"{report.cluster} at {report.at:%Y-%m-%d %H:%M:%S} UTC"
    return TextTable(title, tuple(header), tuple(rows))


def _status_cells(row: StatusRow, *, builtin: str) -> tuple[str, ...]:
    certificate = builtin if row.builtin else row.certificate
    days = "" if row.days_left is None else str(row.days_left)
    if row.state is None:
        return (row.node, "?", "?", "no answer", "", "", certificate, days, row.on_disk)
    counts = f"{row.connected}/{row.disconnected}" if row.connected is not None else "-"
    return (
        row.node,
        row.role,
        str(row.state),
        row.cluster,
        counts,
        row.sync or "-",
        certificate or "-",
        days,
        row.on_disk or "-",
    )


def versions_line(report: StatusReport) -> str:
    """Which versions run where, in one line; the products, too, where they are not all of one."""
    by_version: dict[str, list[str]] = {}
    for row in report.rows:
        if row.version:
            by_version.setdefault(row.version, []).append(row.node)
    if not by_version:
        return "no version known: no node answers"
    if len(by_version) == 1:
        return f"version {next(iter(by_version))} on all nodes that answer"
    kinds = {version: parse_version(version).product for version in by_version}
    mixed = len(set(kinds.values())) > 1
    named = {v: f"{v} ({NAMES[kind]})" if mixed and kind else v for v, kind in kinds.items()}
    return "versions: " + "; ".join(f"{named[v]} on {', '.join(nodes)}" for v, nodes in by_version.items())


def findings_lines(findings: Iterable[Finding], *, ignored: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Errors first; the same on several nodes once; ignored ones stay visible and are marked."""
    order = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
    alike: dict[tuple[Severity, str, str, str], list[str]] = {}
    for f in sorted(findings, key=lambda f: order[f.severity]):
        told = f"{f.problem} = {f.outcome}" if f.outcome else f.problem
        alike.setdefault((f.severity, f.name, told, f.remedy), []).append(f.where)
    lines = []
    for (severity, name, problem, remedy), wheres in alike.items():
        mark = " (ignored)" if name in ignored else ""
        places = ", ".join(dict.fromkeys(where for where in wheres if where))
        where = f"[{places}] " if places else ""
        lines += [f"{severity.value.upper()}{mark} {name}: {where}{printable(problem)}", f"  -> {remedy}"]
    return tuple(lines)
