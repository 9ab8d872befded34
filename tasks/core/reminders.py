"""What `fab status` reminds of: former files, keys among them, that lie on the nodes still."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tasks.core.findings import Finding, Severity
from tasks.core.run_ids import run_begun
from tasks.core.snapshot import NodeFiles, Snapshot
from tasks.core.spans import DEFAULT_AGE

FINDING = "backups"
RECOVERIES = "recover-"  # how the work directories of `fab recover` begin


def age(since: datetime, now: datetime) -> str:
    """ "45 d", or below two days "30 h"."""
    hours = max(0, int((now - since).total_seconds() // 3600))
    return f"{hours // 24} d" if hours >= 48 else f"{hours} h"


def reminders(snapshot: Snapshot, *, open_run: str = "") -> Iterator[Finding]:
    """Per node, that backups lie there.

    Args:
        open_run: Its files are needed, and nobody is reminded of them.
    """
    for name, seen in snapshot.nodes.items():
        entries = seen.files.work_entries if isinstance(seen.files, NodeFiles) else ()
        ids = {entry.rpartition("/")[2] for entry in entries} - {open_run}
        begun = [at for id in ids if (at := run_begun(id)) is not None]
        number = len(begun) + sum(id.startswith(RECOVERIES) for id in ids)
        if number:
            oldest = f"; the oldest began {age(min(begun), snapshot.taken_at)} ago" if begun else ""
            who = f"{number} runs have" if number > 1 else "1 run has"
            text = f"{who} kept former files here, and keys where there were any{oldest}"
            remedy = f"fab runs.list; fab runs.clean --older-than {DEFAULT_AGE} asks, then wipes them"
            yield Finding(FINDING, Severity.INFO, name, text, remedy)
