"""The pages of `fab --list` and `fab --help TASK`, as lines that fit the screen."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping

from tasks.core.dataclass import dataclass
from tasks.core.help_entry import LONGEST_LINE, Entry
from tasks.core.help_tasks import GROUPS, entries

_OTHERS = "Others"
_GAP = 2
_MOST_SPEC = 30  # columns of an option; the text of a longer one begins below it
# What options mean that nearly every task takes, where a task says nothing else.
COMMON = {
    "inventory": "the inventory (default: AMLEN_INVENTORY, or inventory.yaml)",
    "cluster": "its cluster, if there are several",
    "ignore": "a finding's name; it stays visible and does not stop",
    "json": "the data as JSON",
}


@dataclass(frozen=True, slots=True)
class Option:
    """As it is typed, "--days NUMBER", and what it is for."""

    spec: str
    text: str


def list_lines(tasks: Mapping[str, str], *, under: str = "") -> tuple[str, ...]:
    """The tasks by purpose, one line each.

    Args:
        tasks: The first line of what each says of itself, for one that has no line of its own.
        under: Only those of this collection: "credentials".
    """
    chosen = {name for name in tasks if not under or name.startswith(f"{under}.")}
    width = max((len(name) for name in chosen), default=0)
    lines = ["Tasks by purpose; fab --help TASK tells more, with examples."]
    for title, named in _grouped(chosen, tasks):
        lines += ["", title, *(f"  {name:<{width}}  {text}" for name, text in named)]
    return tuple(lines)


def _grouped(chosen: set[str], tasks: Mapping[str, str]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    for group in GROUPS:
        if named := [(entry.task, entry.line) for entry in group.entries if entry.task in chosen]:
            yield group.title, named
    known = {entry.task for entry in entries()}
    if left := sorted(chosen - known):
        yield (
            _OTHERS,
            [(name, textwrap.shorten(tasks[name], LONGEST_LINE, placeholder="...")) for name in left],
        )


def help_lines(
    task: str, says: str, *, words: Iterable[str], options: Iterable[Option], columns: int
) -> Iterator[str]:
    """One task's page.

    Args:
        says: What it says of itself, in paragraphs.
        words: That it takes without an option: "[MEMBER]".
        columns: Of the screen.
    """
    yield " ".join(("Usage: fab", task, *words, "[--options]"))
    for paragraph in says.split("\n\n"):
        yield ""
        yield from _wrapped(" ".join(paragraph.split()), columns=columns, indent=2)
    listed = tuple(options)
    yield from ("", "Options:")
    width = max((len(o.spec) for o in listed if len(o.spec) <= _MOST_SPEC), default=0)
    for option in listed:
        yield from _option(option, width=width, columns=columns)
    yield from _examples(next((entry for entry in entries() if entry.task == task), None), columns=columns)


def _option(option: Option, *, width: int, columns: int) -> Iterator[str]:
    begin = 2 + width + _GAP
    texts = _wrapped(option.text, columns=columns, indent=begin)
    if len(option.spec) > width or not texts:
        yield f"  {option.spec}"
        yield from texts
        return
    yield f"  {option.spec:<{width}}{' ' * _GAP}{texts[0].lstrip()}"
    yield from texts[1:]


def _examples(entry: Entry | None, *, columns: int) -> Iterator[str]:
    if entry is None or not entry.examples:
        return
    yield from ("", "Examples:")
    for example in entry.examples:
        yield f"  {example.command}"
        yield from _wrapped(example.says, columns=columns, indent=6)


def _wrapped(text: str, *, columns: int, indent: int) -> list[str]:
    blank = " " * indent
    return textwrap.wrap(
        text,
        columns,
        initial_indent=blank,
        subsequent_indent=blank,
        break_long_words=False,
        break_on_hyphens=False,
    )
