"""What a terminal showed, as a picture: drawn by rich, readable on light and dark pages, without a network."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from tasks.effects.console import fold

COLUMNS = 100
FONT = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"
# Dark on any page, as a terminal is: the frame and its border stand out on a white and on a black one.
THEME = TerminalTheme(
    (30, 34, 42),
    (220, 223, 228),
    [
        (62, 68, 81),
        (255, 123, 114),
        (126, 211, 137),
        (229, 192, 123),
        (121, 184, 255),
        (210, 168, 255),
        (118, 214, 214),
        (220, 223, 228),
    ],
    [
        (128, 136, 150),
        (255, 150, 142),
        (150, 230, 160),
        (240, 210, 150),
        (150, 205, 255),
        (225, 190, 255),
        (150, 230, 230),
        (255, 255, 255),
    ],
)
_FONT_FACE = re.compile(r"\s*@font-face \{\{.*?\}\}", re.DOTALL)
_COMMENT = re.compile(r"\s*<!--.*?-->", re.DOTALL)
_FORMAT = _COMMENT.sub("", _FONT_FACE.sub("", CONSOLE_SVG_FORMAT)).replace("Fira Code, monospace", FONT)
_PROGRESS = re.compile(r"^(\d\d:\d\d:\d\d )")


def shown(lines: Sequence[str], *, begin: str, head: int, tail: int) -> list[str]:
    """The first lines from the one with `begin` on, and the last; how many were left out stands in their place."""
    start = next((at for at, line in enumerate(lines) if begin in line), 0)
    end = max(len(lines) - tail, start + head)
    parts = (_left_out(start), lines[start : start + head], _left_out(end - start - head), lines[end:])
    return [line for part in parts for line in part]


def _left_out(count: int) -> list[str]:
    return [f"\x1b[2;3m      … {count} lines are left out here …\x1b[0m"] if count > 0 else []


def folded(line: str) -> list[str]:
    """As the tool breaks a long line on a terminal; one with colours is of that width already."""
    return [line] if "\x1b" in line or len(line) <= COLUMNS else fold(line, columns=COLUMNS).split("\n")


def picture(command: str, lines: Sequence[str], *, name: str) -> str:
    """The SVG of a command and what it showed.

    Args:
        name: Of the picture; keeps its style apart from that of others on the same page.
    """
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, highlight=False)
    console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
    for line in lines:
        console.print(_styled(line), overflow="fold")
    console.print()  # else the last line's descenders are cut off
    return console.export_svg(title=command, theme=THEME, code_format=_FORMAT, unique_id=f"screen-{name}")


def _styled(line: str) -> Text:
    text = Text.from_ansi(line)
    if (time := _PROGRESS.match(line)) is not None:
        text.stylize("bright_black", 0, time.end())
    if line.lstrip().startswith("->"):
        text.stylize("yellow")
    return text
