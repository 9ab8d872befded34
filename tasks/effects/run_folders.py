"""Where runs lie on this machine, and which is the newest; what is in one: `record.py`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

PLAN, JOURNAL = "plan.json", "journal.jsonl"


def run_folders(runs_dir: Path) -> Iterator[Path]:
    """The directories that have a plan and a journal, the newest first: they are named by when they began."""
    for plan in sorted(runs_dir.glob(f"*/{PLAN}"), reverse=True):
        if (plan.parent / JOURNAL).is_file():
            yield plan.parent


def any_run(runs_dir: Path) -> bool:
    return next(run_folders(runs_dir), None) is not None
