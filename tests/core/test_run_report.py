"""The report of a run: from its plan, its journal and its samples alone."""

from __future__ import annotations

import json
from datetime import timedelta

from tasks.core.availability import Sample
from tasks.core.journal import Entry
from tasks.core.plan import PlanRound
from tasks.core.run_report import RunReport, report_lines, run_report
from tests.core.plans import plan_of
from tests.core.snapshots import THREE, healthy
from tests.core.statuses import NOON

PLAN = plan_of(healthy(THREE)).model_copy(update={"command": "migrate-cluster"})
FIRST = PLAN.steps[0].id
APART: dict[str, tuple[str, ...]] = {"gw-a": ("gw-b",), "gw-b": ("gw-a",)}


def _entry(second: float, event: str, step: str = "") -> Entry:
    return Entry(at=NOON + timedelta(seconds=second), event=event, step=step)


OPENED = (
    _entry(0, "opened"),
    _entry(1, "started", FIRST),
    _entry(2, "done", FIRST),
    _entry(3, "interrupted"),
)


def _reported(*more: Entry, samples: int = 0) -> RunReport:
    taken = [Sample(at=NOON + timedelta(seconds=each), settled=APART) for each in range(samples)]
    return run_report("RUN-1", PLAN, (*OPENED, *more), taken)


def test_an_open_run_says_how_far_it_came_and_how_it_goes_on() -> None:
    assert list(report_lines(_reported())) == [
        "run RUN-1 of production: open",
        f"  plan: migrate-cluster, strategy prescribed, fingerprint {PLAN.fingerprint}",
        "  begun 2026-11-22 12:00:00 UTC, last heard of 2026-11-22 12:00:03 UTC",
        f"  steps: 1 of {len(PLAN.steps)} done",
        "availability: nothing was sampled",
        "  -> fab migrate-cluster --resume",
    ]


def test_a_complete_run_ends_with_who_was_apart() -> None:
    steps = (_entry(4, "done", step.id) for step in PLAN.steps)
    lines = list(report_lines(_reported(*steps, _entry(102, "completed"), samples=23)))
    assert lines[0] == "run RUN-1 of production: complete"
    assert lines[2].endswith("ended 2026-11-22 12:01:42 UTC, after 1 m 42 s")
    assert lines[3] == f"  steps: {len(PLAN.steps)} of {len(PLAN.steps)} done"
    assert lines[4:] == [
        "availability: 23 samples over 22 s, longest gap 1.0 s",
        "  away: none",
        "  apart: gw-a x gw-b 22 s",
    ]


def test_a_run_given_up_is_neither_open_nor_complete() -> None:
    found = _reported(_entry(5, "abandoned"))
    assert (found.state, found.steps_done) == ("given up", 1)
    assert not any("--resume" in line for line in report_lines(found))


def test_rounds_are_numbered() -> None:
    rounds = tuple(PlanRound(what=what, targets={}, accepts={}, moving=()) for what in ("CA files", "leafs"))
    found = run_report("RUN-1", PLAN.model_copy(update={"rounds": rounds}), OPENED, ())
    assert [line for line in report_lines(found) if "round" in line] == [
        "  round 1: CA files",
        "  round 2: leafs",
    ]


def test_as_json_times_are_iso_8601_and_pairs_are_listed() -> None:
    found = json.loads(_reported(samples=3).model_dump_json())
    assert (found["begun_at"], found["ended_at"], found["state"]) == ("2026-11-22T12:00:00Z", None, "open")
    assert found["availability"]["apart"] == [{"members": ["gw-a", "gw-b"], "seconds": 2.0}]
