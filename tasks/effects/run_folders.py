"""Where runs lie on this machine, and which is the newest; what is in one: `record.py`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tasks.core.journal_chain import ends_sealed

PLAN, JOURNAL = "plan.json", "journal.jsonl"


def run_folders(runs_dir: Path) -> Iterator[Path]:
    """The directories that have a plan and a journal, the newest first: they are named by when they began."""
    for plan in sorted(runs_dir.glob(f"*/{PLAN}"), reverse=True):
        if (plan.parent / JOURNAL).is_file():
            yield plan.parent


def nothing_open(runs_dir: Path) -> bool:
    """Whether there is no open run for sure: none at all, or the newest is over, by a journal that is sealed.

    False where its journal has to be read: `record.unfinished`, which comes with pydantic, and all that plans need.
    """
    newest = next(run_folders(runs_dir), None)
    return newest is None or ends_sealed((newest / JOURNAL).read_bytes())
