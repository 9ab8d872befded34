"""What a second look at the cluster shows otherwise, and how it is marked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tasks.core.errors import UsageError
from tasks.core.health import StatusReport, report
from tasks.core.snapshot import Snapshot
from tasks.core.spans import interval_of
from tasks.core.watch import (
    Watched,
    block,
    changes,
    no_answer,
    watch_view,
    watched,
)
from tests.core.certs import SHARED
from tests.core.snapshots import (
    THREE,
    WITH_PAIR,
    alter,
    alter_server,
    alter_status,
    cluster,
    healthy,
    rest_silent,
    wire,
)
from tests.core.statuses import counted

BEFORE = report(healthy())


def _later(snapshot: Snapshot, seconds: float = 2) -> StatusReport:
    return report(replace(snapshot, taken_at=snapshot.taken_at + timedelta(seconds=seconds)))


def _told(now: StatusReport, before: StatusReport = BEFORE) -> list[str]:
    return [str(change) for change in changes(before, now)]


def test_that_time_goes_by_is_no_change() -> None:
    older = alter_server(healthy(), "gw-a", uptime_s=102)
    assert _told(_later(older)) == []


@pytest.mark.parametrize(
    ("now", "told"),
    [
        pytest.param(
            alter_status(healthy(), "gw-a", cluster=counted(1, 1)), ["[gw-a] C/D 2/0 -> 1/1"], id="counts"
        ),
        pytest.param(alter_server(healthy(), "gw-b", state=9), ["[gw-b] STATE 1 -> 9"], id="state"),
        pytest.param(
            alter_server(healthy(), "gw-b", uptime_s=3),
            ["[gw-b] UP 1 m 40 s -> 3 s (restarted)"],
            id="restarted",
        ),
        pytest.param(
            rest_silent(healthy(), "gw-c"), ["[gw-c] CLUSTER State 1, Active 2/0 -> no answer"], id="gone"
        ),
        pytest.param(
            alter(healthy(), "gw-a", wire=wire(SHARED)),
            [
                f"[gw-a] CERTIFICATE {BEFORE.rows[0].certificate} -> {SHARED.leaf.sha256[:8]}",
            ],
            id="certificate",
        ),
        pytest.param(
            alter_server(healthy(), "gw-b", version="1.2\x1b[2J"),
            ["[gw-b] VERSION 1.1dev -> 1.2?[2J"],
            id="hostile",
        ),
    ],
)
def test_what_changed_is_told_by_node_and_column(now: Snapshot, told: list[str]) -> None:
    assert _told(_later(now)) == told


def test_a_node_that_comes_back_is_told_and_one_that_stays_away_is_not() -> None:
    gone = report(rest_silent(healthy(), "gw-c"))
    assert _told(_later(healthy()), gone) == ["[gw-c] CLUSTER no answer -> State 1, Active 2/0"]
    assert _told(_later(rest_silent(healthy(), "gw-c")), gone) == []


def test_changes_are_marked_once_and_stay_below_for_a_while() -> None:
    first = watched(None, BEFORE, silent_s={})
    second = watched(first, _later(alter_status(healthy(), "gw-a", cluster=counted(1, 1))), silent_s={})
    view = watch_view(second, width=80, height=24, every_s=2)
    at = view.table.header.index("C/D")
    assert [row[at] for row in view.table.rows] == ["1/1*", "2/0", "2/0"]
    third = watched(second, _later(alter_status(healthy(), "gw-a", cluster=counted(1, 1)), 4), silent_s={})
    view = watch_view(third, width=80, height=24, every_s=2)
    assert [row[at] for row in view.table.rows] == ["1/1", "2/0", "2/0"]
    assert any(line.endswith("[gw-a] C/D 2/0 -> 1/1") for line in view.lines)


@pytest.mark.parametrize("width", [80, 160])
def test_a_certificate_is_marked_on_narrow_and_wide_screens(width: int) -> None:
    now = watched(
        watched(None, BEFORE, silent_s={}), _later(alter(healthy(), "gw-a", wire=wire(SHARED))), silent_s={}
    )
    rows = watch_view(now, width=width, height=24, every_s=2).table.rows
    assert f"{SHARED.leaf.sha256[:8]}*" in rows[0]


def test_a_node_that_does_not_answer_says_since_when() -> None:
    why = no_answer(12.3)
    hanging = alter(
        healthy(), "gw-b", status=why, files=why, membership=why, remotes=None, wire=None, sshd=why
    )
    now = watched(None, report(hanging), silent_s={"gw-b": 12.3})
    view = watch_view(now, width=80, height=24, every_s=2)
    assert "no answer for 12 s" in view.table.rows[1]
    assert "no answer for 12 s" not in str(view.table.rows[0])
    assert any(line == "ERROR ssh: [gw-b] no answer for 12 s" for line in view.lines)


def test_for_a_pipe_there_is_a_block_for_each_change_and_none_without() -> None:
    first = watched(None, BEFORE, silent_s={})
    same = watched(first, _later(healthy()), silent_s={})
    assert block(first, same) == ()
    other = watched(same, _later(alter_status(healthy(), "gw-a", cluster=counted(1, 1)), 4), silent_s={})
    head, change, verdict = block(same, other)
    assert (head, change) == (f"{other.report.at:%Y-%m-%d %H:%M:%S} UTC", "  [gw-a] C/D 2/0 -> 1/1")
    assert verdict == f"  {other.report.verdict}"


SIXTY = cluster(*(f"gw-{number:02}" for number in range(60)))


@pytest.fixture(scope="module")
def sixty() -> Watched:
    """Of which gw-41 has changed and gw-50 does not answer."""
    before, now = watched(None, report(healthy(THREE)), silent_s={}), healthy(WITH_PAIR)
    many = [replace(BEFORE.rows[0], node=m.name, member=m.name) for m in SIXTY.members]
    first = replace(before.report, rows=tuple(many))
    many[41] = replace(many[41], connected=1)
    many[50] = replace(many[50], state=None)
    seen = watched(Watched(first), replace(report(now), rows=tuple(many)), silent_s={"gw-50": 4})
    return replace(seen, recent=())


@pytest.mark.parametrize("height", [10, 24, 50, 64, 65, 100])
def test_it_is_never_higher_than_the_screen_and_what_changed_is_on_it(sixty: Watched, height: int) -> None:
    view = watch_view(sixty, width=80, height=height, every_s=2)
    assert 2 + len(view.table.rows) + len(view.lines) <= height
    names = [row[0] for row in view.table.rows]
    assert {"gw-41", "gw-50"} <= set(names)
    hidden = 60 - len(names)
    assert (view.lines[0] == f"and {hidden} more node{'s' * (hidden > 1)}, unchanged") is (hidden > 0)


@pytest.mark.parametrize(("text", "seconds"), [("", 2.0), ("0.5", 0.5), ("30", 30.0)])
def test_an_interval(text: str, seconds: float) -> None:
    assert interval_of(text) == seconds


@pytest.mark.parametrize("text", ["x", "0", "-1", "nan", "inf", "9999999", "2s"])
def test_no_interval(text: str) -> None:
    with pytest.raises(UsageError, match=r"--interval .*: wanted seconds, from 0\.5 to 3600"):
        interval_of(text)
