"""What is drawn where not all of it fits."""

from __future__ import annotations

import pytest

from tasks.core.fitting import column_widths, fitting

ROWS = [("a", 3), ("p", 3), ("p", 1), ("b", 2), ("c", 0)]


@pytest.mark.parametrize(
    ("space", "shown"),
    [(9, "appbc"), (5, "appbc"), (4, "ppc"), (3, "c"), (2, "c"), (1, ""), (0, ""), (-3, "")],
)
def test_whole_members_by_rank_with_a_line_left_for_the_others(space: int, shown: str) -> None:
    taken = fitting(ROWS, space)
    assert "".join(member for number, (member, _) in enumerate(ROWS) if number in taken) == shown


@pytest.mark.parametrize(
    ("longest", "space", "cut", "widths"),
    [
        pytest.param((5, 7, 9), 21, None, (5, 7, 9), id="fits"),
        pytest.param((5, 70, 9), 24, None, (5, 10, 9), id="the widest"),
        pytest.param((5, 9, 9), 20, 2, (5, 9, 6), id="the one that is named"),
        pytest.param((5, 9, 9), 16, 2, (5, 5, 6), id="it keeps some"),
        pytest.param((5, 5), 1, None, (1, 1), id="no space at all"),
    ],
)
def test_too_wide_a_table_loses_its_widest_columns_first(
    longest: tuple[int, ...], space: int, cut: int | None, widths: tuple[int, ...]
) -> None:
    assert column_widths(longest, space, cut=cut) == widths
