"""The run directory: plan, journal and samples of one migration, 0700, fsynced.

runs/<cluster>/<run>/plan.json       the plan, the operator, the options
runs/<cluster>/<run>/journal.jsonl   what happened
runs/<cluster>/<run>/availability.jsonl   who was there meanwhile: see effects/sampling.py
runs/<cluster>/plans/<fingerprint>.json   every plan that was shown
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tasks.core.errors import Locked, UsageError
from tasks.core.journal import Entry, Progress, progress, read_journal
from tasks.core.plan import Plan

PLAN, JOURNAL = "plan.json", "journal.jsonl"


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run on disk."""

    id: str
    directory: Path
    plan: Plan

    def append(self, entry: Entry) -> None:
        """Write one line, after what is whole, and wait until it is on the disk."""
        _drop_torn_line(self.directory / JOURNAL)
        line = entry.model_dump_json(exclude_defaults=True) + "\n"
        with open(self.directory / JOURNAL, "ab", opener=_private) as journal:
            journal.write(line.encode())
            journal.flush()
            os.fsync(journal.fileno())

    def entries(self) -> tuple[Entry, ...]:
        return read_journal((self.directory / JOURNAL).read_text(encoding="utf-8", errors="replace"))

    def progress(self) -> Progress:
        return progress(self.entries())


@contextmanager
def held(record: RunRecord) -> Iterator[None]:
    """While the block runs, no other process of this machine works on the run; ends with the process.

    Raises:
        Locked: Another one does.
    """
    with open(record.directory / JOURNAL, "ab", opener=_private) as journal:
        try:
            fcntl.flock(journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Locked(
                f"run {record.id} is being worked on by another process of this machine",
                remedy="wait for it, or stop it with Ctrl-C where it runs; fab status shows the cluster",
            ) from error
        yield


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def open_run(runs_dir: Path, plan: Plan, *, at: datetime) -> RunRecord:
    """Make the directory of a new run. Its id is its own: the lock knows a run by nothing else."""
    run_id = f"{at:%Y%m%dT%H%M%SZ}-{plan.fingerprint[:6]}-{secrets.token_hex(2)}"
    directory = runs_dir / run_id
    _make_private(runs_dir)
    _make_private(directory)
    record = RunRecord(run_id, directory, plan)
    _write(directory / PLAN, plan)
    record.append(Entry(at=at, event="opened", seen=f"plan {plan.fingerprint}"))
    return record


def _make_private(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    directory.chmod(0o700)


def _write(path: Path, plan: Plan) -> None:
    with open(path.with_suffix(".part"), "w", encoding="utf-8", opener=_private) as part:
        part.write(plan.model_dump_json(indent=2) + "\n")
        part.flush()
        os.fsync(part.fileno())
    path.with_suffix(".part").rename(path)


def keep_plan(runs_dir: Path, plan: Plan) -> Path:
    """Remember a plan that was shown, so that `--approve` can say what has changed since."""
    directory = runs_dir / "plans"
    _make_private(runs_dir)
    _make_private(directory)
    path = directory / f"{plan.fingerprint}.json"
    _write(path, plan)
    return path


def kept_plan(runs_dir: Path, fingerprint: str) -> Plan | None:
    """The plan of that fingerprint, if it was shown on this machine."""
    if not re.fullmatch("[0-9a-f]{12}", fingerprint):
        return None
    plan = _read(runs_dir / "plans" / f"{fingerprint}.json")
    return plan if plan is not None and plan.fingerprint == fingerprint else None


def runs(runs_dir: Path) -> tuple[RunRecord, ...]:
    """All runs of the cluster, oldest first; directories without a whole plan are passed over."""
    found = []
    for path in sorted(runs_dir.glob(f"*/{PLAN}")):
        if (plan := _read(path)) is not None and (path.parent / JOURNAL).is_file():
            found.append(RunRecord(path.parent.name, path.parent, plan))
    return tuple(found)


def unfinished(runs_dir: Path) -> RunRecord | None:
    """The newest run, if it is not complete."""
    newest = runs(runs_dir)[-1:]
    return next((run for run in newest if not run.progress().completed), None)


def resumable(runs_dir: Path) -> RunRecord:
    """The run that --resume goes on with.

    Raises:
        UsageError: There is none.
    """
    run = unfinished(runs_dir)
    if run is None:
        raise UsageError(
            f"no interrupted run in {runs_dir}", remedy="fab status; fab migrate-cluster starts one"
        )
    return run


def _read(path: Path) -> Plan | None:
    try:
        return Plan.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # no file, no text, no plan
        return None


def _drop_torn_line(path: Path) -> None:
    """A crash may have cut the last line short: what it said did not happen."""
    content = path.read_bytes() if path.exists() else b""
    if content and not content.endswith(b"\n"):
        with open(path, "r+b") as journal:
            journal.truncate(content.rfind(b"\n") + 1)
