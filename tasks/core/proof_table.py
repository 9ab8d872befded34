"""The proof at the end of a run: what was promised, and what the wire shows."""

from __future__ import annotations

from tasks.core.file_names import ABSENT, CERT_FILE
from tasks.core.health import NO_FILE, PROVEN_STANDBY, StatusReport
from tasks.core.plan import Plan
from tasks.core.text_table import TextTable


def _proof_of_standby(plan: Plan, member: str) -> str:
    """What is to be seen of a standby, which serves nothing: its files, or that there are none."""
    files = plan.targets[member].files
    return NO_FILE if files and files.get(CERT_FILE) == ABSENT else PROVEN_STANDBY


def proof_table(report: StatusReport, plan: Plan) -> TextTable:
    """Per node, what was promised and what the wire shows now."""
    rows = []
    moved = {r.member for r in report.rows if r.certificate_sha256 == plan.targets[r.member].leaf_sha256}
    for row in report.rows:
        served = row.certificate or row.on_disk or "?"
        proven = bool(row.certificate_sha256) or row.on_disk == _proof_of_standby(plan, row.member)
        new = proven and row.member in moved
        counts = f"{row.connected}/{row.disconnected}" if row.connected is not None else "-"
        rows.append((row.node, row.role, plan.before[row.node][:8], served, "yes" if new else "NO", counts))
    return TextTable(
        f"{report.cluster}: proof", ("NODE", "ROLE", "BEFORE", "SERVES NOW", "NEW", "C/D"), tuple(rows)
    )
