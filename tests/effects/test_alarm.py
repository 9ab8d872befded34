"""Limits that are watched from outside: each rings once, in its time, and never after its block."""

from __future__ import annotations

import os
import threading
import time

import pytest

from tasks.effects.alarm import Alarm

SOON_S, LATE_S, NEVER_S = 0.05, 0.3, 60.0
WITHIN_S = 5.0


def test_it_rings_once_when_the_time_is_over() -> None:
    rung: list[float] = []
    started = time.monotonic()
    with Alarm(SOON_S, lambda: rung.append(time.monotonic())):
        time.sleep(LATE_S)
    assert len(rung) == 1
    assert rung[0] - started >= SOON_S


def test_it_does_not_ring_once_the_block_has_ended() -> None:
    rung: list[str] = []
    with Alarm(SOON_S, lambda: rung.append("early")):
        pass
    with Alarm(LATE_S, lambda: rung.append("late")):
        time.sleep(3 * SOON_S)
    time.sleep(LATE_S)
    assert rung == []


@pytest.mark.parametrize("other_s", [SOON_S, NEVER_S])
def test_one_that_is_set_later_and_is_due_earlier_is_not_kept_waiting(other_s: float) -> None:
    rung = threading.Event()
    with Alarm(NEVER_S, lambda: None), Alarm(SOON_S, rung.set), Alarm(other_s, lambda: None):
        assert rung.wait(WITHIN_S)


def test_many_ring_in_the_order_in_which_they_are_due() -> None:
    rung: list[int] = []
    all_rung = threading.Event()

    def ring(number: int) -> None:
        rung.append(number)
        if len(rung) == 3:
            all_rung.set()

    with Alarm(0.45, lambda: ring(3)), Alarm(0.15, lambda: ring(1)), Alarm(0.3, lambda: ring(2)):
        assert all_rung.wait(WITHIN_S)
    assert rung == [1, 2, 3]


def test_one_that_takes_its_time_holds_up_no_other() -> None:
    slow, other = threading.Event(), threading.Event()

    def ring() -> None:
        slow.wait(WITHIN_S)

    with Alarm(SOON_S, ring), Alarm(2 * SOON_S, other.set):
        assert other.wait(WITHIN_S)
        slow.set()


def test_the_end_of_the_block_waits_for_one_that_is_ringing() -> None:
    done: list[str] = []
    begun = threading.Event()

    def ring() -> None:
        begun.set()
        time.sleep(LATE_S)
        done.append("rung")

    with Alarm(SOON_S, ring):
        assert begun.wait(WITHIN_S)
    assert done == ["rung"]


def test_it_rings_on_the_other_side_of_a_fork_as_well() -> None:
    with Alarm(SOON_S, lambda: None):  # the thread that keeps them is there
        time.sleep(2 * SOON_S)
    if (child := os.fork()) == 0:
        rung = threading.Event()
        with Alarm(SOON_S, rung.set):
            os._exit(0 if rung.wait(WITHIN_S) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_all_of_them_are_kept_by_one_thread() -> None:
    before = threading.active_count()
    alarms = [Alarm(NEVER_S, lambda: None) for _ in range(50)]
    for alarm in alarms:
        alarm.__enter__()
    assert threading.active_count() <= before + 1
    for alarm in alarms:
        alarm.__exit__(None, None, None)
