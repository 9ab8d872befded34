"""Real signals to a real process: they only ask for a stop, and what is under way is finished."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tasks.effects.stop import SIGNALS, StopOnSignal

LIMIT_S = 20
HERE = Path(__file__).parents[2]
PROGRAM = """
import sys, time
from tasks.effects.console import tell
from tasks.effects.stop import StopOnSignal

with StopOnSignal(announce=tell) as stop:
    print("ready", flush=True)
    until = time.monotonic() + 20
    while not stop.requested() and time.monotonic() < until:
        time.sleep(0.01)
    print("finished" if stop.requested() else "never asked", flush=True)
print("left", flush=True)
time.sleep(float(sys.argv[1]))
"""


@contextmanager
def running(*, lingers_s: float = 0, stderr: int = subprocess.PIPE) -> Iterator[subprocess.Popen[str]]:
    command = (sys.executable, "-c", PROGRAM, str(lingers_s))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True, cwd=HERE) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    """The next line; the program ends by itself."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_asks_for_a_stop_and_says_so(number: signal.Signals) -> None:
    with running() as process:
        assert line(process) == "ready"
        process.send_signal(number)
        out, err = process.communicate(timeout=LIMIT_S)
    assert out.split() == ["finished", "left"]
    assert err == f"{number.name}: finishing the current operation, then stopping; the state is saved\n"
    assert process.returncode == 0


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_afterwards_the_signal_ends_the_process_as_before(number: signal.Signals) -> None:
    with running(lingers_s=LIMIT_S) as process:
        assert line(process) == "ready"
        process.send_signal(number)
        assert [line(process), line(process)] == ["finished", "left"]
        process.send_signal(number)
        process.communicate(timeout=LIMIT_S)
    assert process.returncode == -number


def test_a_signal_that_nobody_can_read_about_asks_for_a_stop_all_the_same() -> None:
    """SIGHUP comes because the terminal is gone: writing to it fails."""
    reading, writing = os.pipe()
    os.close(reading)
    with running(stderr=writing) as process:
        os.close(writing)
        assert line(process) == "ready"
        process.send_signal(signal.SIGHUP)
        out, _ = process.communicate(timeout=LIMIT_S)
    assert out.split() == ["finished", "left"]


def test_the_handlers_are_the_former_ones_afterwards_even_after_an_error() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]

    def fail() -> None:
        with StopOnSignal(announce=print):
            assert all(
                signal.getsignal(number) != handler for number, handler in zip(SIGNALS, before, strict=True)
            )
            raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        fail()
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_nothing_is_asked_until_a_signal_comes_and_each_is_told() -> None:
    told: list[str] = []
    with StopOnSignal(announce=told.append) as stop:
        assert not stop.requested()
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        assert stop.requested()
    assert [text.split(":")[0] for text in told] == ["SIGTERM", "SIGINT"]


def test_a_hang_up_that_nohup_ignores_asks_for_nothing() -> None:
    with StopOnSignal(announce=lambda text: None) as stop:
        before = signal.getsignal(signal.SIGHUP)
        assert before is not signal.SIG_IGN
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with StopOnSignal(announce=lambda text: None) as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not stop.requested()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
