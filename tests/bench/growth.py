"""How the cost grows with the members: by simulation, in this process, without any node."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from tasks.core.course import Wish
from tasks.core.health import report
from tasks.core.journal import Entry, line_of
from tasks.core.observed import loaded_now
from tasks.core.plan import Plan
from tasks.core.plan_table import plan_table
from tasks.core.planning import plan_migration
from tasks.core.render import findings_lines, status_table
from tasks.core.snapshot import Snapshot
from tasks.core.step_kinds import StepKind
from tasks.effects.mirror import packed
from tests.bench.races import Course
from tests.bench.rows import Row
from tests.core.certs import BUILTIN_SET, NOW, SHARED
from tests.core.snapshots import cluster, healthy

MEMBERS = (5, 20, 60, 100, 200)
_COLUMNS = 160
_SEEN = "State 1 since 14 s, serves the planned certificate; all members as planned"
Found = TypeVar("Found")


def growth(course: Course) -> Iterator[Row]:
    """A migration from the built-in pair, bridged in two rounds, and a status, of so many single members."""
    for number in MEMBERS:
        names = tuple(f"gw-{i:03}" for i in range(number))
        snapshot = healthy(cluster(*names), runs=BUILTIN_SET)
        course.tell(f"growth, {number} members")
        plan, plan_s = _timed(lambda seen=snapshot, of=names: _plan(seen, of))  # type: ignore[misc]
        found, report_s = _timed(lambda seen=snapshot: report(seen))  # type: ignore[misc]
        restarts = sum(step.kind is StepKind.RESTART for step in plan.steps)
        screen = len(status_table(found, width=_COLUMNS).rows) + len(findings_lines(found.findings))
        yield Row("growth", "plan, seconds of CPU", number, plan_s)
        yield Row("growth", "plan, in the run's directory", number, _kb(plan.model_dump_json()), "KB")
        yield Row("growth", "plan, on each node, compressed", number, _kb(packed(plan)), "KB")
        yield Row("growth", "steps of it", number, len(plan.steps), "", note=f"{restarts} of them restarts")
        yield Row("growth", "journal", number, sum(_kb(line) for line in _journal(plan)), "KB")
        yield Row(
            "growth", "lines of the plan's table", number, len(plan_table(plan, width=_COLUMNS).rows), ""
        )
        yield Row("growth", "judging a status, seconds of CPU", number, report_s)
        yield Row("growth", "lines of a status", number, screen, "")
        yield Row(
            "growth",
            "questions of one look at a gate",
            number,
            number + 1,
            "",
            note="a REST request for each, one TLS handshake; at most every 0.2 s, and half of the time",
        )


def _plan(snapshot: Snapshot, names: tuple[str, ...]) -> Plan:
    return plan_migration(snapshot, dict.fromkeys(names, SHARED), old=loaded_now(snapshot), wish=Wish())


def _timed(work: Callable[[], Found]) -> tuple[Found, float]:
    began = time.process_time()
    found = work()
    return found, time.process_time() - began


def _journal(plan: Plan) -> Iterator[bytes]:
    """Two lines for each step, one more for each restart."""
    facts = {"node": "gw-000", "started_before": NOW.isoformat(), "asked_at": NOW.isoformat(), "queues": ""}
    for step in plan.steps:
        yield line_of(Entry(at=NOW, event="started", step=step.id))
        if step.kind is StepKind.RESTART:
            yield line_of(Entry(at=NOW, event="noted", step=step.id, facts=facts))
        yield line_of(Entry(at=NOW, event="done", step=step.id, seen=_SEEN))


def _kb(text: str | bytes) -> float:
    return len(text) / 1024
