"""The plan's lines of who is connected with whom, never wider than a terminal."""

from __future__ import annotations

from itertools import combinations

import pytest

from tasks.core.plan import TrustStage
from tasks.core.trust_text import MOST_LINES, WIDTH, stage_line, trust_lines
from tests.core.certs import OWN
from tests.core.plans import plan_of, renewed
from tests.core.snapshots import WITH_PAIR, healthy

NAMES = tuple(f"gateway-{number:02d}" for number in range(60))


def stage(*groups: str, after: str = "restart:gw-a", **more: tuple[tuple[str, str], ...]) -> TrustStage:
    return TrustStage(after=after, groups=tuple(tuple(group.split()) for group in groups), **more)


def test_a_plan_says_who_is_with_whom_after_each_step_that_changes_it() -> None:
    assert trust_lines(plan_of(healthy(WITH_PAIR))) == (
        "  after restart:gw-a: gw-a | gw-b gw-c gw-d",
        "  after restart:gw-b: gw-a gw-b | gw-c gw-d",
        "  after restart:gw-d: gw-a gw-b gw-d | gw-c",
        "  after restart:gw-c: all connected",
    )


def test_a_plan_that_parts_nobody_says_nothing() -> None:
    assert trust_lines(plan_of(healthy(runs=OWN.sets), renewed())) == ()


def test_an_asymmetry_that_is_there_already_is_shown_first() -> None:
    plan = plan_of(healthy(runs=OWN.sets), renewed())
    crooked = plan.model_copy(update={"trust": (stage("a b", after="now", one_way=(("a", "b"),)),)})
    assert trust_lines(crooked) == ("  now: all connected; one direction only: a > b",)


@pytest.mark.parametrize(
    ("told", "line"),
    [
        pytest.param(stage("a b c"), "all connected", id="one group"),
        pytest.param(
            stage("a b", one_way=(("a", "b"),)), "all connected; one direction only: a > b", id="one way"
        ),
        pytest.param(
            stage("a b c", apart=(("a", "c"),)),
            "all connected, some by way of others; apart: a x c",
            id="not each with each",
        ),
        pytest.param(stage("a", "b c"), "a | b c", id="two groups"),
    ],
)
def test_a_stage_is_one_line(told: TrustStage, line: str) -> None:
    assert stage_line(told) == f"  after restart:gw-a: {line}"


@pytest.mark.parametrize("first", [1, 2, 5, 30, 59])
def test_however_many_members_a_line_fits_the_terminal(first: int) -> None:
    one_way = tuple(combinations(NAMES[:first], 2))
    told = TrustStage(
        after="restart:gateway-01", groups=(NAMES[:first], NAMES[first:]), one_way=one_way, apart=one_way
    )
    assert len(stage_line(told)) <= WIDTH
    alone = TrustStage(after="restart:gateway-01", groups=tuple((name,) for name in NAMES))
    assert len(stage_line(alone)) <= WIDTH


def test_of_many_stages_the_first_and_the_last_are_shown() -> None:
    many = tuple(stage("a", "b", after=f"restart:{name}") for name in NAMES)
    lines = trust_lines(plan_of(healthy()).model_copy(update={"trust": many}))
    assert len(lines) < MOST_LINES
    assert "  and after 51 more steps -> fab credentials.matrix" in lines
    assert lines[0].startswith("  after restart:gateway-00:")
    assert lines[-1].startswith("  after restart:gateway-59:")
