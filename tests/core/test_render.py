"""Tables and texts: what they say, and that they fit on the screen where they are drawn."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.core.findings import Finding, Severity
from tasks.core.health import StatusReport, report
from tasks.core.model import Cluster
from tasks.core.plan import Counts, Plan
from tasks.core.plan_table import plan_table
from tasks.core.proof_table import proof_table
from tasks.core.render import findings_lines, status_table, versions_line
from tasks.core.snapshot import Snapshot
from tasks.core.text_table import TextTable, duration
from tasks.effects.console import show_table
from tests.core.certs import OTHER_SHARED, SHARED
from tests.core.plans import plan_of
from tests.core.snapshots import (
    NO_ANSWER,
    THREE,
    WITH_PAIR,
    alter,
    alter_server,
    alter_status,
    cluster,
    healthy,
    pair,
    unreachable,
    wire,
)
from tests.core.statuses import paired

LONG = cluster("gateway-frankfurt-a-01", "gateway-frankfurt-b-02", pair("gateway-frankfurt-d"))
TWELVE = cluster(*(f"gw-{letter}" for letter in "abcdefghijkl"))
Capture = pytest.CaptureFixture[str]


def _drawn(table: TextTable, capsys: Capture, *, columns: int = 80) -> list[str]:
    show_table(table, columns=columns)
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def _five_nodes() -> StatusReport:
    """A pair, one node that does not answer, one on the built-in pair."""
    return report(alter(healthy(WITH_PAIR), "gw-b", wire=NO_ANSWER, status=NO_ANSWER))


# --- status


def test_five_nodes_fit_into_80_columns_one_line_each(capsys: Capture) -> None:
    table = status_table(report(unreachable(healthy(WITH_PAIR, runs=SHARED), "gw-b")), width=80)
    lines = _drawn(table, capsys)
    assert max(map(len, lines)) <= 80
    assert len(lines) == 2 + 5
    served = SHARED.leaf.sha256[:8]
    assert [line.split() for line in lines[2:]] == [
        ["gw-a", "single", "1", "Active", "3/0", "-", served, "365", "same"],
        ["gw-b", "?", "?", "no", "answer"],
        ["gw-c", "single", "1", "Active", "3/0", "-", served, "365", "same"],
        ["gw-d1", "primary", "1", "Active", "3/0", "in", "sync", served, "365", "same"],
        [
            "gw-d2",
            "standby",
            "10",
            "Standby",
            "0/0",
            "in",
            "sync",
            "-",
            *["by", "files", "and", "start", "time"],
        ],
    ]


def test_nodes_on_the_built_in_pair_fit_into_80_columns_one_line_each(capsys: Capture) -> None:
    lines = _drawn(status_table(_five_nodes(), width=80), capsys)
    assert len(lines) == 2 + 5
    assert [("BUILT-IN" in line) for line in lines[2:]] == [True, False, True, True, False]


def test_on_a_wide_screen_version_uptime_and_the_digits_of_a_built_in_are_shown(capsys: Capture) -> None:
    found = report(healthy(WITH_PAIR))
    lines = _drawn(status_table(found, width=160), capsys, columns=160)
    digits = found.rows[0].certificate
    assert f"{digits} BUILT-IN" in lines[2]
    assert lines[2].split()[-5:] == ["1", "m", "40", "s", "1.1dev"]
    narrow = _drawn(status_table(found, width=99), capsys, columns=99)
    assert not any(digits in line or "1.1dev" in line for line in narrow)


def test_long_names_are_wrapped_and_short_cells_stay_whole(capsys: Capture) -> None:
    snapshot = alter_status(healthy(LONG, runs=SHARED), "gateway-frankfurt-d2", ha=paired("UNSYNC_ERROR"))
    lines = _drawn(status_table(report(snapshot), width=80), capsys)
    assert max(map(len, lines)) <= 80
    assert lines[1].split() == [
        "NODE",
        "ROLE",
        "STATE",
        "CLUSTER",
        "C/D",
        "SYNC",
        "SERVES",
        "DAYS",
        "ON",
        "DISK",
    ]
    text = "\n".join(lines)
    for whole in ("unsync_error", SHARED.leaf.sha256[:8], "primary", "in sync", "Active"):
        assert whole in text
    first = [line.split()[0] for line in lines[2:]]
    assert "".join(first).startswith("gateway-frankfurt-a-01")


def test_a_node_that_does_not_answer_shows_no_made_up_counts() -> None:
    (row,) = [row for row in status_table(_five_nodes(), width=80).rows if row[0] == "gw-b"]
    assert row == ("gw-b", "?", "?", "no answer", "", "", "", "", "")


def test_the_title_names_cluster_and_moment() -> None:
    assert status_table(_five_nodes(), width=80).title == "production at 2026-11-22 12:00:00 UTC"


def test_versions_are_one_line_where_all_are_alike_and_are_told_apart_where_not() -> None:
    snapshot = healthy()
    assert versions_line(report(snapshot)) == "version 1.1dev on all nodes that answer"
    mixed = versions_line(report(alter_server(snapshot, "gw-b", version="5.0 old")))
    assert mixed == "versions: 1.1dev (Eclipse Amlen) on gw-a, gw-c; 5.0 old (Message Gateway) on gw-b"
    alike = versions_line(report(alter_server(snapshot, "gw-b", version="1.2 new")))
    assert alike == "versions: 1.1dev on gw-a, gw-c; 1.2 new on gw-b"


def test_no_version_is_claimed_where_no_node_answers() -> None:
    snapshot = healthy()
    for name in snapshot.nodes:
        snapshot = unreachable(snapshot, name)
    assert versions_line(report(snapshot)) == "no version known: no node answers"


# --- findings


def _finding(name: str, where: str, *, severity: Severity = Severity.ERROR, text: str = "bad") -> Finding:
    return Finding(name, severity, where, text, "mend it")


def test_errors_come_first_and_the_same_on_several_nodes_is_said_once() -> None:
    found = (
        _finding("edit", "gw-a", severity=Severity.INFO),
        _finding("open", "gw-a", severity=Severity.WARNING),
        _finding("state", "gw-a"),
        _finding("open", "gw-b", severity=Severity.WARNING),
        _finding("state", "gw-a"),
    )
    assert findings_lines(found) == (
        *("ERROR state: [gw-a] bad", "  -> mend it"),
        *("WARNING open: [gw-a, gw-b] bad", "  -> mend it"),
        *("INFO edit: [gw-a] bad", "  -> mend it"),
    )


@pytest.mark.parametrize("other", [_finding("a", "y", text="else"), _finding("b", "y")])
def test_findings_that_differ_in_name_or_text_stay_apart(other: Finding) -> None:
    assert len(findings_lines((_finding("a", "x"), other))) == 4


def test_an_ignored_finding_stays_visible_and_is_marked() -> None:
    lines = findings_lines((_finding("a", "x"), _finding("b", "x")), ignored=frozenset({"a"}))
    assert lines[0] == "ERROR (ignored) a: [x] bad"
    assert lines[2] == "ERROR b: [x] bad"


def test_a_finding_about_the_whole_cluster_names_no_place() -> None:
    assert findings_lines((_finding("a", ""),))[0] == "ERROR a: bad"
    assert findings_lines(()) == ()


# --- plan


def test_a_plan_of_four_members_has_a_column_for_each_and_fits(capsys: Capture) -> None:
    table = plan_table(plan_of(healthy(WITH_PAIR)))
    assert table.header == ("#", "STEP", "gw-a", "gw-b", "gw-c", "gw-d")
    lines = _drawn(table, capsys)
    assert lines[0] == "production: prescribed, observer gw-c"
    assert len(lines) == 2 + len(table.rows)
    assert lines[2].split() == ["now", "3/0", "3/0", "3/0", "3/0"]
    (restart,) = [line for line in lines if "restart gw-a" in line]
    assert restart.split()[-4:] == ["0/3", "2/1", "2/1", "2/1"]


def _growing() -> Plan:
    """Members come in one after the other: first none, then two of three."""
    plan = plan_of(healthy())
    counts = {name: Counts(connected=1, disconnected=0) for name in ("gw-a", "gw-b")}
    steps = tuple(step.model_copy(update={"expected": counts}) for step in plan.steps)
    return plan.model_copy(update={"baseline": {}, "steps": steps, "task": "cluster.create", "observer": ""})


def test_members_that_take_no_part_yet_have_no_counts(capsys: Capture) -> None:
    table = plan_table(_growing())
    assert table.header == ("#", "STEP", "gw-a", "gw-b")
    assert table.rows[0] == ("", "now", "-", "-")
    assert table.rows[1][2:] == ("1/0", "1/0")
    assert table.title == "production: cluster.create prescribed"


def test_members_that_take_no_part_yet_are_not_among_the_others() -> None:
    table = plan_table(_growing(), width=20)
    assert table.rows[0] == ("", "now", "no member yet")
    assert table.rows[1][2] == "1/0: all"


def test_a_plan_says_standby_primary_and_observer() -> None:
    steps = [row[1] for row in plan_table(plan_of(healthy(WITH_PAIR))).rows]
    assert "restart standby of gw-d, sync" in steps
    assert "restart primary of gw-d" in steps
    assert "restart gw-c (observer)" in steps
    assert {"place on gw-d2", "swap in gw-d", "restart gw-a", "prove all"} <= set(steps)


@pytest.mark.parametrize("wanted", [TWELVE, LONG], ids=["twelve members", "long names"])
def test_a_plan_too_wide_for_the_screen_names_members_only_where_counts_change(
    wanted: Cluster, capsys: Capture
) -> None:
    table = plan_table(plan_of(healthy(wanted)))
    assert table.header == ("#", "STEP", "CONNECTED/DISCONNECTED AFTER IT")
    lines = _drawn(table, capsys)
    assert max(map(len, lines)) <= 80
    assert all(name in " ".join(lines) for name in ("others", "as before", "prove all"))


def test_twelve_members_are_told_in_groups_of_equal_counts() -> None:
    said = {row[1]: row[2] for row in plan_table(plan_of(healthy(TWELVE))).rows}
    assert said["now"] == "11/0: all"
    assert said["place on gw-a"] == said["swap in gw-a"] == said["prove all"] == "as before"
    assert said["restart gw-a"] == "0/11: gw-a; 10/1: others"
    assert said["restart gw-b"] == "1/10: gw-a, gw-b; 9/2: others"
    assert said["restart gw-k"] == "0/11: gw-l; 10/1: others"
    assert said["restart gw-l (observer)"] == "11/0: all"


def test_a_line_of_twelve_members_takes_two_lines_of_the_screen_at_most(capsys: Capture) -> None:
    table = plan_table(plan_of(healthy(TWELVE)))
    assert len(_drawn(table, capsys)) <= 2 + len(table.rows) + 6


def test_a_wide_screen_has_room_for_a_column_per_member(capsys: Capture) -> None:
    table = plan_table(plan_of(healthy(TWELVE)), width=160)
    assert len(table.header) == 14
    assert len(_drawn(table, capsys, columns=160)) == 2 + len(table.rows)


# --- words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0, "0 s"),
        (9.9, "9 s"),
        (60, "1 m 0 s"),
        (842, "14 m 2 s"),
        (3600, "1 h 0 s"),
        (2 * 86400 + 3 * 3600 + 59, "2 d 3 h"),
    ],
)
def test_durations_have_two_units_at_most(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


# --- proof


def test_the_proof_shows_before_and_now_of_every_node(capsys: Capture) -> None:
    plan = plan_of(healthy(WITH_PAIR))
    table = proof_table(report(healthy(WITH_PAIR, runs=SHARED)), plan)
    before, now = plan.before["gw-a"][:8], SHARED.leaf.sha256[:8]
    assert table.rows[0] == ("gw-a", "single", before, now, "yes", "3/0")
    assert table.rows[4] == ("gw-d2", "standby", "standby", "by files and start time", "yes", "0/0")
    assert {row[4] for row in table.rows} == {"yes"}
    lines = _drawn(table, capsys)
    assert len(lines) == 2 + 5
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("snapshot", "not_new"),
    [
        pytest.param(healthy(WITH_PAIR), {"gw-a", "gw-b", "gw-c", "gw-d1", "gw-d2"}, id="nothing moved"),
        pytest.param(
            alter(healthy(WITH_PAIR, runs=SHARED), "gw-b", wire=wire(OTHER_SHARED)), {"gw-b"}, id="another"
        ),
        pytest.param(
            alter(healthy(WITH_PAIR, runs=SHARED), "gw-d1", wire=wire(OTHER_SHARED)),
            {"gw-d1", "gw-d2"},
            id="a standby is no newer than its primary",
        ),
        pytest.param(
            alter_server(healthy(WITH_PAIR, runs=SHARED), "gw-d2", uptime_s=7200), {"gw-d2"}, id="old standby"
        ),
        pytest.param(unreachable(healthy(WITH_PAIR, runs=SHARED), "gw-b"), {"gw-b"}, id="unseen"),
    ],
)
def test_what_is_not_proven_is_not_called_new(snapshot: Snapshot, not_new: set[str]) -> None:
    table = proof_table(report(snapshot), plan_of(healthy(WITH_PAIR)))
    assert {row[0] for row in table.rows if row[4] == "NO"} == not_new


def test_an_empty_report_draws_its_header(capsys: Capture) -> None:
    empty = replace(report(healthy(THREE)), rows=())
    assert _drawn(status_table(empty, width=80), capsys)[1].startswith("NODE")
