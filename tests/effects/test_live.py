"""The live view on a real pseudo-terminal: what stands there in the end, and what it never disturbs."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

import pytest

from tasks.core.availability import Look
from tasks.core.errors import GateTimeout, Interrupted
from tasks.core.plan import Step
from tasks.core.progress import Progress
from tasks.effects.area import Area
from tasks.effects.live import LiveReporter
from tasks.effects.reporting import Scene
from tasks.effects.stop import StopOnSignal
from tests.core.plans import plan_of
from tests.core.snapshots import cluster, healthy, pair, status_of
from tests.effects.screens import Pty, terminal
from tests.effects.servers import FakeClock

CLUSTER = cluster("gw-a", pair("gw-d"))
PLAN = plan_of(healthy(CLUSTER), observer="gw-a")
SCENE = Scene("20261122T120000Z-0123ab-4567", CLUSTER, PLAN, Progress(), "fab migrate-cluster --resume")
LOOKS = {node.name: Look(status_of(healthy(CLUSTER), node.name)) for node in CLUSTER.nodes}


def _step(name: str) -> Step:
    return next(step for step in PLAN.steps if step.id == name)


@contextmanager
def _live(columns: int = 80, height: int = 24) -> Iterator[tuple[Pty, LiveReporter]]:
    with terminal(columns, height) as (pty, stream), _told_to(stream):
        reporter = LiveReporter(Area(stream), clock=FakeClock())
        try:
            yield pty, reporter
        finally:
            reporter.close()


@contextmanager
def _told_to(stream: TextIO) -> Iterator[None]:
    """Plain lines go to the same terminal."""
    before, sys.stderr = sys.stderr, stream
    try:
        yield
    finally:
        sys.stderr = before


def _first_step(live: LiveReporter, looks: Mapping[str, Look] = LOOKS) -> None:
    live.note("", "the lock is taken")
    live.begun(SCENE)
    live.looked(looks)
    live.step(1, len(PLAN.steps), _step("place:gw-d1"), what="place on gw-d1")
    live.done(_step("place:gw-d1"), "3 files", took_s=0.5)
    live.step(2, len(PLAN.steps), _step("restart-standby:gw-d"), what="restart standby of gw-d, sync")
    live.waiting("gw-d2", "standby gw-d2 back in sync", "REST is silent", left_s=60)


def test_steps_become_a_log_above_a_table_that_stays_when_a_gate_fails() -> None:
    with _live() as (pty, live):
        _first_step(live)
        pty.until("last seen: REST is silent")
        live.failed(GateTimeout("not ready", node="gw-d2", remedy="fab status"))
        live.note("", "after the end")
    shown = pty.terminal.shown
    assert [line[9:] for line in shown[1:4]] == [
        f"[1/{len(PLAN.steps)}] place:gw-d1: place on gw-d1",
        "    done in 0.5 s: 3 files",
        f"[2/{len(PLAN.steps)}] restart-standby:gw-d: restart standby of gw-d, sync",
    ]
    assert "waiting for standby gw-d2 back in sync: REST is silent (1 m 0 s left)" in " ".join(
        " ".join(shown[4:6]).split()
    )
    text = "\n".join(shown)
    assert text.count("-- migrate-cluster of production, run 20261122T120000Z-0123ab-4567 --") == 1
    assert "> gw-d/gw-d2 standby standby     -          (old)    to be restarted" in shown
    assert "  awaited: standby gw-d2 back in sync" in shown
    assert f"1 of {len(PLAN.steps)} steps done: stopped after" in text
    assert shown[-1].endswith("after the end")


def test_of_a_complete_run_the_log_stays_and_one_line() -> None:
    with _live() as (pty, live):
        _first_step(live)
        pty.until("gw-d/gw-d2")
        live.ended(complete=True)
    text = "\n".join(pty.terminal.shown)
    assert "gw-d/gw-d2" not in text
    assert pty.terminal.shown[-1].endswith("complete after 0 s")


def test_an_interruption_and_a_fault_of_our_own_end_it_cleanly_too() -> None:
    with _live() as (pty, live):
        _first_step(live)
        live.failed(Interrupted("stopped", remedy="fab migrate-cluster --resume"))
    assert "interrupted after" in pty.terminal.shown[-1]
    with _live() as (pty, live):
        _first_step(live)
    assert "stopped after" in pty.terminal.shown[-1]


@pytest.mark.parametrize(("columns", "height"), [(60, 10), (80, 24), (160, 50)])
def test_nothing_is_wider_or_higher_than_the_screen(columns: int, height: int) -> None:
    with _live(columns, height) as (pty, live):
        _first_step(live)
        for number in range(30):
            live.note("gw-a", f"note {number}")
        live.failed(GateTimeout("x", remedy="y"))
    shown = pty.terminal.shown
    assert all(len(line) < columns for line in shown)
    assert [line.split()[-1] for line in shown if "] note" in line] == [str(number) for number in range(30)]
    assert sum("-- migrate-cluster" in line for line in shown) == 1


def test_a_signal_is_told_at_once_whatever_is_being_drawn() -> None:
    with _live() as (pty, live):
        _first_step(live)
        with StopOnSignal(announce=lambda text: live.note("", text)) as stop:
            for _ in range(50):
                os.kill(os.getpid(), signal.SIGTERM)
                live.looked(LOOKS)
        assert stop.requested()
        live.failed(Interrupted("stopped", remedy="-"))
    assert sum("SIGTERM: finishing" in line for line in pty.terminal.shown) == 50


def test_without_a_terminal_a_run_goes_on() -> None:
    with _live() as (pty, live):
        _first_step(live)
        pty.until("gw-d/gw-d2")
        pty.hang_up()
        for number in range(20):
            live.note("", f"unseen {number}")
        live.ended(complete=True)


class _Torn(Area):
    def draw(self, lines: object, *, above: object = ()) -> None:
        raise KeyError("lines")


def test_a_view_that_cannot_be_drawn_leaves_the_plain_lines() -> None:
    with terminal() as (pty, stream), _told_to(stream):
        live = LiveReporter(_Torn(stream), clock=FakeClock())
        _first_step(live)
        live.note("", "later")
        live.ended(complete=True)
    shown = pty.terminal.shown
    assert any(
        "the live view broke off (KeyError: 'lines'); plain lines from here on" in line for line in shown
    )
    assert [line[9:].strip() for line in shown if "broke off" not in line][-1] == "later"
    assert any("place:gw-d1" in line for line in shown)


def test_what_servers_say_steers_nothing() -> None:
    with _live() as (pty, live):
        _first_step(live)
        live.waiting("gw-d2", "x\x1b[2J", "y\x1b]0;title\x07\u202e", left_s=1)
        live.note("gw-a\x1b[1A", "z\r\x9b2J")
        live.failed(GateTimeout("x", remedy="y"))
    assert all(line.isprintable() for line in pty.terminal.shown)
    assert any("last seen: y?]0;title??" in line for line in pty.terminal.shown)
