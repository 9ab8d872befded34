"""The run directory: plan, journal and samples of one migration, 0700, fsynced.

runs/<cluster>/<run>/plan.json       the plan that it began with
runs/<cluster>/<run>/plan-<fingerprint>.json  one that was made on the way, from what the nodes showed
runs/<cluster>/<run>/journal.jsonl   what happened
runs/<cluster>/<run>/availability.jsonl   who was there meanwhile: see effects/sampling.py
runs/<cluster>/plans/<fingerprint>.json   every plan that was shown
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from tasks.core.dataclass import dataclass
from tasks.core.errors import Locked, RecordLost, UsageError
from tasks.core.journal import Entry, line_of, progress, read_journal
from tasks.core.journal_chain import chain_after, chained
from tasks.core.plan import Plan
from tasks.core.progress import Progress
from tasks.core.run_ids import RUN_ID
from tasks.effects.run_folders import JOURNAL, PLAN, run_folders

DAMAGED = ".damaged"  # the journal's, in the place of its ending
_NO_FACTS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run on disk."""

    id: str
    directory: Path
    plan: Plan  # the one in force

    @property
    def first_plan(self) -> Plan:
        """The one that it began with: what it says of before is what a rollback goes back to."""
        return _read(self.directory / PLAN) or self.plan

    @property
    def is_rebuilt(self) -> bool:
        """Whether it came from the nodes, and was not yet planned anew from what they show."""
        events = [entry.event for entry in self.entries()]
        return "rebuilt" in events and "replanned" not in events

    def replanned(self, plan: Plan, *, at: datetime, why: str) -> RunRecord:
        """The run with another plan for what is left; every step of it is still to be done."""
        _write(self.directory / _later(plan.fingerprint), plan)
        self.append(Entry(at=at, event="replanned", seen=why, facts={"plan": plan.fingerprint}))
        return replace(self, plan=plan)

    def append(self, entry: Entry) -> None:
        """Write one line, chained to what is whole before it, and wait until it is on the disk.

        Raises:
            RecordLost: It could not be written: what cannot be noted is not done.
        """
        try:
            whole = _set_aside_what_is_not_whole(self.directory / JOURNAL)
            with open(self.directory / JOURNAL, "ab", opener=_private) as journal:
                journal.write(chained(line_of(entry), after=chain_after(whole)) + b"\n")
                journal.flush()
                os.fsync(journal.fileno())
        except OSError as error:
            raise RecordLost(
                f"the journal of run {self.id} cannot be written ({error.strerror}): {self.directory}",
                remedy=f"make room or give the directory back; without it: fab {self.plan.task} --resume finds out "
                "from the nodes where the run stands",
            ) from error

    @property
    def seal(self) -> str:
        """The newest chain value: noted elsewhere, it proves all that is in the journal now."""
        return chain_after((self.directory / JOURNAL).read_bytes()).decode()

    def entries(self) -> tuple[Entry, ...]:
        return read_journal(_text((self.directory / JOURNAL).read_bytes()))

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


def open_run(runs_dir: Path, plan: Plan, *, at: datetime, facts: Mapping[str, str] = _NO_FACTS) -> RunRecord:
    """Make the directory of a new run. Its id is its own: the lock knows a run by nothing else.

    Args:
        facts: What the first line tells beside the plan; see core/run_facts.py.
    """
    run_id = f"{at:%Y%m%dT%H%M%SZ}-{plan.fingerprint[:6]}-{secrets.token_hex(2)}"
    directory = runs_dir / run_id
    _make_private(runs_dir)
    _make_private(directory)
    record = RunRecord(run_id, directory, plan)
    _write(directory / PLAN, plan)
    named = {**facts, "plan": plan.fingerprint}
    record.append(Entry(at=at, event="opened", seen=f"plan {plan.fingerprint}", facts=named))
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


def rebuilt(runs_dir: Path, run_id: str, plan: Plan, *, at: datetime, source: str) -> RunRecord:
    """The directory of a run that began elsewhere, or whose own was lost; its journal tells of no step.

    Raises:
        UsageError: No run of ours has such an id.
    """
    if not RUN_ID.fullmatch(run_id):
        raise UsageError(f"{run_id!r} is no id of a run", remedy="fab status names the open run")
    directory = runs_dir / run_id
    _make_private(runs_dir)
    _make_private(directory)
    record = RunRecord(run_id, directory, plan)
    _write(directory / PLAN, plan)
    facts = {"plan": plan.fingerprint}
    record.append(Entry(at=at, event="rebuilt", seen=f"plan {plan.fingerprint}, from {source}", facts=facts))
    return record


def _later(fingerprint: str) -> str:
    return f"plan-{fingerprint}.json"


def _in_force(directory: Path, first: Plan) -> Plan | None:
    """The plan that the journal names last."""
    record = RunRecord(directory.name, directory, first)
    made = [entry.facts.get("plan", "") for entry in record.entries() if entry.event == "replanned"]
    return _read(directory / _later(made[-1])) if made else first


def runs(runs_dir: Path) -> tuple[RunRecord, ...]:
    """All runs of the cluster, oldest first; directories without a whole plan are passed over."""
    return tuple(_newest_first(runs_dir))[::-1]


def _newest_first(runs_dir: Path) -> Iterator[RunRecord]:
    for folder in run_folders(runs_dir):
        first = _read(folder / PLAN)
        if first is not None and (plan := _in_force(folder, first)) is not None:
            yield RunRecord(folder.name, folder, plan)


def fingerprints(directory: Path) -> dict[str, str]:
    """By file name, the plans that lie in a run's directory; "" for one that is not whole."""
    found = {path.name: _read(path) for path in sorted(directory.glob("plan*.json"))}
    return {name: plan.fingerprint if plan else "" for name, plan in found.items()}


def unfinished(runs_dir: Path) -> RunRecord | None:
    """The newest run, if it is not complete; older ones are not read."""
    newest = next(_newest_first(runs_dir), None)
    return newest if newest is not None and not newest.progress().completed else None


def _read(path: Path) -> Plan | None:
    try:
        return Plan.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # no file, no text, no plan
        return None


def _text(content: bytes) -> str:
    """Where bytes are no UTF-8 their line is not whole."""
    return content.decode("utf-8", "surrogateescape")


def _set_aside_what_is_not_whole(path: Path) -> bytes:
    """A crash may have cut the last line short: what it said did not happen.

    Whole lines behind one that is not are not read: what is added behind them would not be, either. They are
    kept in a file of their own.

    Returns:
        What is left: whole lines.
    """
    content = path.read_bytes() if path.exists() else b""
    lines = content.split(b"\n")
    whole = sum(len(line) + 1 for line in lines[: len(read_journal(_text(content)))])
    if whole == len(content):
        return content
    if b"\n" in content[whole:]:
        with open(path.with_suffix(DAMAGED), "ab", opener=_private) as aside:
            aside.write(content[whole:])
    with open(path, "r+b") as journal:
        journal.truncate(whole)
    return content[:whole]
