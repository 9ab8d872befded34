"""`fab runs.verify` on real run directories: what it says, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tasks.core.errors import RecordAltered, UsageError
from tasks.core.journal import Entry
from tasks.core.model import Cluster
from tasks.core.plan import Plan
from tasks.effects.record import RunRecord, open_run
from tasks.effects.run_folders import JOURNAL, PLAN
from tasks.effects.sampling import AVAILABILITY, samples_seal
from tasks.effects.verifying import verify_run
from tests.core.snapshots import THREE
from tests.core.statuses import NOON
from tests.effects.test_record import PLAN_A, PLAN_B, STEPS


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return replace(THREE, runs_dir=tmp_path / "runs")


@pytest.fixture
def record(cluster: Cluster) -> RunRecord:
    return _begun(cluster)


def _begun(cluster: Cluster, *, day: int = 0, plan: Plan = PLAN_A) -> RunRecord:
    record = open_run(
        cluster.runs_dir, plan, at=NOON + timedelta(days=day), facts={"operator": "ops@bastion"}
    )
    for event in ("started", "done"):
        record.append(Entry(at=NOON, event=event, step=STEPS[0].id))
    return record


def _complete(record: RunRecord) -> None:
    (record.directory / AVAILABILITY).write_text("{}\n")
    record.append(Entry(at=NOON, event="completed", facts={"samples": samples_seal(record)}))


def _change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_run_that_nobody_touched_is_not_altered(
    cluster: Cluster, record: RunRecord, capsys: pytest.CaptureFixture[str]
) -> None:
    _complete(record)
    verify_run(cluster, "", mark=record.seal[:12])
    first, last = capsys.readouterr().out.splitlines()
    assert first == (
        f"run {record.id}: not altered (4 lines, the plans as the journal names them); "
        "the value noted elsewhere is in it"
    )
    assert last == f"  chain: {record.seal}"


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        pytest.param(JOURNAL, '"done"', '"noted"', "line 3: it is not what was written", id="journal"),
        pytest.param(PLAN, '"prescribed"', '"renew"', "plan.json holds plan", id="plan"),
        pytest.param(PLAN, "{", "", "plan.json is missing or damaged", id="no plan"),
        pytest.param(AVAILABILITY, "{", "[", "availability.jsonl is not what it was", id="samples"),
    ],
)
def test_a_changed_file_is_told_and_ends_with_3(
    cluster: Cluster,
    record: RunRecord,
    capsys: pytest.CaptureFixture[str],
    name: str,
    old: str,
    new: str,
    told: str,
) -> None:
    _complete(record)
    _change(record.directory / name, old, new)
    with pytest.raises(RecordAltered, match="is not what was written") as no:
        verify_run(cluster, record.id)
    assert no.value.exit_code == 3
    assert told in no.value.problem
    assert f"run {record.id}: ALTERED\n" in capsys.readouterr().out


def test_as_json_it_is_one_object_also_where_it_was_altered(
    cluster: Cluster, record: RunRecord, capsys: pytest.CaptureFixture[str]
) -> None:
    _change(record.directory / JOURNAL, '"started"', '"noted"')
    with pytest.raises(RecordAltered, match="line 2"):
        verify_run(cluster, "", json_wanted=True)
    found = json.loads(capsys.readouterr().out)
    assert (found["state"], found["lines"], found["closed"]) == ("altered", 3, False)
    assert found["alterations"][0]["line"] == 2


def test_a_journal_that_is_gone_altogether_is_an_alteration(cluster: Cluster, record: RunRecord) -> None:
    (record.directory / JOURNAL).unlink()
    with pytest.raises(RecordAltered, match="the journal is missing or empty"):
        verify_run(cluster, record.id)


def test_an_end_that_was_cut_off_shows_once_a_later_run_has_begun(
    cluster: Cluster, record: RunRecord
) -> None:
    verify_run(cluster, record.id)
    _begun(cluster, day=1, plan=PLAN_B)
    with pytest.raises(RecordAltered, match="line 4: the end is missing: a later run has begun"):
        verify_run(cluster, record.id)
    _complete(record)
    verify_run(cluster, record.id)


def test_lines_that_were_set_aside_as_damaged_are_told_and_the_rest_is_whole(
    cluster: Cluster, record: RunRecord, capsys: pytest.CaptureFixture[str]
) -> None:
    _change(record.directory / JOURNAL, '"started"', '"sta\x01rted"')
    with pytest.raises(RecordAltered, match="line 2: it is damaged"):
        verify_run(cluster, "")
    record.append(Entry(at=NOON, event="noted"))
    verify_run(cluster, "")
    assert "set aside as damaged: 2 lines" in capsys.readouterr().out


def test_a_run_that_is_not_there_and_a_value_that_is_none_are_refused(
    cluster: Cluster, record: RunRecord
) -> None:
    with pytest.raises(UsageError, match=r"there is no run \.\./x in"):
        verify_run(cluster, "../x")
    with pytest.raises(UsageError, match="there is no run in"):
        verify_run(replace(cluster, runs_dir=cluster.runs_dir / "none"), "")
    for mark in ("abc", "Z" * 12, "a" * 65):
        with pytest.raises(UsageError, match="a chain value has 64 digits"):
            verify_run(cluster, record.id, mark=mark)
