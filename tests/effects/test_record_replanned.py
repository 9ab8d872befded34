"""A run whose plan was made anew on the way, or that came from the nodes, and what a crash leaves of it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tasks.core.errors import UsageError
from tasks.core.journal import Entry
from tasks.core.plan import Plan
from tasks.effects.record import RunRecord, open_run, rebuilt, runs, unfinished
from tasks.effects.run_folders import JOURNAL, PLAN
from tests.core.plans import plan_of
from tests.core.snapshots import healthy
from tests.core.statuses import NOON

FIRST = plan_of(healthy())
LATER = plan_of(healthy(), strategy="bridge")
LAST = plan_of(healthy(), observer="gw-a")
RUN = "20261122T120000Z-0123ab-4567"


@pytest.fixture
def runs_dir(tmp_path: Path) -> Path:
    return tmp_path / "runs"


def begun(runs_dir: Path) -> RunRecord:
    record = open_run(runs_dir, FIRST, at=NOON)
    for event in ("started", "done"):
        record.append(Entry(at=NOON, event=event, step=FIRST.steps[0].id, facts={"asked_at": "then"}))
    return record


def anew(record: RunRecord, plan: Plan) -> RunRecord:
    return record.replanned(plan, at=NOON, why="[gw-b] it serves another")


def journal(record: RunRecord) -> Path:
    return record.directory / JOURNAL


def test_a_new_plan_is_in_force_with_nothing_done_and_the_first_one_is_kept(runs_dir: Path) -> None:
    record = begun(runs_dir)
    again = anew(record, LATER)
    (found,) = runs(runs_dir)
    assert found == again == unfinished(runs_dir)
    assert (found.id, found.plan, found.first_plan) == (record.id, LATER, FIRST)
    assert found.progress().remaining(LATER) == LATER.steps
    assert found.progress().facts == {}
    assert [one.event for one in found.entries()] == ["opened", "started", "done", "replanned"]
    assert found.entries()[-1].seen == "[gw-b] it serves another"


def test_of_several_the_last_is_in_force_even_where_it_is_one_of_before(runs_dir: Path) -> None:
    record = begun(runs_dir)
    for plan in (LATER, LAST, LATER):
        record = anew(record, plan)
        record.append(Entry(at=NOON, event="done", step=plan.steps[0].id))
        assert runs(runs_dir)[0].plan == plan
        assert runs(runs_dir)[0].progress().remaining(plan) == plan.steps[1:]
    assert record.first_plan == FIRST


def test_its_plans_are_private_and_no_runs_of_their_own(runs_dir: Path) -> None:
    record = anew(begun(runs_dir), LATER)
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in record.directory.iterdir()}
    assert files == dict.fromkeys((PLAN, f"plan-{LATER.fingerprint}.json", JOURNAL), 0o600)
    assert len(runs(runs_dir)) == 1


def test_killed_between_the_plan_and_its_line_the_plan_of_before_stays_in_force(runs_dir: Path) -> None:
    record = begun(runs_dir)
    before = journal(record).read_bytes()
    anew(record, LATER)
    journal(record).write_bytes(before)
    (found,) = runs(runs_dir)
    assert (found.plan, found.progress().done) == (FIRST, frozenset({FIRST.steps[0].id}))
    assert anew(found, LATER).plan == runs(runs_dir)[0].plan == LATER


def test_killed_while_its_line_was_written_as_well(runs_dir: Path) -> None:
    record = begun(runs_dir)
    before = len(journal(record).read_bytes())
    anew(record, LATER)
    whole = journal(record).read_bytes()
    for size in range(before, len(whole)):
        journal(record).write_bytes(whole[:size])
        assert runs(runs_dir)[0].plan == FIRST
    journal(record).write_bytes(whole)
    assert runs(runs_dir)[0].plan == LATER


class TestRebuilt:
    def test_a_run_from_the_nodes_has_its_id_and_plan_and_a_journal_that_tells_of_no_step(
        self, runs_dir: Path
    ) -> None:
        record = rebuilt(runs_dir, RUN, FIRST, at=NOON, source="gw-b")
        assert runs(runs_dir) == (record,)
        assert (record.id, record.plan, record.is_rebuilt) == (RUN, FIRST, True)
        assert record.progress().touched == frozenset()
        assert record.entries()[0].seen == f"plan {FIRST.fingerprint}, from gw-b"
        assert stat.S_IMODE(record.directory.stat().st_mode) == 0o700

    def test_until_it_is_planned_anew_from_what_the_nodes_show(self, runs_dir: Path) -> None:
        record = anew(rebuilt(runs_dir, RUN, FIRST, at=NOON, source="gw-b"), LATER)
        assert not record.is_rebuilt
        assert not runs(runs_dir)[0].is_rebuilt
        assert (runs(runs_dir)[0].plan, record.first_plan) == (LATER, FIRST)

    def test_one_that_began_here_is_none_even_planned_anew(self, runs_dir: Path) -> None:
        record = begun(runs_dir)
        assert not record.is_rebuilt
        assert not anew(record, LATER).is_rebuilt

    def test_killed_before_its_first_line_it_is_no_run_and_is_built_again(self, runs_dir: Path) -> None:
        record = rebuilt(runs_dir, RUN, FIRST, at=NOON, source="gw-b")
        journal(record).unlink()
        assert runs(runs_dir) == ()
        assert rebuilt(runs_dir, RUN, FIRST, at=NOON, source="gw-a") == runs(runs_dir)[0]

    @pytest.mark.parametrize("name", ["../x", "", "run-1", f"{RUN}/..", f"{RUN}\n", "(unknown)"])
    def test_what_a_node_calls_a_run_is_never_a_path(self, runs_dir: Path, name: str) -> None:
        with pytest.raises(UsageError, match="is no id of a run"):
            rebuilt(runs_dir, name, FIRST, at=NOON, source="gw-b")
        assert not runs_dir.exists()
