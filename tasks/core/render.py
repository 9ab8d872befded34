"""Tables and texts as data: which columns, which words. `effects/console.py` draws them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tasks.core.findings import Finding, Severity
from tasks.core.health import StatusReport, StatusRow
from tasks.core.plan import Plan, Step, StepKind

NARROW = 100  # columns below which the less important ones are left out


@dataclass(frozen=True, slots=True)
class TextTable:
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def duration(seconds: float | None) -> str:
    """At most two units: "2 d 3 h", "14 m 2 s", "9 s"."""
    if seconds is None:
        return ""
    left = int(seconds)
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if left >= size:
            parts.append(f"{left // size} {unit}")
            left %= size
    return " ".join([*parts, f"{left} s"][:2])


def status_table(report: StatusReport, *, width: int) -> TextTable:
    """One row per node; below 100 columns version and uptime are left out."""
    header = ["NODE", "ROLE", "STATE", "CLUSTER", "C/D", "SYNC", "CERTIFICATE", "DAYS", "ON DISK"]
    wide = width >= NARROW
    if wide:
        header += ["UP", "VERSION"]
    rows = []
    for row in report.rows:
        cells = _status_cells(row)
        rows.append((*cells, duration(row.uptime_s), row.version.split(" ")[0]) if wide else cells)
    title = f"{report.cluster} at {report.at:%Y-%m-%d %H:%M:%S} UTC"
    return TextTable(title, tuple(header), tuple(rows))


def _status_cells(row: StatusRow) -> tuple[str, ...]:
    if row.state is None:
        return (row.node, "?", "?", "no answer", "", "", row.certificate, "", row.on_disk)
    counts = f"{row.connected}/{row.disconnected}" if row.connected is not None else "-"
    certificate = f"{row.certificate} BUILT-IN" if row.builtin else row.certificate or "-"
    days = "" if row.days_left is None else str(row.days_left)
    return (
        row.node,
        row.role,
        str(row.state),
        row.cluster,
        counts,
        row.sync or "-",
        certificate,
        days,
        row.on_disk or "-",
    )


def versions_line(report: StatusReport) -> str:
    """Which versions run where, in one line."""
    by_version: dict[str, list[str]] = {}
    for row in report.rows:
        if row.version:
            by_version.setdefault(row.version, []).append(row.node)
    if len(by_version) == 1:
        return f"version {next(iter(by_version))} on all nodes that answer"
    return "versions: " + "; ".join(f"{version} on {', '.join(n)}" for version, n in by_version.items())


def findings_lines(findings: Iterable[Finding], *, ignored: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Errors first; the same on several nodes once; ignored ones stay visible and are marked."""
    order = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
    places: dict[tuple[Severity, str, str, str], list[str]] = {}
    for f in sorted(findings, key=lambda f: order[f.severity]):
        places.setdefault((f.severity, f.name, f.problem, f.remedy), []).append(f.where)
    lines = []
    for (severity, name, problem, remedy), wheres in places.items():
        mark = " (ignored)" if name in ignored else ""
        where = f"[{', '.join(wheres)}] " if any(wheres) else ""
        lines += [f"{severity.value.upper()}{mark} {name}: {where}{problem}", f"  -> {remedy}"]
    return tuple(lines)


def plan_table(plan: Plan) -> TextTable:
    """Every step, and what each member shows after it: connected/disconnected."""
    members = tuple(plan.baseline)
    start = ("", "now", *(str(plan.baseline[m]) for m in members))
    rows = [start]
    for number, step in enumerate(plan.steps, 1):
        rows.append((str(number), step_text(plan, step), *(str(step.expected[m]) for m in members)))
    return TextTable(
        f"{plan.cluster}: {plan.strategy}, observer {plan.observer}", ("#", "STEP", *members), tuple(rows)
    )


def step_text(plan: Plan, step: Step) -> str:
    match step.kind:
        case StepKind.PLACE:
            return f"place on {step.target}"
        case StepKind.SWAP:
            return f"swap in {step.target}"
        case StepKind.RESTART_STANDBY:
            return f"restart standby of {step.target}, sync"
        case StepKind.RESTART:
            who = f"primary of {step.target}" if step.target in plan.pairs else step.target
            return f"restart {who}" + (" (observer)" if step.target == plan.observer else "")
        case StepKind.PROVE:
            return "prove all"


def proof_table(report: StatusReport, plan: Plan) -> TextTable:
    """Per node, what was promised and what the wire shows now."""
    rows = []
    for row in report.rows:
        wanted = plan.targets[row.member].leaf_sha256
        served = row.certificate or row.on_disk or "?"
        new = row.certificate_sha256 == wanted or row.on_disk == "by files and start time"
        counts = f"{row.connected}/{row.disconnected}" if row.connected is not None else "-"
        rows.append((row.node, row.role, plan.before[row.node][:8], served, "yes" if new else "NO", counts))
    return TextTable(
        f"{report.cluster}: proof", ("NODE", "ROLE", "BEFORE", "SERVES NOW", "NEW", "C/D"), tuple(rows)
    )
