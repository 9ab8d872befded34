"""`fab credentials.expiry --prometheus`: the textfile collector's format.

Source: Prometheus, "Exposition formats", text-based format.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tasks.core.dataclass import dataclass
from tasks.core.expiry import ExpiryReport, Row
from tasks.core.held import HERE

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Gauge:
    """One metric: its name, its help, and a value for each set of labels."""

    name: str
    help: str
    values: Mapping[Labels, float]

    def lines(self) -> Iterator[str]:
        """Nothing at all where there is no value."""
        if self.values:
            yield f"# HELP {self.name} {self.help}"
            yield f"# TYPE {self.name} gauge"
        for labels in sorted(self.values):
            said = ",".join(f'{key}="{_escaped(value)}"' for key, value in labels)
            yield f"{self.name}{{{said}}} {self.values[labels]:.0f}"


def prometheus_text(report: ExpiryReport) -> str:
    """Every metric in a stable order; times in seconds since the epoch."""
    return "".join(f"{line}\n" for gauge in _gauges(report) for line in gauge.lines())


def _gauges(report: ExpiryReport) -> Iterator[Gauge]:
    cluster = ("cluster", report.cluster)
    unread = {(cluster, *_place(row)): 1.0 for row in report.rows if row.kind == "unreadable"}
    up: dict[Labels, float] = {(cluster, ("node", node.node)): float(node.up) for node in report.nodes}
    up[cluster, ("node", HERE)] = float(not any(r.where == HERE and r.kind == "unseen" for r in report.rows))
    yield _certificates(report)
    yield _lists(report)
    yield Gauge(
        "amlen_tls_file_unreadable",
        "1 for a file that cannot be read, or holds something unreadable.",
        unread,
    )
    yield Gauge("amlen_tls_node_up", "1 if the files of the node and what it serves could be seen.", up)
    yield Gauge(
        "amlen_tls_expiry_scrape_timestamp_seconds",
        "When the nodes were looked at.",
        {(cluster,): report.at.timestamp()},
    )


def _certificates(report: ExpiryReport) -> Gauge:
    values = {
        (("cluster", report.cluster), *_place(row), ("subject", row.subject), ("sha256", row.sha256)): at
        for row, at in _dated(report, "certificate")
    }
    return Gauge("amlen_tls_certificate_not_after_seconds", "When the certificate ends (notAfter).", values)


def _lists(report: ExpiryReport) -> Gauge:
    """Of several lists in one file the first to end is kept: their labels are the same."""
    values = {
        (("cluster", report.cluster), *_place(row), ("issuer", row.subject)): at
        for row, at in _dated(report, "list")
    }
    text = "When the certificate revocation list ends (nextUpdate)."
    return Gauge("amlen_tls_crl_next_update_seconds", text, values)


def _dated(report: ExpiryReport, kind: str) -> Iterator[tuple[Row, float]]:
    """With their ends, the last to end first."""
    for row in reversed(report.rows):
        if row.kind == kind and row.ends is not None:
            yield row, row.ends.timestamp()


def _place(row: Row) -> Labels:
    return ("node", row.where), ("source", row.source), ("file", row.file)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
