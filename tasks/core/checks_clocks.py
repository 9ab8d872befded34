"""Checks of the nodes' clocks: every node judges certificates by its own."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.core.findings import Finding, Severity
from tasks.core.snapshot import NodeFiles, Snapshot

CLOCKS_APART_S = 60.0


def clocks_apart(snapshot: Snapshot) -> Iterator[Finding]:
    """Clocks that are not this machine's."""
    for name, seen in snapshot.nodes.items():
        if not isinstance(seen.files, NodeFiles) or abs(seen.files.clock_offset_s) <= CLOCKS_APART_S:
            continue
        offset_s = seen.files.clock_offset_s
        yield Finding(
            "clock",
            Severity.WARNING,
            name,
            f"its clock is {abs(offset_s):.0f} s {'ahead of' if offset_s > 0 else 'behind'} this machine's",
            "set the clock (chrony, ntpd) before certificates are judged by it",
        )
