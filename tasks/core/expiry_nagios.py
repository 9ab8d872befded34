"""`fab credentials.expiry --nagios`: a plugin's status line, perfdata, long output and exit code.

Source: the Monitoring Plugins Development Guidelines, "Plugin Output" and "Threshold and Ranges".
"""

from __future__ import annotations

from collections.abc import Iterator

from tasks.core.expiry import ExpiryReport, Row
from tasks.core.expiry_text import ending, severity
from tasks.core.plugin import UNKNOWN, WORDS, plain

_CODES = {0: 0, 1: UNKNOWN, 2: 1, 3: 2}  # by severity


def nagios_answer(report: ExpiryReport) -> tuple[str, int]:
    """The text and the exit code: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.

    The worst decides, and UNKNOWN is less than WARNING: a dead node must not hide an expired certificate.
    """
    ranked = sorted(report.rows, key=lambda row: -severity(row.state))  # of equals what ends first
    code = _CODES[severity(ranked[0].state)] if ranked else UNKNOWN
    head = plain(f"{WORDS[code]} - {_summary(report, ranked)}")
    perfdata = " ".join(_perfdata(report))
    long = [plain(f"{row.state}: {ending(row)}") for row in ranked if severity(row.state)]
    return "\n".join([f"{head} | {perfdata}" if perfdata else head, *long]), code


def _summary(report: ExpiryReport, ranked: list[Row]) -> str:
    if not ranked:
        return "nothing was found to judge"
    others = sum(1 for row in ranked if severity(row.state)) - 1
    more = f" (and {others} more)" if others > 0 else ""
    return f"{report.cluster}: {ending(ranked[0])}{more}"


def _perfdata(report: ExpiryReport) -> Iterator[str]:
    """Per place the fewest days left of its certificates, and of its lists."""
    least: dict[str, int] = {}
    for row in report.rows:
        if row.days_left is not None:
            label = f"{row.where} {row.source}{' crl' if row.kind == 'list' else ''} days"
            least[label] = min(row.days_left, least.get(label, row.days_left))
    for label in sorted(least):
        quoted = label.replace("'", "''").replace("=", "_")
        yield f"'{quoted}'={least[label]};{report.limits.warn}:;{report.limits.crit}:;;"
