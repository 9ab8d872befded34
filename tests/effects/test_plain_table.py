"""A table that fits is written as rich would draw it; any other one is left to rich."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.text_table import TextTable, plain_lines
from tasks.effects.console import drawn_by_rich, show_table

CELLS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)


@st.composite
def tables(draw: st.DrawFn) -> TextTable:
    columns = draw(st.integers(1, 5))
    row = st.tuples(*[CELLS] * columns)
    return TextTable(draw(CELLS), draw(row), tuple(draw(st.lists(row, max_size=5))))


@settings(max_examples=300, deadline=None, database=None)
@given(tables(), st.sampled_from([20, 40, 80, 160]), st.integers(1, 2))
def test_it_is_what_rich_draws(table: TextTable, columns: int, gap: int) -> None:
    lines = plain_lines(table, columns=columns, gap=gap)
    if lines is not None:
        assert "\n".join(lines) == drawn_by_rich(table, columns=columns, gap=gap)


ROWS = (("gw-a", "1/2"), ("gw-b", "longer"))
GOOD = TextTable("demo", ("NODE", "C/D"), ROWS)
LEFT = {
    "one column too many": (GOOD, 13),
    "a title that is too long": (TextTable("x" * 41, ("NODE", "C/D"), ROWS), 40),
    "signs of another width": (TextTable("demo", ("NODE", "C/D"), (*ROWS, ("gw-\u4e2d", ""))), 40),
    "several lines in a cell": (TextTable("demo", ("NODE", "C/D"), (*ROWS, ("gw-c", "a\nb"))), 40),
    "what would steer a terminal": (TextTable("demo", ("NODE", "C/D"), (*ROWS, ("\x1b[2J", ""))), 40),
    "no columns": (TextTable("demo", (), ()), 40),
}


@pytest.mark.parametrize("why", LEFT)
def test_what_does_not_fit_is_left_to_rich(why: str) -> None:
    table, columns = LEFT[why]
    assert plain_lines(table, columns=columns, gap=2) is None
    assert plain_lines(GOOD, columns=14, gap=2) == (
        "demo",
        "NODE  C/D     ",
        "gw-a  1/2     ",
        "gw-b  longer  ",
    )


def test_where_somebody_asks_for_styles_they_are_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    show_table(GOOD)
    assert "\x1b" not in capsys.readouterr().out
    monkeypatch.setenv("FORCE_COLOR", "1")
    show_table(GOOD)
    assert "\x1b[1m" in capsys.readouterr().out
