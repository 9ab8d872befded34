"""Backups on the nodes in words: what would be wiped, what stays and why."""

from __future__ import annotations

from datetime import datetime

from tasks.core.backups import Backup, Choice
from tasks.core.reminders import age
from tasks.core.text_table import TextTable


def choice_table(choice: Choice, *, cluster: str, now: datetime) -> TextTable:
    """What goes, what stays and why, oldest first."""
    rows = [
        *(_row(backup, "is wiped", now=now) for backup in choice.goes),
        *(_row(backup, f"stays: {why}", now=now) for backup, why in choice.stays),
    ]
    title = f"{cluster}: former files that runs have kept on the nodes"
    return TextTable(title, ("RUN", "STATE", "AGE", "ON", "KEYS", ""), tuple(rows))


def _row(backup: Backup, what: str, *, now: datetime) -> tuple[str, ...]:
    keys = "yes" if any(trace.holds_key for trace in backup.traces) else "no"
    on = nodes_words(backup.nodes)
    return (backup.id, backup.run.state, age(backup.run.since, now), on, keys, what)


def nodes_words(names: tuple[str, ...]) -> str:
    """One by its name, several by their number."""
    return f"{len(names)} nodes" if len(names) > 1 else "".join(names)
