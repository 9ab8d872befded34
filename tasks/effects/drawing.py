"""Tables as lines with styles, for what is drawn in place: one line a row, none longer than the screen is wide."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tasks.core.fitting import column_widths
from tasks.core.render import TextTable, printable

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
        style: Of a cell, by the number of its row and its text.
        least: By header, signs that a column has at least: it stands still while its cells change.
        cut: The header of the column that is cut before all others.
    """
    console = Console(
        file=io.StringIO(), width=columns, force_terminal=True, color_system="standard", highlight=False
    )
    with console.capture() as captured:
        if table.header:
            _print(console, (table.title,), style="italic")
            console.print(_table(table, _widths(table, columns, least=least, cut=cut), style=style))
        _print(console, below)
    return tuple(line.rstrip() for line in captured.get().split("\n")[:-1])


def _print(console: Console, lines: Sequence[str], *, style: str = "") -> None:
    for line in lines:
        console.print(Text(printable(line), style=style), no_wrap=True, overflow="ellipsis", crop=True)


def _widths(table: TextTable, columns: int, *, least: Mapping[str, int], cut: str) -> tuple[int, ...]:
    cells = zip(table.header, *table.rows, strict=True)
    longest = [max(least.get(one[0], 0), *(cell_len(printable(cell)) for cell in one)) for one in cells]
    number = table.header.index(cut) if cut in table.header else None
    return column_widths(longest, columns - len(longest) * _GAP, cut=number)


def _table(table: TextTable, widths: Sequence[int], *, style: Callable[[int, str], str]) -> Table:
    shown = Table(box=None, padding=(0, _GAP, 0, 0), header_style="bold", pad_edge=False)
    for name, width in zip(table.header, widths, strict=True):
        shown.add_column(Text(name), no_wrap=True, overflow="ellipsis", width=width)
    for number, row in enumerate(table.rows):
        shown.add_row(*(Text(printable(cell), style=style(number, cell)) for cell in row))
    return shown
