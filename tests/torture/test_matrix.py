"""The matrix as data: which cases there are, how they are spread, what is a right end, and the page."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from tests.torture.expected import RIGHT, wrong_end
from tests.torture.faults import STRIKES
from tests.torture.points import Case, Fault, Moment, can_strike, cases_of, chains_of, points_of
from tests.torture.table import Found, Sort, page

STEPS = ("place:gw-a", "swap:gw-a", "restart-standby:gw-b", "restart:gw-a", "prove:cluster")
POINTS = points_of("prescribed", STEPS)
REMEDY = "[gw-a] SSH refused\n  -> fab status; then fab migrate-cluster --resume"


def test_a_restart_has_two_moments_and_every_other_step_one() -> None:
    assert [str(point) for point in POINTS] == [
        "prescribed place:gw-a",
        "prescribed swap:gw-a",
        "prescribed restart-standby:gw-b",
        "prescribed restart-standby:gw-b (waiting)",
        "prescribed restart:gw-a",
        "prescribed restart:gw-a (waiting)",
        "prescribed prove:cluster",
    ]


def test_every_fault_strikes_everywhere_but_where_it_is_too_late_for_it() -> None:
    cases = cases_of(Fault, POINTS)
    assert len(cases) == len(set(cases)) == len(Fault) * len(POINTS) - 4
    left_out = {case for f in Fault for p in POINTS if (case := Case(f, p)) not in cases}
    assert {case.fault for case in left_out} == {Fault.BUILTIN_PAIR, Fault.MAINTENANCE}
    assert {case.point.moment for case in left_out} == {Moment.WAITING}
    assert not any(can_strike(case.fault, case.point) for case in left_out)


def test_chains_hold_every_case_once_of_one_fault_and_strategy_each_in_the_order_of_the_plan() -> None:
    points = (*POINTS, *points_of("overlap", STEPS))
    cases = cases_of(Fault, points)
    chains = chains_of(cases, number=3)
    assert [chain.back for chain in chains[:3]] == [False, True, False]
    assert sorted(str(case) for chain in chains for case in chain.cases) == sorted(map(str, cases))
    for chain in chains:
        assert len({(case.fault, case.point.strategy) for case in chain.cases}) == 1
        places = [points.index(case.point) for case in chain.cases]
        assert places == sorted(places)
        assert all(later - former >= 3 for former, later in pairwise(places))


def test_every_fault_has_its_strike_and_its_right_ends() -> None:
    assert set(STRIKES) == set(RIGHT) == set(Fault)


@pytest.mark.parametrize(
    ("code", "stderr", "fault"),
    [
        pytest.param(4, REMEDY, "", id="right"),
        pytest.param(3, REMEDY, "exit 3, wanted 4 or 5", id="another exit code"),
        pytest.param(0, REMEDY, "exit 0, wanted 4 or 5", id="went through is not asked here"),
        pytest.param(4, "[gw-a] SSH refused\n  -> look", "names no command", id="no command"),
        pytest.param(4, "[gw-a] it failed\n  -> fab status", "does not name the cause", id="no cause"),
        pytest.param(4, f"Traceback (most recent call last)\n{REMEDY}", "with a traceback", id="traceback"),
    ],
)
def test_a_stop_is_right_by_its_code_its_cause_and_its_remedy(code: int, stderr: str, fault: str) -> None:
    found = wrong_end(Fault.SSH_CUT, code=code, stderr=stderr)
    assert (fault in found) if fault else (found == "")


def test_a_tool_that_is_killed_says_nothing() -> None:
    assert wrong_end(Fault.TOOL_KILLED, code=-9, stderr="") == ""
    assert wrong_end(Fault.TOOL_KILLED, code=4, stderr=REMEDY) == "exit 4, wanted -9"


FOUND = Found(
    points=POINTS,
    ends=dict.fromkeys(cases_of([Fault.TOOL_KILLED, Fault.SSH_CUT, Fault.BUILTIN_PAIR], POINTS), "through"),
    skipped=frozenset(set(Fault) - {Fault.TOOL_KILLED, Fault.SSH_CUT, Fault.BUILTIN_PAIR}),
    at="2026-01-02",
    versions=("Python 3.11", "OpenSSH 9"),
)
SORTS = {fault: Sort(f"what {fault} is", "") for fault in Fault}


def test_the_page_shows_every_point_and_every_fault() -> None:
    killed = Case(Fault.TOOL_KILLED, POINTS[1])
    text = page(replace(FOUND, ends={**FOUND.ends, killed: "exit -9"}), SORTS)
    assert "**Injected: 19, survived: 19.** Skipped: disk-full, maintenance, " in text
    assert "2026-01-02; Python 3.11, OpenSSH 9." in text
    assert "| tool-killed | what tool-killed is | nothing | 7 | 7 | 6 | -9 |" in text
    line = "| `swap:gw-a` | exit -9 | through | skipped | skipped | through | skipped | skipped | skipped |"
    assert line in text.splitlines()
    late = next(row for row in text.splitlines() if row.startswith("| `restart:gw-a`, waiting"))
    assert (
        late
        == "| `restart:gw-a`, waiting | through | through | skipped | skipped | – | – | skipped | skipped |"
    )


def test_the_page_does_not_hide_what_failed_or_was_never_tried() -> None:
    failed, missing = Case(Fault.SSH_CUT, POINTS[0]), Case(Fault.SSH_CUT, POINTS[6])
    ends = {case: end for case, end in FOUND.ends.items() if case != missing}
    text = page(replace(FOUND, ends={**ends, failed: ""}), SORTS)
    assert "**Injected: 18, survived: 17.**" in text
    for step in ("place:gw-a", "prove:cluster"):
        assert f"| `{step}` | through | **FAILED** |" in text
