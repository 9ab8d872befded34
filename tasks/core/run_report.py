"""One run, open or complete: what was planned, how far it came, what it cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from tasks.core.availability import Availability, Sample, measured
from tasks.core.availability_text import availability_lines, seconds_text
from tasks.core.journal import Entry, progress
from tasks.core.plan import Frozen, Plan

_ENDS = {"completed": "complete", "abandoned": "given up"}


class RunReport(Frozen):
    """What is known of a run; `ended_at` is None while it is open, `last_at` is its last journal line."""

    run: str
    state: str  # open | complete | given up
    task: str
    command: str
    cluster: str
    fingerprint: str
    strategy: str
    rounds: tuple[str, ...]  # what each does; empty where there is one only
    begun_at: datetime
    ended_at: datetime | None
    last_at: datetime
    steps: int
    steps_done: int
    availability: Availability | None  # None: nothing was sampled


def run_report(run: str, plan: Plan, entries: Sequence[Entry], samples: Sequence[Sample]) -> RunReport:
    """Put together what the run's directory holds.

    Args:
        entries: At least the first, "opened".
    """
    end = next((entry for entry in reversed(entries) if entry.event in _ENDS), None)
    left = progress(entries).remaining(plan)
    return RunReport(
        run=run,
        state=_ENDS[end.event] if end else "open",
        task=plan.task,
        command=plan.command or plan.task,
        cluster=plan.cluster,
        fingerprint=plan.fingerprint,
        strategy=plan.strategy,
        rounds=tuple(one.what for one in plan.rounds),
        begun_at=entries[0].at,
        ended_at=end.at if end else None,
        last_at=entries[-1].at,
        steps=len(plan.steps),
        steps_done=len(plan.steps) - len(left),
        availability=measured(samples) if samples else None,
    )


def report_lines(found: RunReport) -> Iterator[str]:
    """The report as text, a line each."""
    strategy = f", strategy {found.strategy}" if found.strategy else ""
    yield f"run {found.run} of {found.cluster}: {found.state}"
    yield f"  plan: {found.command}{strategy}, fingerprint {found.fingerprint}"
    for number, what in enumerate(found.rounds, start=1):
        yield f"  round {number}: {what}"
    yield f"  begun {_moment(found.begun_at)}, {_until(found)}"
    yield f"  steps: {found.steps_done} of {found.steps} done"
    if found.availability is None:
        yield "availability: nothing was sampled"
    else:
        yield from availability_lines(found.availability)
    if found.state == "open":
        yield f"  -> fab {found.task} --resume"


def _until(found: RunReport) -> str:
    if found.ended_at is None:
        return f"last heard of {_moment(found.last_at)}"
    took = seconds_text((found.ended_at - found.begun_at).total_seconds())
    return f"ended {_moment(found.ended_at)}, after {took}"


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
