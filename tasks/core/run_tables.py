"""Runs as tables: all of them, the steps of one, and what is left of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from tasks.core.backup_text import nodes_words
from tasks.core.backups import Backup, KnownRun
from tasks.core.journal import Entry
from tasks.core.plan import Frozen, Plan
from tasks.core.reminders import age
from tasks.core.text_table import TextTable, duration
from tasks.core.traces import Trace

_WIDE_TASK = 20  # longer names of tasks are broken at their dot, so that the id of a run never is


class RunRow(Frozen):
    """One run, known here or by what it left on a node."""

    run: str
    task: str
    begun_at: datetime
    ended_at: datetime | None
    state: str
    backups: tuple[str, ...]  # the nodes on which it has left something


class StepRow(Frozen):
    """One step of a run; without times where it was not begun."""

    step: str
    state: str  # done | begun | to do
    begun_at: datetime | None
    ended_at: datetime | None


def run_rows(known: Mapping[str, KnownRun], found: Iterable[Backup]) -> tuple[RunRow, ...]:
    """Every run, oldest first."""
    by_id = {backup.id: backup for backup in found}
    runs = {**known, **{id: backup.run for id, backup in by_id.items() if id not in known}}
    rows = (
        RunRow(
            run=run.id,
            task=run.command,
            begun_at=run.begun_at,
            ended_at=run.ended_at,
            state=run.state,
            backups=by_id[run.id].nodes if run.id in by_id else (),
        )
        for run in runs.values()
    )
    return tuple(sorted(rows, key=lambda row: (row.begun_at, row.run)))


def runs_table(rows: Iterable[RunRow], *, cluster: str, now: datetime) -> TextTable:
    """A row per run; "-" where nothing of it lies on a node."""
    cells = tuple(
        (
            row.run,
            _broken(row.task) or "?",
            age(row.begun_at, now),
            row.state,
            nodes_words(row.backups) or "-",
        )
        for row in rows
    )
    return TextTable(f"{cluster}: runs", ("RUN", "TASK", "AGE", "STATE", "BACKUPS"), cells)


def _broken(task: str) -> str:
    return task.replace(".", ".\n", 1) if len(task) > _WIDE_TASK else task


def step_rows(plan: Plan, entries: Sequence[Entry]) -> tuple[StepRow, ...]:
    """The steps of the plan in force, by what the journal says since it was made."""
    planned = [number for number, entry in enumerate(entries) if entry.event == "replanned"]
    since = entries[planned[-1] + 1 :] if planned else entries
    return tuple(_step(step.id, since) for step in plan.steps)


def _step(id: str, entries: Iterable[Entry]) -> StepRow:
    times: dict[str, list[datetime]] = {"started": [], "done": []}
    for entry in entries:
        if entry.step == id and entry.event in times:
            times[entry.event].append(entry.at)
    begun, done = times["started"][:1], times["done"][-1:]
    state = "done" if done else "begun" if begun else "to do"
    return StepRow(step=id, state=state, begun_at=next(iter(begun), None), ended_at=next(iter(done), None))


def steps_table(rows: Iterable[StepRow]) -> TextTable:
    """When each step began (UTC), and how long it took, attempts and pauses between them included."""
    cells = tuple((row.step, row.state, _clock(row.begun_at), _took(row)) for row in rows)
    return TextTable("steps", ("STEP", "STATE", "BEGUN", "TOOK"), cells)


def _clock(at: datetime | None) -> str:
    return f"{at:%m-%d %H:%M:%S}" if at else "-"


def _took(row: StepRow) -> str:
    if row.begun_at is None or row.ended_at is None:
        return "-"
    return duration((row.ended_at - row.begun_at).total_seconds())


def traces_table(traces: Iterable[Trace], places: Mapping[Trace, str]) -> TextTable:
    """What lies on the nodes, and where an operator finds it."""
    cells = tuple((trace.node, places[trace], trace.words) for trace in traces)
    return TextTable("on the nodes", ("NODE", "WHERE", "WHAT"), cells)


def none_left(traces: Sequence[Trace], nodes: Sequence[str]) -> Iterator[str]:
    """The nodes that were looked at and hold nothing of it."""
    clean = [name for name in nodes if name not in {trace.node for trace in traces}]
    if clean:
        yield f"nothing of it on {', '.join(clean)}"
