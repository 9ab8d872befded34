"""What a task's help is made of."""

from __future__ import annotations

from tasks.core.dataclass import dataclass

LONGEST_LINE = 48  # beside the longest name, on a screen of 80 columns


@dataclass(frozen=True, slots=True)
class Example:
    """One command as it is typed, and what it is good for."""

    command: str
    says: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One task."""

    task: str
    line: str
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Tasks of one purpose."""

    title: str
    entries: tuple[Entry, ...]


def entry_of(task: str, line: str, *examples: tuple[str, str]) -> Entry:
    return Entry(task, line, tuple(Example(f"fab {task} {words}".strip(), says) for words, says in examples))
