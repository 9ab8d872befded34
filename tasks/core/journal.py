"""The run's memory: one JSON line per event, append only.

A step is done when its `done` line is there; `started` without `done` means that it must be
looked at again. A last line cut short by a crash is dropped: what it said did not happen.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, ValidationError

from tasks.core.journal_chain import ENDS, parted
from tasks.core.progress import Progress


def _storable(text: object) -> object:
    """Names and paths of nodes are bytes; what no file of text can hold is shown as such."""
    return text.encode("utf-8", "replace").decode() if isinstance(text, str) else text


Text = Annotated[str, BeforeValidator(_storable)]


class Entry(BaseModel):
    """One line: what happened, when (UTC), to which step, and what was seen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: AwareDatetime
    # opened | rebuilt | started | noted | done | failed | interrupted | replanned | completed | abandoned | cleaned
    event: str
    step: Text = ""
    seen: Text = ""
    facts: dict[Text, Text] = {}


def read_journal(text: str) -> tuple[Entry, ...]:
    """Entries in order, up to the first line that is not whole: cut short, or damaged."""
    entries = []
    for line in text.split("\n")[:-1]:
        entry = read_line(line)
        if entry is None:
            break
        entries.append(entry)
    return tuple(entries)


def read_line(line: str) -> Entry | None:
    """One line, with its chain or without; None where it is not whole. Whether the chain is right is not asked."""
    content, _ = parted(line.encode("utf-8", "surrogateescape"))
    try:
        return Entry.model_validate_json(content.decode("utf-8", "surrogateescape"))
    except ValidationError:
        return None


def line_of(entry: Entry) -> bytes:
    """The entry as it is written, without chain and end."""
    return entry.model_dump_json(exclude_defaults=True).encode()


def progress(entries: Iterable[Entry]) -> Progress:
    """Fold the entries of a journal."""
    begun: set[str] = set()
    done: set[str] = set()
    facts: dict[str, dict[str, str]] = {}
    completed = False
    for entry in entries:
        if entry.event == "replanned":  # from what the nodes showed: what went before is in that plan's start
            begun, done, facts = set(), set(), {}
        if entry.step:
            facts.setdefault(entry.step, {}).update(entry.facts)
        if entry.event == "started":
            begun.add(entry.step)
        if entry.event == "done":
            done.add(entry.step)
        completed = completed or entry.event in ENDS
    return Progress(done=frozenset(done), begun=frozenset(begun), facts=facts, completed=completed)
