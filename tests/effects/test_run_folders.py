"""Whether a run is open, told without reading plans: the same as by reading them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tasks.core.journal import Entry
from tasks.effects.record import open_run, unfinished
from tasks.effects.run_folders import JOURNAL, PLAN, nothing_open, run_folders
from tests.core.statuses import NOON
from tests.effects.test_record import PLAN_A, PLAN_B


def test_where_nothing_ever_ran_nothing_is_open(tmp_path: Path) -> None:
    assert nothing_open(tmp_path / "runs")
    assert unfinished(tmp_path / "runs") is None


@pytest.mark.parametrize("event", ["completed", "abandoned"])
def test_the_newest_run_decides_and_only_its_journal_is_read(tmp_path: Path, event: str) -> None:
    open_run(tmp_path, PLAN_A, at=NOON)
    assert not nothing_open(tmp_path)
    newest = open_run(tmp_path, PLAN_B, at=NOON + timedelta(hours=1))
    assert not nothing_open(tmp_path)
    found = unfinished(tmp_path)
    assert found is not None
    assert found.id == newest.id
    newest.append(Entry(at=NOON, event=event))
    assert nothing_open(tmp_path)
    assert unfinished(tmp_path) is None
    assert next(run_folders(tmp_path)).name == newest.id


@pytest.mark.parametrize("name", [PLAN, JOURNAL])
def test_a_directory_that_is_no_run_is_passed_over(tmp_path: Path, name: str) -> None:
    run = open_run(tmp_path, PLAN_A, at=NOON)
    (tmp_path / "20991231T000000Z-000000-0000").mkdir()
    (tmp_path / "20991231T000000Z-000000-0000" / name).write_text("{}")
    assert [folder.name for folder in run_folders(tmp_path)] == [run.id]
    assert not nothing_open(tmp_path)


def test_a_journal_whose_seal_is_broken_is_read_after_all(tmp_path: Path) -> None:
    run = open_run(tmp_path, PLAN_A, at=NOON)
    run.append(Entry(at=NOON, event="completed"))
    path = run.directory / JOURNAL
    assert nothing_open(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"opened", b"OPENED"))
    assert not nothing_open(tmp_path)
