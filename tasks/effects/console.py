"""What the operator sees: results on stdout, progress and errors on stderr, plain when piped."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import textwrap
from contextlib import suppress
from typing import TextIO

from tasks.core.text_table import NARROW, TextTable, plain_lines, printable

PIPED_WIDTH = 160
KEPT_WHOLE = 17  # a column whose cells are no longer than this is never wrapped
DRAWN = str.maketrans("└├─│·", "`|-|-")  # of trees, for a screen that cannot show them
_CONTROL = re.compile(r"[^\n\t -~]")


def width() -> int:
    """Columns of the terminal; wide when there is none."""
    return shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else PIPED_WIDTH


def _is_screen() -> bool:
    """Whether there is somebody for whom styles are, as rich finds out."""
    return sys.stdout.isatty() or "FORCE_COLOR" in os.environ or "TTY_COMPATIBLE" in os.environ


def be_ready_to_draw() -> None:
    """Import what draws tables: for whoever has to wait for what is to be drawn."""
    if not _is_screen():
        return
    import rich.console
    import rich.table  # noqa: F401


def show_table(table: TextTable, *, columns: int | None = None) -> None:
    """Draw a table on stdout; short cells stay whole, longer ones are wrapped where the space ends.

    Args:
        columns: Of the screen; None for as many as the terminal has.
    """
    columns = columns or width()
    gap = 2 if columns >= NARROW else 1
    lines = None if _is_screen() else plain_lines(table, columns=columns, gap=gap)
    _write("\n".join(lines) if lines else drawn_by_rich(table, columns=columns, gap=gap))


def drawn_by_rich(table: TextTable, *, columns: int, gap: int) -> str:
    """With styles where stdout is a terminal."""
    from rich.console import Console  # here: it takes its time, and not every line takes it
    from rich.table import Table
    from rich.text import Text

    console = Console(file=sys.stdout, width=columns, highlight=False, soft_wrap=False)
    drawn = Table(box=None, padding=(0, gap, 0, 0), header_style="bold")
    for number, column in enumerate(table.header):
        longest = max((len(line) for row in table.rows for line in row[number].split("\n")), default=0)
        drawn.add_column(Text(harmless(column)), overflow="fold", no_wrap=longest <= KEPT_WHOLE)
    for row in table.rows:
        drawn.add_row(*(Text(harmless(cell), style=_style(cell)) for cell in row))
    with console.capture() as captured:
        console.print(Text(harmless(table.title), style="italic"))  # as the table's own it would be folded
        console.print(drawn)
    return captured.get().removesuffix("\n")


def _style(cell: str) -> str:
    if "BUILT-IN" in cell or cell in ("NO", "DIFFERENT", "no answer", "?"):
        return "bold red"
    return ""


def say(text: str = "", *, verbatim: bool = False) -> bool:
    """One line of a result; folded between words on a terminal, unless `verbatim`.

    Args:
        verbatim: JSON, or another text whose blanks and lines stay as they are; what would steer a terminal is
            shown as JSON writes it, so that JSON says the same as before.

    Returns:
        Whether somebody still reads.
    """
    return _write(_escaped(text) if verbatim else _folded(harmless(text), sys.stdout))


def _write(text: str) -> bool:
    """A reader that has gone (`| head`) breaks nothing off: the exit code says how it went."""
    try:
        print(encodable(text, sys.stdout.encoding), flush=True)  # noqa: T201
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        return False
    return True


def encodable(text: str, encoding: str | None) -> str:
    """The text as a screen of that encoding can show it: trees by plain signs, what is left as "?"."""
    known = encoding or "utf-8"
    try:
        text.encode(known)
    except UnicodeEncodeError:
        return text.translate(DRAWN).encode(known, "replace").decode(known)
    return text


def tell(text: str, *, verbatim: bool = False) -> None:
    """One line of progress or an error; a terminal that is gone does not break a run off.

    Args:
        verbatim: JSON: see `say`.
    """
    with suppress(OSError):
        shown = _escaped(text) if verbatim else _folded(harmless(text), sys.stderr)
        told = encodable(shown, sys.stderr.encoding)
        print(told, file=sys.stderr, flush=True)  # noqa: T201


def harmless(text: str) -> str:
    """Names of files and certificates, and answers of servers, steer no terminal."""
    return "\n".join(map(printable, text.expandtabs().split("\n")))


def _escaped(text: str) -> str:
    if text.isascii() and not _CONTROL.search(text):
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else json.dumps(c)[1:-1] for c in text)


def _folded(text: str, stream: TextIO) -> str:
    """Each line as it is when piped; on a terminal broken between words, continued indented."""
    if not stream.isatty():
        return text
    columns = shutil.get_terminal_size((80, 24)).columns
    return "\n".join(fold(line, columns=columns) for line in text.split("\n"))


def fold(line: str, *, columns: int) -> str:
    """Break one line between words; commands and paths stay whole."""
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    pieces = textwrap.wrap(
        line, columns, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(pieces)
