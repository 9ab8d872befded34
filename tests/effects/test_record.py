"""The run directory: private, append only, readable after a crash; nothing else is taken for a run."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tasks.core.errors import Locked
from tasks.core.journal import Entry
from tasks.core.plan import Counts, Plan, Step
from tasks.core.step_kinds import StepKind
from tasks.effects.record import held, keep_plan, kept_plan, open_run, runs, unfinished
from tasks.effects.run_folders import JOURNAL, PLAN
from tests.core.statuses import NOON

STEPS = tuple(
    Step(kind=kind, target="gw-a", expected={"gw-a": Counts(connected=0, disconnected=0)})
    for kind in (StepKind.PLACE, StepKind.SWAP)
)
PLAN_A = Plan(
    cluster="production",
    cluster_name="Größe",
    strategy="prescribed",
    why="asked for",
    observer="gw-a",
    steps=STEPS,
    targets={},
    before={"gw-a": "00" * 32},
    edits={},
    baseline={},
    pairs=(),
    addresses={"gw-a": ("10.0.1.4", 9104)},
)
PLAN_B = PLAN_A.model_copy(update={"strategy": "renew"})


@pytest.fixture
def runs_dir(tmp_path: Path) -> Path:
    return tmp_path / "runs" / "production"


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=["open umask", "usual umask", "closed umask"])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def entry(event: str, step: str = "") -> Entry:
    return Entry(at=NOON, event=event, step=step)


@pytest.mark.usefixtures("umask")
def test_directories_are_0700_and_files_0600_whatever_the_umask(runs_dir: Path) -> None:
    record = open_run(runs_dir, PLAN_A, at=NOON)
    kept = keep_plan(runs_dir, PLAN_A)
    record.append(entry("started", "place:gw-a"))
    assert {mode(path) for path in (runs_dir, record.directory, kept.parent)} == {0o700}
    assert {mode(path) for path in (record.directory / PLAN, record.directory / JOURNAL, kept)} == {0o600}
    assert not list(runs_dir.rglob("*.part"))


def test_a_run_is_read_back_with_its_plan_and_progress(runs_dir: Path) -> None:
    record = open_run(runs_dir, PLAN_A, at=NOON)
    record.append(entry("started", STEPS[0].id))
    record.append(entry("done", STEPS[0].id))
    (found,) = runs(runs_dir)
    assert found == record
    assert [one.event for one in found.entries()] == ["opened", "started", "done"]
    assert found.progress().remaining(found.plan) == STEPS[1:]


def test_two_runs_of_the_same_second_and_plan_are_two_runs(runs_dir: Path) -> None:
    first, second = (open_run(runs_dir, PLAN_A, at=NOON) for _ in range(2))
    assert first.id != second.id
    first.append(entry("abandoned"))
    assert not second.progress().completed


def test_a_torn_last_line_did_not_happen_and_the_next_is_on_its_own(runs_dir: Path) -> None:
    record = open_run(runs_dir, PLAN_A, at=NOON)
    with (record.directory / JOURNAL).open("a") as journal:
        journal.write('{"at":"2026-11-22T12:00:00Z","event":"done","st')
    assert [one.event for one in record.entries()] == ["opened"]
    record.append(entry("started", STEPS[0].id))
    assert [one.event for one in record.entries()] == ["opened", "started"]


def test_looking_at_a_run_does_not_cut_what_another_process_is_writing(runs_dir: Path) -> None:
    record = open_run(runs_dir, PLAN_A, at=NOON)
    with (record.directory / JOURNAL).open("a") as journal:
        journal.write('{"at":"2026-')
    before = (record.directory / JOURNAL).read_bytes()
    assert unfinished(runs_dir) == record
    assert (record.directory / JOURNAL).read_bytes() == before


def test_a_plan_is_kept_and_read_back_by_its_fingerprint(runs_dir: Path) -> None:
    keep_plan(runs_dir, PLAN_A)
    keep_plan(runs_dir, PLAN_A)
    assert kept_plan(runs_dir, PLAN_A.fingerprint) == PLAN_A
    assert kept_plan(runs_dir, PLAN_B.fingerprint) is None


def test_a_fingerprint_is_never_a_path(runs_dir: Path) -> None:
    record = open_run(runs_dir, PLAN_A, at=NOON)
    kept = keep_plan(runs_dir, PLAN_A)
    (runs_dir / "x.json").write_bytes(kept.read_bytes())
    for text in (
        "../x",
        f"../{record.id}/plan",
        str(runs_dir / "x"),
        "",
        ".",
        f"./{PLAN_A.fingerprint}",
        "x\0y",
    ):
        assert kept_plan(runs_dir, text) is None
    assert kept_plan(runs_dir, PLAN_A.fingerprint) == PLAN_A


def test_a_kept_plan_that_was_changed_is_no_longer_that_plan(runs_dir: Path) -> None:
    path = keep_plan(runs_dir, PLAN_A)
    path.write_text(path.read_text().replace('"prescribed"', '"renew"'))
    assert kept_plan(runs_dir, PLAN_A.fingerprint) is None


def test_the_newest_run_is_unfinished_until_it_is_completed_or_abandoned(runs_dir: Path) -> None:
    assert unfinished(runs_dir) is None
    for number, end in enumerate(("completed", "abandoned")):
        record = open_run(runs_dir, PLAN_A, at=NOON + timedelta(seconds=number))
        record.append(entry("failed", STEPS[0].id))
        assert unfinished(runs_dir) == record
        record.append(entry(end))
        assert unfinished(runs_dir) is None


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"\xff\xfe\0", b"[1]", b'{"cluster":"x"'],
    ids=["empty", "{}", "bytes", "list", "torn"],
)
def test_garbage_is_passed_over(runs_dir: Path, content: bytes) -> None:
    record = open_run(runs_dir, PLAN_A, at=NOON)
    garbage = runs_dir / "99999999T000000Z-ffffff"
    garbage.mkdir()
    (garbage / PLAN).write_bytes(content)
    (garbage / JOURNAL).write_bytes(content)
    (runs_dir / "a file").write_bytes(content)
    keep_plan(runs_dir, PLAN_B)
    assert runs(runs_dir) == (record,)
    assert unfinished(runs_dir) == record


def test_a_directory_without_a_journal_is_no_run(runs_dir: Path) -> None:
    record = open_run(runs_dir, PLAN_A, at=NOON)
    assert runs(runs_dir) == (record,)
    (record.directory / JOURNAL).unlink()
    assert runs(runs_dir) == ()


def test_a_run_is_held_by_one_process_at_a_time(runs_dir: Path) -> None:
    record = open_run(runs_dir, PLAN_A, at=NOON)
    with held(record), pytest.raises(Locked, match=f"run {record.id} is being worked on"), held(record):
        pass
    with held(record):
        record.append(entry("started"))
    assert len(record.entries()) == 2


def test_what_is_added_behind_a_damaged_line_is_read_and_what_was_there_is_kept_aside(runs_dir: Path) -> None:
    record = open_run(runs_dir, PLAN_A, at=NOON)
    for event in ("started", "done"):
        record.append(entry(event, STEPS[0].id))
    whole = (record.directory / JOURNAL).read_bytes()
    damaged = whole.replace(b'"started"', b'"sta\0ted"')
    (record.directory / JOURNAL).write_bytes(damaged)
    assert [one.event for one in record.entries()] == ["opened"]
    record.append(entry("noted", STEPS[0].id))
    assert [one.event for one in record.entries()] == ["opened", "noted"]
    aside = record.directory / "journal.damaged"
    assert aside.read_bytes() == damaged[damaged.index(b"\n") + 1 :]
    assert mode(aside) == 0o600
