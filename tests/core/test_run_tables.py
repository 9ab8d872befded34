"""Runs as tables: a row per run, the steps of one with their times, and what is left of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tasks.core.backups import State, backups_of
from tasks.core.journal import Entry
from tasks.core.run_tables import none_left, run_rows, runs_table, step_rows, steps_table, traces_table
from tests.core.plans import plan_of
from tests.core.snapshots import THREE, healthy
from tests.core.statuses import NOON
from tests.core.test_backups import NOW, known, run_id, trace

PLAN = plan_of(healthy(THREE))
FIRST, SECOND = PLAN.steps[:2]


def entry(event: str, step: str = "", *, second: int = 0) -> Entry:
    return Entry(at=NOON + timedelta(seconds=second), event=event, step=step)


def test_every_run_has_a_row_whether_it_is_known_here_or_by_what_it_left() -> None:
    runs = {run.id: run for run in (known(9), known(3, State.OPEN))}
    found = backups_of([trace(run_id(9)), trace(run_id(9), node="gw-b"), trace(run_id(6))], runs)
    table = runs_table(run_rows(runs, found), cluster="production", now=NOW)
    assert table.rows == (
        (run_id(9), "migrate-cluster", "9 d", "complete", "2 nodes"),
        (run_id(6), "?", "6 d", "not known here", "gw-a"),
        (run_id(3), "migrate-cluster", "3 d", "open", "-"),
    )


def test_a_long_task_is_broken_at_its_dot_so_that_a_row_fits_80_columns() -> None:
    run = replace(known(9), command="cluster.require-certificates true")
    ((_, task, *_),) = runs_table(run_rows({run.id: run}, ()), cluster="c", now=NOW).rows
    assert task == "cluster.\nrequire-certificates true"


def test_a_step_has_the_times_of_its_first_start_and_its_last_end() -> None:
    entries = [
        entry("opened"),
        entry("started", FIRST.id, second=1),
        entry("failed", FIRST.id, second=2),
        entry("started", FIRST.id, second=50),
        entry("done", FIRST.id, second=61),
        entry("started", SECOND.id, second=62),
    ]
    table = steps_table(step_rows(PLAN, entries))
    assert table.rows[:3] == (
        (FIRST.id, "done", "11-22 12:00:01", "1 m 0 s"),
        (SECOND.id, "begun", "11-22 12:01:02", "-"),
        (PLAN.steps[2].id, "to do", "-", "-"),
    )


def test_a_plan_that_was_made_anew_has_its_own_times_alone() -> None:
    entries = [entry("started", FIRST.id), entry("done", FIRST.id), entry("replanned")]
    assert {row.state for row in step_rows(PLAN, entries)} == {"to do"}
    assert step_rows(PLAN, entries[:2])[0].state == "done"


def test_what_is_left_is_told_with_its_place_and_where_nothing_is_that() -> None:
    one = trace(run_id(9))
    table = traces_table([one], {one: "/data/.fab-tls/x in container c"})
    assert table.rows == (
        ("gw-a", "/data/.fab-tls/x in container c", "backup (2 files, a key among them), plan.json"),
    )
    assert list(none_left([one], ["gw-a", "gw-b"])) == ["nothing of it on gw-b"]
    assert list(none_left([one], ["gw-a"])) == []
