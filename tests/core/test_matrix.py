"""The trust matrix: signs, tables, what is shown where a table is too wide, and the data."""

from __future__ import annotations

import json

import pytest

from tasks.core.acceptance import LetIn, Observed, TurnedAway
from tasks.core.course import Wish
from tasks.core.credential_set import CredentialSet
from tasks.core.errors import Refused
from tasks.core.findings import Finding, Severity
from tasks.core.json_text import json_text
from tasks.core.matrix import (
    LEGEND,
    Matrix,
    cell,
    fits,
    grouped_lines,
    legend_lines,
    one_way_line,
    stage_table,
    stages_and_why,
)
from tasks.core.matrix_data import matrix_data
from tasks.core.snapshot import Snapshot, Unseen
from tasks.core.stages import Direction, Stage
from tests.core.certs import NOW, OWN, SHARED
from tests.core.plans import renewed
from tests.core.snapshots import THREE, healthy

AB, BA = ("a", "b"), ("b", "a")


def stage(*dials: Direction, linked: tuple[str, ...] = ("ab",), after: str = "now") -> Stage:
    return Stage(after, frozenset(frozenset(pair) for pair in linked), frozenset(dials))


def matrix(
    *stages: Stage, members: tuple[str, ...] = ("a", "b"), observed: tuple[Observed, ...] = ()
) -> Matrix:
    return Matrix("production", NOW, members, frozenset(members), stages, observed=observed)


@pytest.mark.parametrize(
    ("seen", "there", "back"),
    [
        pytest.param(stage(AB, BA), "=", "=", id="both directions"),
        pytest.param(stage(AB), ">", "<", id="only a dials b"),
        pytest.param(stage(linked=()), "x", "x", id="apart"),
        pytest.param(stage(), "+", "+", id="connected, not explained"),
        pytest.param(stage(AB, linked=()), "-", "-", id="apart, not explained"),
    ],
)
def test_a_cell_is_read_from_its_row(seen: Stage, there: str, back: str) -> None:
    both = frozenset("ab")
    assert (cell(seen, AB, loaded=both), cell(seen, BA, loaded=both)) == (there, back)
    assert cell(seen, ("a", "a"), loaded=both) == ""


def test_of_a_member_whose_certificate_was_not_seen_only_the_link_is_known() -> None:
    assert cell(stage(), AB, loaded=frozenset("a")) == "+"
    assert cell(stage(linked=()), AB, loaded=frozenset("a")) == "?"


def test_a_table_has_a_row_and_a_column_per_member_and_a_legend_of_its_signs() -> None:
    shown = matrix(stage(AB), stage(linked=(), after="restart:a"))
    table = stage_table(shown, shown.stages[0])
    assert table.title == "production at 2026-11-22 12:00:00 UTC: who connects to whom now"
    assert table.header == ("DIALS", "a", "b")
    assert table.rows == (("a", "", ">"), ("b", "<", ""))
    assert stage_table(shown, shown.stages[1]).title == "after restart:a, the end"
    assert [line.split()[0] for line in legend_lines(shown)] == [">", "<", "x"]
    assert set("=><x+-?") == set(LEGEND)


def test_one_direction_only_is_counted_and_named() -> None:
    assert one_way_line(stage(AB)) == "one direction only, 1 pair: a > b"
    two = stage(AB, ("a", "c"), linked=("ab", "ac"))
    assert one_way_line(two) == "one direction only, 2 pairs: a > b, a > c"
    assert one_way_line(stage(AB, BA)) == ""


def test_five_members_fit_and_twenty_fall_back_to_groups() -> None:
    five = tuple(f"gateway-{number}" for number in range(5))
    assert fits(matrix(members=five), width=80)
    twenty = tuple(f"gateway-{number:02d}" for number in range(20))
    assert not fits(matrix(members=twenty), width=80)


def test_groups_and_crooked_pairs_say_what_the_table_would() -> None:
    told = stage(AB, linked=("ab",), after="restart:a")
    shown = matrix(stage(AB, BA), told, members=("a", "b", "c"))
    assert list(grouped_lines(shown, told)) == [
        "after restart:a, the end",
        "  a b | c",
        "  one direction only: a > b",
    ]


def test_the_data_has_stable_keys_and_is_json() -> None:
    observed = tuple(
        Observed("shared", "a", "a1", answer) for answer in (LetIn(), TurnedAway("why"), Unseen("no", "-"))
    )
    shown = matrix(stage(AB), members=("a", "b"), observed=observed)
    data = json.loads(json_text(matrix_data(shown)))
    assert list(data) == ["cluster", "at", "members", "why", "stages", "observed"]
    assert data["stages"] == [
        {"after": "now", "links": [["a", "b"]], "dials": {"a": ["b"], "b": []}, "one_way": [["a", "b"]]}
    ]
    assert [(one["answer"], one["reason"]) for one in data["observed"]] == [
        ("let-in", ""),
        ("turned-away", "why"),
        ("unseen", "no"),
    ]
    assert {one["as_computed"] for one in data["observed"]} == {None}


ALL = dict.fromkeys((member.name for member in THREE.members), SHARED)


def afters(
    snapshot: Snapshot, sets: dict[str, CredentialSet], *findings: Finding, strategy: str = "prescribed"
) -> tuple[list[str], str]:
    stages, why = stages_and_why(snapshot, sets, findings=findings, wish=Wish(strategy=strategy))
    return [stage.after for stage in stages], why


def test_a_migration_has_a_stage_per_restart_and_no_excuse() -> None:
    assert afters(healthy(), ALL) == (["now", "restart:gw-a", "restart:gw-b", "restart:gw-c"], "")


@pytest.mark.parametrize(
    ("snapshot", "sets", "why"),
    [
        pytest.param(
            healthy(runs=SHARED), ALL, "every member already runs with its credential set", id="done"
        ),
        pytest.param(
            healthy(runs=OWN.sets), renewed(), "no step of the plan changes it", id="new leafs, the same CA"
        ),
    ],
)
def test_now_alone_says_why(snapshot: Snapshot, sets: dict[str, CredentialSet], why: str) -> None:
    assert afters(snapshot, sets) == (["now"], why)


def test_where_a_set_is_missing_now_is_shown_all_the_same() -> None:
    missing = Finding("credentials-missing", Severity.ERROR, "", "no set", "fab credentials.create")
    told = Finding("expires-soon", Severity.WARNING, "", "soon", "renew")
    assert afters(healthy(), {}, missing, told) == (
        ["now"],
        "no plan can be made (credentials-missing) -> fab check",
    )


def test_a_strategy_that_is_not_there_is_refused() -> None:
    with pytest.raises(Refused, match="strategy renew is not possible: gw-a"):
        afters(healthy(), ALL, strategy="renew")
