"""What a run cost, and how far it came: from its directory alone, no node is asked."""

from __future__ import annotations

from pathlib import Path

from tasks.core.availability import measured
from tasks.core.availability_text import availability_lines
from tasks.core.errors import UsageError
from tasks.core.json_text import json_text
from tasks.core.model import Cluster
from tasks.core.plan import Plan
from tasks.core.run_report import report_lines, run_report
from tasks.effects.console import say
from tasks.effects.record import RunRecord, runs
from tasks.effects.sampling import samples_of

_NAMED = 5


def show_run(cluster: Cluster, run: str, *, json_wanted: bool = False) -> None:
    """The run's plan, times, steps and availability.

    Args:
        run: Its id; "" for the newest.

    Raises:
        UsageError: There is no such run on this machine.
    """
    record = _found(cluster.runs_dir, run)
    made = run_report(record.id, record.plan, record.entries(), samples_of(record))
    if json_wanted:
        say(json_text(made), verbatim=True)
        return
    for line in report_lines(made):
        say(line)


def show_availability(cluster: Cluster, plan: Plan) -> None:
    """Who was away and who was apart in the newest run of this plan; nothing if that was not sampled."""
    newest = [one for one in runs(cluster.runs_dir) if one.plan.fingerprint == plan.fingerprint][-1:]
    for record in newest:
        if samples := samples_of(record):
            for line in availability_lines(measured(samples)):
                say(line)


def _found(runs_dir: Path, run: str) -> RunRecord:
    known = [record for record in runs(runs_dir) if record.entries()]
    chosen = [record for record in known if record.id == run] if run else known[-1:]
    if chosen:
        return chosen[0]
    if not known:
        raise UsageError(
            f"there is no run in {runs_dir}", remedy="fab status; fab migrate-cluster starts one"
        )
    raise UsageError(
        f"there is no run {run} in {runs_dir}",
        remedy=f"fab runs.report shows the newest; there are {_newest(known)}",
    )


def _newest(known: list[RunRecord]) -> str:
    left = len(known) - _NAMED
    return ", ".join(one.id for one in known[: -_NAMED - 1 : -1]) + (
        f" and {left} older ones" if left > 0 else ""
    )
