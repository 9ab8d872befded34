"""What a bench says of its numbers: ratios pair by pair, a table, a page; one that took no part says why."""

from __future__ import annotations

import json

import pytest

from tests.bench.clocking import Contestant, Ran, Times, race, ratio
from tests.bench.rows import Results, Row, lines, page

MET = Row("status", "fab status", 20, 2.5, "s", 0.9, "at most 1", True)
MISSED = Row("status", "ansible", 20, 5.0, "s", 0.5, "at most 1/5", False)
ABSENT = Row("status", "pyinfra", 20, note="pyinfra is not installed")
RESULTS = Results("2026-11-29", {"processors": "2"}, {"Python": "3.11.7"}, 5, (MET, MISSED, ABSENT))


def times(name: str, *walls_s: float) -> Times:
    return Times(name, tuple(Ran(wall_s, 0.1, 50.0, 3) for wall_s in walls_s))


def test_a_ratio_is_taken_of_each_round_before_the_median_is() -> None:
    slow_machine_in_round_two = times("fab", 1, 10, 2), times("other", 2, 20, 2)
    assert ratio(*slow_machine_in_round_two) == 0.5
    assert ratio(times("fab", 1), Times("other", why_not="it is not installed")) is None


def test_who_fails_takes_no_further_part_and_says_why() -> None:
    said: list[str] = []
    good, bad = Contestant("good", ("true",)), Contestant("bad", ("sh", "-c", "echo no such node; exit 3"))
    out = Contestant("out", why_not="it is not installed")
    found = {each.name: each for each in race((good, bad, out), rounds=2, tell=said.append)}
    assert len(found["good"].runs) == 2
    assert found["bad"].why_not == "bad: exit 3: no such node\n"
    assert (found["out"].runs, found["out"].why_not) == ((), "it is not installed")


@pytest.mark.parametrize("codes", [{6}, {0, 6}])
def test_an_exit_code_that_is_meant_is_none_of_a_failure(codes: set[int]) -> None:
    (found,) = race(
        (Contestant("unhealthy", ("sh", "-c", "exit 6"), codes=frozenset(codes)),), rounds=1, tell=print
    )
    assert not found.why_not


def test_the_table_shows_what_was_missed_and_why_there_is_no_number() -> None:
    assert list(lines(RESULTS.rows)) == [
        "PART    WHAT        NODES  MEDIAN  FAB/IT  GOAL",
        "status  fab status  20     2.50 s  0.90    at most 1    yes",
        "status  ansible     20     5 s     0.50    at most 1/5  NO",
        "status  pyinfra     20     –",
        "    pyinfra is not installed",
    ]


def test_the_page_comes_from_the_data_alone() -> None:
    again = Results.of(json.loads(json.dumps(RESULTS.data())))
    assert page(again) == page(RESULTS)
    text = page(RESULTS)
    assert "| ansible | 20 | 5 s | 0.50 | at most 1/5 | NO |" in text
    assert "- pyinfra, 20 nodes: pyinfra is not installed" in text
    assert "Measured 2026-11-29" in text
