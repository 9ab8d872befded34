"""Whoever the inventory names hears of a run, and the run does not notice."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.core.errors import GateTimeout, Interrupted
from tasks.core.progress import Progress
from tasks.core.wanted_notify import WantedNotify, Webhook
from tasks.effects.notifying import MOST_WAITING, notifying
from tasks.effects.reporting import Reporter, Scene
from tests.core.plans import plan_of
from tests.core.snapshots import cluster, healthy
from tests.effects.posts import web
from tests.effects.servers import FakeClock

CLUSTER = cluster("gw-a", "gw-b")
PLAN = plan_of(healthy(CLUSTER))
SCENE = Scene("20261122T120000Z-0123ab-4567", CLUSTER, PLAN, Progress(), "fab migrate-cluster --resume")
KEEP = ("sh", "-c", "cat >> heard")


@contextmanager
def told(wanted: WantedNotify, notes: list[str]) -> Iterator[tuple[Reporter, ...]]:
    changed = replace(CLUSTER, notify=wanted)
    with notifying(changed, note=lambda _, text: notes.append(text), clock=FakeClock()) as listeners:
        for each in listeners:
            each.begun(SCENE)
        yield listeners


def heard(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "heard").read_text().splitlines()]


def test_nothing_configured_costs_nothing() -> None:
    before = threading.active_count()
    with told(WantedNotify(), []) as listeners:
        assert listeners == ()
        assert threading.active_count() == before


def test_each_event_goes_to_its_command_as_one_line_of_json(tmp_path: Path) -> None:
    notes: list[str] = []
    wanted = WantedNotify((("start", KEEP), ("step", KEEP), ("failed", KEEP)), folder=tmp_path)
    with told(wanted, notes) as (events,):
        events.step(1, 2, PLAN.steps[0], what="place")
        events.note("", "nobody is told of notes")
        events.done(PLAN.steps[0], "seen", took_s=1)
        events.failed(GateTimeout("not ready", node="gw-a", remedy="fab migrate-cluster --resume"))
    start, step, failed = heard(tmp_path)
    assert [start["event"], step["event"], failed["event"]] == ["start", "step", "failed"]
    assert (start["version"], start["run"], start["cluster"]) == (1, SCENE.run, CLUSTER.key)
    assert (step["step"], failed["node"], failed["exit_code"]) == (PLAN.steps[0].id, "gw-a", 5)
    assert notes == []


def test_an_interruption_is_told_as_stopped_and_no_failure(tmp_path: Path) -> None:
    wanted = WantedNotify((("failed", KEEP), ("stopped", KEEP)), folder=tmp_path)
    with told(wanted, []) as (events,):
        events.failed(Interrupted("stopped", remedy="fab migrate-cluster --resume"))
    assert [one["event"] for one in heard(tmp_path)] == ["stopped"]


def test_a_command_that_fails_is_one_note_however_often_it_does(tmp_path: Path) -> None:
    notes: list[str] = []
    wanted = WantedNotify((("start", ("false",)), ("step", ("false",))), folder=tmp_path)
    with told(wanted, notes) as (events,):
        for step in PLAN.steps:
            events.step(1, 2, step, what="place")
    assert notes == [
        "notification not delivered: start: false ended with exit code 1",
        "notification not delivered: step: false ended with exit code 1",
    ]


def test_a_run_does_not_wait_for_one_that_hangs_until_its_end(tmp_path: Path) -> None:
    notes: list[str] = []
    wanted = WantedNotify((("start", ("sleep", "1000")), ("step", KEEP)), limit_s=0.4, folder=tmp_path)
    began = time.monotonic()
    with told(wanted, notes) as (events,):
        for _ in range(2 * MOST_WAITING):
            events.step(1, 2, PLAN.steps[0], what="place")
        events.note("", "from a signal")
        assert time.monotonic() - began < 10
    assert time.monotonic() - began < 20
    said = " ".join(notes)
    assert f"{MOST_WAITING} are waiting already" in said
    assert "sleep was not done within 0.4 s, and was killed" in said or "the run has ended, and" in said


def test_the_webhook_and_the_commands_do_not_wait_for_each_other(tmp_path: Path) -> None:
    notes: list[str] = []
    with web() as site:
        site.hangs = True
        hook = Webhook(site.url, frozenset({"start", "done"}))
        wanted = WantedNotify((("start", KEEP), ("done", KEEP)), limit_s=0.5, webhook=hook, folder=tmp_path)
        with told(wanted, notes) as (events,):
            assert site.came.wait(20)
            events.ended(complete=True)
        assert [one["event"] for one in heard(tmp_path)] == ["start", "done"]
        assert len(site.posts) == 1
    assert any(
        "the webhook at 127.0.0.1 has not answered" in note or "the run has ended" in note for note in notes
    )
    assert "t0ken" not in " ".join(notes)


def test_the_webhook_gets_what_it_asked_for(tmp_path: Path) -> None:
    notes: list[str] = []
    with web() as site:
        with told(WantedNotify(webhook=Webhook(site.url), folder=tmp_path), notes) as (events,):
            events.step(1, 2, PLAN.steps[0], what="place")
            events.ended(complete=True)
        assert [json.loads(post.body)["event"] for post in site.posts] == ["done"]
    assert notes == []


def test_an_error_of_the_run_goes_its_way(tmp_path: Path) -> None:
    wanted = WantedNotify((("start", KEEP),), folder=tmp_path)
    with pytest.raises(GateTimeout, match="not ready"), told(wanted, []):
        raise GateTimeout("not ready", remedy="fab status")
    assert len(heard(tmp_path)) == 1
