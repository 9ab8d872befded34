"""Tables as lines with styles, for what is drawn in place: one line a row, none longer than the screen is wide."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tasks.core.render import TextTable, printable
from tasks.effects.console import KEPT_WHOLE

AS_THEY_COME: Mapping[str, int] = {}


def drawn(
    table: TextTable,
    below: Sequence[str],
    *,
    columns: int,
    style: Callable[[int, str], str],
    least: Mapping[str, int] = AS_THEY_COME,
) -> tuple[str, ...]:
    """The title, the table (without a header it is left out) and the lines below it.

    Args:
        style: Of a cell, by the number of its row and its text.
        least: By header, signs that a column has at least: it stands still while its cells change.
    """
    console = Console(
        file=io.StringIO(), width=columns, force_terminal=True, color_system="standard", highlight=False
    )
    with console.capture() as captured:
        if table.header:
            _print(console, (table.title,), style="italic")
            console.print(_table(table, style=style, least=least))
        _print(console, below)
    return tuple(line.rstrip() for line in captured.get().split("\n")[:-1])


def _print(console: Console, lines: Sequence[str], *, style: str = "") -> None:
    for line in lines:
        console.print(Text(printable(line), style=style), no_wrap=True, overflow="ellipsis", crop=True)


def _table(table: TextTable, *, style: Callable[[int, str], str], least: Mapping[str, int]) -> Table:
    """Short columns stay whole; long ones are cut where the space ends."""
    shown = Table(box=None, padding=(0, 1, 0, 0), header_style="bold", pad_edge=False)
    for number, name in enumerate(table.header):
        longest = max((len(cell) for cell in (name, *(row[number] for row in table.rows))), default=0)
        whole = max(least.get(name, 0), longest) if longest <= KEPT_WHOLE else None
        shown.add_column(Text(name), no_wrap=True, overflow="ellipsis", min_width=whole)
    for number, row in enumerate(table.rows):
        shown.add_row(*(Text(printable(cell), style=style(number, cell)) for cell in row))
    return shown
