"""`fab status --nagios`: a plugin's status line, perfdata, long output and exit code.

CRITICAL is what `fab status` calls not healthy. WARNING is a healthy cluster that somebody should see to: a warning
among the findings, the built-in certificate, an open run, a lock. Reminders of kept backups are long output only.

Source: the Monitoring Plugins Development Guidelines, "Plugin Output" and "Performance data".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tasks.core.findings import Finding, Severity
from tasks.core.health import StatusReport
from tasks.core.plugin import plain
from tasks.core.status import PRODUCTION, STANDBY

OK, WARNING, CRITICAL = 0, 1, 2
_WORDS = {OK: "OK", WARNING: "WARNING", CRITICAL: "CRITICAL"}
_RANKS = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


def status_answer(found: StatusReport, open_ends: Sequence[str]) -> tuple[str, int]:
    """The text and the exit code.

    Args:
        open_ends: What is said of an open run and of locks, a line each.
    """
    ranked = sorted(found.findings, key=lambda finding: _RANKS[finding.severity])
    code = _code(found, open_ends)
    reasons = [_words(one) for one in ranked if one.severity is not Severity.INFO] + list(open_ends)
    why = f"; {reasons[0]}" if reasons else ""
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    head = plain(f"{_WORDS[code]} - {found.cluster}: {found.verdict}{why}{more}")
    long = [*(f"{one.severity.upper()}: {_words(one)}" for one in ranked), *open_ends]
    return "\n".join([f"{head} | {' '.join(_perfdata(found))}", *map(plain, long)]), code


def _code(found: StatusReport, open_ends: Sequence[str]) -> int:
    if not found.healthy:
        return CRITICAL
    warned = any(finding.severity is not Severity.INFO for finding in found.findings)
    return WARNING if warned or open_ends or any(row.builtin for row in found.rows) else OK


def _words(finding: Finding) -> str:
    return f"[{finding.where}] {finding.problem}" if finding.where else finding.problem


def _perfdata(found: StatusReport) -> Iterator[str]:
    members = {row.member for row in found.rows}
    others = len(members) - 1
    whole = {row.member for row in found.rows if row.connected is not None and row.connected >= others}
    up = sum(row.state in (PRODUCTION, STANDBY) for row in found.rows)
    yield f"members_connected={len(whole)};;{len(members)}:;0;{len(members)}"
    yield f"nodes_up={up};;{len(found.rows)}:;0;{len(found.rows)}"
    days = [row.days_left for row in found.rows if row.days_left is not None]
    if days:
        yield f"first_expiry_days={min(days)};;;;"
    for severity in (Severity.ERROR, Severity.WARNING):
        yield f"{severity}s={sum(finding.severity is severity for finding in found.findings)};;;0;"
