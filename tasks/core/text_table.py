"""Tables as data, and the words in their cells: light, for whatever only shows a line."""

from __future__ import annotations

from tasks.core.dataclass import dataclass

NARROW = 100  # columns below which the less important ones are left out


@dataclass(frozen=True, slots=True)
class TextTable:
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def plain_lines(table: TextTable, *, columns: int, gap: int) -> tuple[str, ...] | None:
    """Title, header and rows as a screen without styles shows them, one line each; None where that is too wide.

    Args:
        columns: Of the screen.
        gap: Blanks behind each column.
    """
    if not table.header:
        return None
    rows = (table.header, *table.rows)
    if any(not cell.isascii() or not cell.isprintable() for row in rows for cell in row):
        return None  # signs of another width, or several lines in a cell
    widths = [max(map(len, column)) + gap for column in zip(*rows, strict=True)]
    if sum(widths) > columns or len(table.title) > columns or not table.title.isascii():
        return None
    body = ("".join(map(str.ljust, row, widths)) for row in rows)
    return (table.title, *body)


def printable(text: str) -> str:
    """Names of certificates come from strangers: nothing in them steers a terminal or ends a line."""
    return "".join(each if each.isprintable() else "?" for each in text)


def duration(seconds: float | None) -> str:
    """At most two units: "2 d 3 h", "14 m 2 s", "9 s"."""
    if seconds is None:
        return ""
    left = int(seconds)
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if left >= size:
            parts.append(f"{left // size} {unit}")
            left %= size
    return " ".join([*parts, f"{left} s"][:2])
