"""`fab status --nagios`: what wakes somebody, what waits until morning, and the numbers."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tasks.core.health import report
from tasks.core.snapshot import Snapshot
from tasks.core.status_nagios import status_answer
from tests.core.certs import SHARED
from tests.core.snapshots import WITH_PAIR, alter_files, alter_status, healthy, unreachable
from tests.core.statuses import counted

PERFDATA = re.compile(r"([a-z_]+)=(\d+);([0-9:]*);([0-9:]*);(\d*);(\d*)")
GOOD = healthy(WITH_PAIR, runs=SHARED)
OPEN = ("run R is open: 3 of 9 steps done -> fab migrate-cluster --resume",)


def reminded(snapshot: Snapshot) -> Snapshot:
    return alter_files(snapshot, "gw-a", work_entries=("x/20261001T120000Z-0123ab-4567",))


@pytest.mark.parametrize(
    ("seen", "open_ends", "word", "code"),
    [
        pytest.param(GOOD, (), "OK", 0, id="healthy"),
        pytest.param(reminded(GOOD), (), "OK", 0, id="a reminder of backups"),
        pytest.param(GOOD, OPEN, "WARNING", 1, id="an open run"),
        pytest.param(healthy(WITH_PAIR), (), "WARNING", 1, id="the built-in certificate"),
        pytest.param(unreachable(GOOD, "gw-b"), (), "CRITICAL", 2, id="a dead node"),
        pytest.param(unreachable(GOOD, "gw-b"), OPEN, "CRITICAL", 2, id="critical goes before all"),
    ],
)
def test_the_worst_decides(seen: Snapshot, open_ends: tuple[str, ...], word: str, code: int) -> None:
    text, given = status_answer(report(seen), open_ends)
    assert text.startswith(f"{word} - production: ")
    assert given == code


def numbers(snapshot: Snapshot) -> dict[str, tuple[str, ...]]:
    first = status_answer(report(snapshot), ())[0].splitlines()[0]
    perfdata = first.rpartition(" | ")[2]
    found = {name: tuple(rest) for name, *rest in PERFDATA.findall(perfdata)}
    assert len(found) == len(perfdata.split())
    return found


def test_the_numbers_are_perfdata_with_their_limits() -> None:
    found = numbers(GOOD)
    assert found["members_connected"] == ("4", "", "4:", "0", "4")
    assert found["nodes_up"] == ("5", "", "5:", "0", "5")
    assert int(found["first_expiry_days"][0]) > 0
    assert (found["errors"][0], found["warnings"][0]) == ("0", "0")


@pytest.mark.parametrize(
    ("change", "connected", "up"),
    [
        pytest.param(lambda good: unreachable(good, "gw-b"), "3", "4", id="a node is gone"),
        pytest.param(
            lambda good: alter_status(good, "gw-b", cluster=counted(2, 1)), "3", "5", id="one sees too few"
        ),
    ],
)
def test_the_numbers_fall_with_what_is_gone(
    change: Callable[[Snapshot], Snapshot], connected: str, up: str
) -> None:
    found = numbers(change(GOOD))
    assert (found["members_connected"][0], found["nodes_up"][0]) == (connected, up)


def test_the_long_output_has_the_worst_first_and_then_what_is_open() -> None:
    first, *more = status_answer(report(unreachable(reminded(GOOD), "gw-b")), OPEN)[0].splitlines()
    assert (
        "NOT HEALTHY: 4 members, 5 nodes; 1 finding on gw-b; [gw-b] no route to host (and 1 more) | " in first
    )
    assert [line.partition(":")[0] for line in more] == ["ERROR", "INFO", "run R is open"]


def test_no_bar_but_the_one_of_the_perfdata() -> None:
    text = status_answer(report(GOOD), ("a | b\nc",))[0]
    assert text.splitlines()[1:] == ["a / b c"]
