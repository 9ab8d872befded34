"""Markdown as text: short lines, tables, and commands that a shell takes as they stand."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from tasks.core.text_table import printable

COLUMNS = 100
_SPAN = re.compile(r"`[^`]*`")
_NO_BREAK = "\0"
_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./\[\]-]+")  # a word that a shell leaves alone, here and behind ssh


def prose(text: str) -> tuple[str, ...]:
    """A paragraph, and the empty line after it."""
    return (*_wrapped(text), "")


def item(text: str, *, mark: str = "- ") -> tuple[str, ...]:
    """One item of a list."""
    return tuple(_wrapped(mark + text, indent=" " * len(mark)))


def _wrapped(text: str, *, indent: str = "") -> Iterator[str]:
    """Commands between backticks stay whole."""
    whole = _SPAN.sub(lambda span: span[0].replace(" ", _NO_BREAK), printable(text))
    lines = textwrap.wrap(
        whole, COLUMNS, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return (line.replace(_NO_BREAK, " ") for line in lines)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """With the empty line after it; as wide as it has to be, so that it also reads as plain text."""
    cells = [tuple(header), *(tuple(map(cell, row)) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "| " + " | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return (lines[0], rule, *lines[1:], "")


def cell(text: str) -> str:
    """One that ends no row early."""
    return printable(text).replace("|", r"\|")


def code(lines: Iterable[str], *, language: str = "sh") -> tuple[str, ...]:
    """A block, and the empty line after it."""
    return (f"```{language}", *lines, "```", "")


def command(words: Iterable[str], end: str = "") -> tuple[str, ...]:
    """One command line, of words that are quoted already; folded between words, `end` stays whole."""
    return tuple(_folded([*words, *([end] if end else [])]))


def _folded(words: list[str]) -> Iterator[str]:
    line = ""
    for word in _pieces(words):
        if line.strip() and len(line) + 1 + len(word) > COLUMNS - 2:
            yield f"{line} \\"
            line = f"    {word}"
        else:
            line = f"{line} {word}" if line else word
    yield line


def _pieces(words: list[str]) -> Iterator[str]:
    """An option and its value are on one line."""
    option = ""
    for word in words:
        if option:
            word, option = f"{option} {word}", ""
        elif word.startswith("-"):
            option = word
            continue
        yield word
    if option:
        yield option


def here(word: str) -> str:
    """As the shell of this machine must have it."""
    return word if _PLAIN.fullmatch(word) else shlex.quote(word)


def there(word: str) -> str:
    """As it must be given to ssh, whose other end splits words once more."""
    return word if _PLAIN.fullmatch(word) else shlex.quote(shlex.quote(word))
