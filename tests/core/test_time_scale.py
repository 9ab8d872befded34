"""From moments to places: proportional, with pauses cut out, and ticks that can be read."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tasks.core.time_scale import scale
from tasks.core.timeline import Span
from tests.core.statuses import NOON


def at(second: float) -> datetime:
    return NOON + timedelta(seconds=second)


def pause(begun: float, ended: float) -> Span:
    return Span(begun_at=at(begun), ended_at=at(ended), what="pause")


def test_without_a_pause_time_is_proportional() -> None:
    made = scale(at(0), at(100), (), left=100, right=1100)
    assert [made.x(at(second)) for second in (-5, 0, 25, 100, 105)] == [100, 100, 350, 1100, 1100]


def test_a_pause_takes_the_same_width_however_long_it_is() -> None:
    day = scale(at(0), at(86_500), [pause(50, 86_450)], left=0, right=1034)
    assert [round(day.x(at(second))) for second in (0, 50, 40_000, 86_450, 86_500)] == [
        0,
        500,
        500,
        534,
        1034,
    ]
    assert [tuple(map(round, part)) for part in day.parts(pause(40, 86_460))] == [(400, 500), (534, 634)]


def test_many_pauses_leave_room_for_what_was_done() -> None:
    pauses = [pause(100 * n + 10, 100 * n + 100) for n in range(60)]
    made = scale(at(0), at(6010), pauses, left=0, right=900)
    assert sum(one.right - one.left for one in made.stretches) == pytest.approx(600)
    assert made.stretches[-1].right == pytest.approx(900)


def test_a_run_of_no_length_is_drawn_all_the_same() -> None:
    made = scale(at(0), at(0), (), left=100, right=1100)
    assert made.x(at(0)) == 100
    assert list(made.ticks()) == [at(0)]


@pytest.mark.parametrize(
    ("seconds", "step"),
    [(20, 2), (60, 10), (1800, 300), (4 * 3600, 1800), (9 * 86_400, 86_400), (10**7, 11 * 86_400)],
)
def test_ticks_are_round_times_and_not_too_many(seconds: int, step: int) -> None:
    ticks = list(scale(at(0), at(seconds), (), left=132, right=1106).ticks())
    assert 4 <= len(ticks) <= 11
    gap = (ticks[1] - ticks[0]).total_seconds()
    assert gap == step
    assert ticks[0].timestamp() % gap == 0
