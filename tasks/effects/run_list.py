"""`fab runs.list` and `fab runs.show`: every run, and all that one has left, here and on the nodes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tasks.core.backups import backups_of, others_of
from tasks.core.dataclass import dataclass
from tasks.core.errors import RemoteError, UsageError
from tasks.core.json_text import json_text
from tasks.core.nearest import one_of
from tasks.core.run_report import report_lines, run_report
from tasks.core.run_tables import (
    RunRow,
    StepRow,
    none_left,
    run_rows,
    runs_table,
    step_rows,
    steps_table,
    traces_table,
)
from tasks.core.traces import LOCK, Trace
from tasks.effects.console import say, show_table, tell
from tasks.effects.file_access import shown
from tasks.effects.record import RunRecord
from tasks.effects.sampling import samples_of
from tasks.effects.site import Site
from tasks.effects.traces import Sight, known_runs, look_for_traces, records_of


@dataclass(frozen=True, slots=True)
class Overview:
    """Every run, oldest first, and what no run has left."""

    records: tuple[RunRecord, ...]
    sight: Sight
    rows: tuple[RunRow, ...]
    others: tuple[Trace, ...]


@dataclass(frozen=True, slots=True)
class ShownRuns:
    """What `fab runs.list --json` shows: `others` are no run's."""

    runs: tuple[RunRow, ...]
    others: tuple[Trace, ...]


@dataclass(frozen=True, slots=True)
class ShownRun:
    """What `fab runs.show --json` shows; `directory` is None where nothing is known of it on this machine."""

    run: str
    directory: Path | None
    files: tuple[str, ...]
    steps: tuple[StepRow, ...]
    on_nodes: tuple[Trace, ...]


def _overview(site: Site) -> Overview:
    records = records_of(site.cluster.runs_dir)
    sight = look_for_traces(site, records)
    known = known_runs(site, sight)
    found = backups_of(sight.traces, known)
    others = others_of(sight.traces, found, locked=sight.holders)
    return Overview(records, sight, run_rows(known, found), others)


def list_runs(site: Site, *, json_wanted: bool) -> None:
    """Every run that is known here or has left something on a node, oldest first.

    Raises:
        RemoteError: A node was not reached; what the others hold is shown.
    """
    seen = _overview(site)
    if json_wanted:
        say(json_text(ShownRuns(seen.rows, seen.others)), verbatim=True)
    else:
        _show_list(site, seen)
    _require_all(seen.sight)


def _show_list(site: Site, seen: Overview) -> None:
    if seen.rows:
        show_table(runs_table(seen.rows, cluster=site.cluster.key, now=site.clock.now()))
    else:
        say(f"no run is known in {site.cluster.runs_dir}, and none has left anything on a node")
    for trace in seen.others:
        where = shown(site.cluster.node(trace.node), trace.path)
        say(f"[{trace.node}] {where}: {trace.words}; no run's: look at it, remove it if it is not needed")


def show_all_of(site: Site, run: str, *, json_wanted: bool) -> None:
    """A run's report, its steps with times, its files here, and everything of it that lies on the nodes.

    Args:
        run: Its id; "" for the newest.

    Raises:
        UsageError: There is no such run, neither here nor on a node.
        RemoteError: A node was not reached; what the others hold is shown.
    """
    seen = _overview(site)
    chosen = [row.run for row in seen.rows if run in ("", row.run)][-1:]
    if not chosen:
        known = [row.run for row in reversed(seen.rows)]
        raise UsageError(f"there is no run {run or 'yet'}", remedy=f"fab runs.list; {one_of(run, known)}")
    record = next((each for each in seen.records if each.id == chosen[0]), None)
    traces = tuple(trace for trace in seen.sight.traces if _is_of(trace, chosen[0], seen.sight))
    if json_wanted:
        say(json_text(_data(chosen[0], record, traces)), verbatim=True)
    else:
        _show(site, chosen[0], record, traces, seen.sight)
    _require_all(seen.sight)


def _is_of(trace: Trace, run: str, sight: Sight) -> bool:
    """Its own directory, what a recovery of that name put aside, or the lock while it holds it."""
    if trace.name == LOCK:
        holder = sight.holders.get(trace.node)
        return holder is not None and holder.run == run
    return trace.name == run or any(part.name == run for part in trace.parts)


def _show(site: Site, run: str, record: RunRecord | None, traces: tuple[Trace, ...], sight: Sight) -> None:
    if record is None:
        say(f"run {run}: nothing is known of it on this machine")
    else:
        entries = record.entries()
        for line in report_lines(run_report(run, record.plan, entries, samples_of(record))):
            say(line)
        show_table(steps_table(step_rows(record.plan, entries)))
        say(f"here: {record.directory} ({', '.join(_files(record))})")
    if traces:
        places = {trace: shown(site.cluster.node(trace.node), trace.path) for trace in traces}
        show_table(traces_table(traces, places))
    for line in none_left(traces, tuple(sight.nodes)):
        say(line)
    for name, holder in sight.holders.items():
        if holder.run == run:
            say(f"[{name}] the lock is held by {holder}")


def _files(record: RunRecord) -> Iterator[str]:
    yield from sorted(path.name for path in record.directory.iterdir())


def _data(run: str, record: RunRecord | None, traces: tuple[Trace, ...]) -> ShownRun:
    return ShownRun(
        run=run,
        directory=record.directory if record else None,
        files=tuple(_files(record)) if record else (),
        steps=step_rows(record.plan, record.entries()) if record else (),
        on_nodes=traces,
    )


def _require_all(sight: Sight) -> None:
    for error in sight.unreached.values():
        tell(str(error))
    if sight.unreached:
        raise RemoteError(
            f"{', '.join(sight.unreached)}: not reached, what lies there is not known",
            remedy="fab status; then the same command again",
        )
