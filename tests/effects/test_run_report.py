"""Which run is reported: the newest, the one that is named, or none."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tasks.core.availability import Sample, sample_line
from tasks.core.errors import UsageError
from tasks.core.journal import Entry
from tasks.core.model import Cluster
from tasks.effects.record import RunRecord, open_run
from tasks.effects.run_folders import JOURNAL
from tasks.effects.run_report import Form, show_availability, show_run
from tasks.effects.sampling import AVAILABILITY
from tests.core.plans import plan_of
from tests.core.snapshots import THREE, healthy
from tests.core.statuses import NOON

PLAN = plan_of(healthy(THREE))


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return replace(THREE, runs_dir=tmp_path / "runs")


def _run(cluster: Cluster, *, day: int = 0, samples: int = 0) -> RunRecord:
    record = open_run(cluster.runs_dir, PLAN, at=NOON + timedelta(days=day))
    taken = (Sample(at=NOON + timedelta(seconds=s), settled={}, away=("gw-a",)) for s in range(samples))
    if samples:
        (record.directory / AVAILABILITY).write_text("".join(map(sample_line, taken)))
    return record


def test_the_newest_run_is_shown_where_none_is_named(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    older, newer = _run(cluster), _run(cluster, day=1, samples=3)
    show_run(cluster, "")
    shown = capsys.readouterr().out
    assert f"run {newer.id} of production: open\n" in shown
    assert "  away: gw-a 2.0 s\n" in shown
    show_run(cluster, older.id)
    assert f"run {older.id} of production: open\n" in capsys.readouterr().out


def test_as_json_it_is_one_object(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    record = _run(cluster, samples=3)
    record.append(Entry(at=NOON + timedelta(seconds=9), event="completed"))
    show_run(cluster, "", form=Form(json=True))
    found = json.loads(capsys.readouterr().out)
    assert (found["run"], found["state"], found["availability"]["away"]) == (
        record.id,
        "complete",
        {"gw-a": 2.0},
    )


def test_as_a_page_it_is_written_whole_and_for_its_owner_alone(
    cluster: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = _run(cluster, samples=3)
    page = tmp_path / "page.html"
    page.write_text("what was there")
    page.chmod(0o644)
    show_run(cluster, "", form=Form(html=str(page)))
    assert capsys.readouterr().out == f"the report of run {record.id} is in {page}\n"
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["page.html", "runs"]


@pytest.mark.parametrize("name", ["", "none/page.html", "runs"])
def test_a_page_that_cannot_be_written_leaves_nothing_behind(
    cluster: Cluster, tmp_path: Path, name: str
) -> None:
    _run(cluster)
    with pytest.raises(UsageError, match="cannot be written"):
        show_run(cluster, "", form=Form(html=f"{tmp_path}/{name}"))
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_a_page_takes_the_place_of_no_device_and_of_no_link(cluster: Cluster, tmp_path: Path) -> None:
    _run(cluster)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "page.html")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    for name in ("pipe", "circle"):
        with pytest.raises(UsageError, match="cannot be written: it"):
            show_run(cluster, "", form=Form(html=str(tmp_path / name)))
    assert (tmp_path / "pipe").is_fifo()
    show_run(cluster, "", form=Form(html=str(tmp_path / "link")))
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "page.html").read_text().startswith("<!DOCTYPE html>")


def test_as_markdown_it_goes_to_the_screen(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    record = _run(cluster, samples=3)
    show_run(cluster, "", form=Form(markdown=True))
    shown = capsys.readouterr().out
    assert shown.startswith("# production: migrate\\-cluster\n")
    assert record.id.replace("-", "\\-") in shown


def test_only_one_form_at_a_time_is_given() -> None:
    with pytest.raises(UsageError, match="three forms of the same report"):
        Form(json=True, html="x")


def test_a_record_that_was_altered_is_told_in_the_text(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    record = _run(cluster)
    show_run(cluster, "")
    assert f"record: not altered, chain {record.seal[:12]} -> fab runs.verify\n" in capsys.readouterr().out
    journal = record.directory / JOURNAL
    journal.write_text(journal.read_text().replace("opened", "opemed"))
    show_run(cluster, "")
    assert capsys.readouterr().out.endswith("record: ALTERED -> fab runs.verify\n")


def test_a_run_that_is_not_there_is_refused_with_those_that_are(cluster: Cluster) -> None:
    with pytest.raises(UsageError, match="there is no run in"):
        show_run(cluster, "")
    ids = [_run(cluster, day=day).id for day in range(7)]
    with pytest.raises(UsageError, match=r"there is no run \.\./x in") as caught:
        show_run(cluster, "../x")
    assert caught.value.remedy.endswith(f"one of: {', '.join(ids[:1:-1])} and 2 more")


def test_after_a_migration_its_own_record_is_told_and_no_other(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    _run(cluster, samples=3)
    show_availability(cluster, PLAN.model_copy(update={"strategy": "renew"}))
    assert capsys.readouterr().out == ""
    show_availability(cluster, PLAN)
    assert "availability: 3 samples over 2.0 s" in capsys.readouterr().out
