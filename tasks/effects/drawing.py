"""Tables as lines with styles, for what is drawn in place: one line a row, none longer than the screen is wide.

Rich's own tables take 60 ms for 60 rows, four times a second: here its styles and cell widths are all that is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from rich.cells import cell_len, set_cell_size
from rich.color import ColorSystem
from rich.style import Style

from tasks.core.fitting import column_widths
from tasks.core.text_table import TextTable, printable

_GAP = 1
AS_THEY_COME: Mapping[str, int] = {}


def drawn(
    table: TextTable,
    below: Sequence[str],
    *,
    columns: int,
    style: Callable[[int, str], str],
    least: Mapping[str, int] = AS_THEY_COME,
    cut: str = "",
) -> tuple[str, ...]:
    """The title, the table (without a header it is left out) and the lines below it.

    Args:
        style: Of a cell, by the number of its row and its text, as rich names it.
        least: By header, signs that a column has at least: it stands still while its cells change.
        cut: The header of the column that is cut before all others.
    """
    under = tuple(_fit(printable(line), columns).rstrip() for line in below)
    if not table.header:
        return under
    rows = tuple(tuple(map(printable, row)) for row in (table.header, *table.rows))
    longest = [max(least.get(one[0], 0), *map(cell_len, one)) for one in zip(*rows, strict=True)]
    number = table.header.index(cut) if cut in table.header else None
    widths = column_widths(longest, columns - len(longest) * _GAP, cut=number)
    head = _row(rows[0], widths, lambda _: "bold")
    body = (_row(row, widths, lambda cell, n=n: style(n, cell)) for n, row in enumerate(rows[1:]))  # type: ignore[misc]
    return (_styled(_fit(printable(table.title), columns).rstrip(), "italic"), head, *body, *under)


def _row(cells: Sequence[str], widths: Sequence[int], style: Callable[[str], str]) -> str:
    shown = [(_fit(cell, width), style(cell)) for cell, width in zip(cells, widths, strict=True)]
    last = max((n for n, cell in enumerate(cells) if cell), default=0)
    told = [
        _styled(text.rstrip() if n == last else text, how) for n, (text, how) in enumerate(shown[: last + 1])
    ]
    return (" " * _GAP).join(told)


def _fit(text: str, width: int) -> str:
    """Filled up with blanks, or cut, which is shown."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return f"{set_cell_size(text, max(width - 1, 0))}…"


def _styled(text: str, style: str) -> str:
    return _style(style).render(text, color_system=ColorSystem.STANDARD) if style else text


@cache
def _style(name: str) -> Style:
    return Style.parse(name)
