"""A runbook read back: what it expects after each step, and the commands that it gives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tasks.core.runbook_steps import AS_BEFORE

_STATION = re.compile(r"^### (?:Now|Steps? (\d+)(?:-(\d+))?: (.*))$")
_ROW = re.compile(
    r"^\| (?P<members>[^|]+?) *\| (?P<counts>\d+/\d+) *\| (?P<serves>[0-9A-F]{8}|unseen) *\|$", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Expected:
    """One station; number 0 is how it stands at first.

    Args:
        last: The number of its last step.
        counts: By member, "connected/disconnected".
        serves: By member, the first 8 digits of its certificate's SHA-256.
        blocks: The shell commands, one text per block.
    """

    first: int
    last: int
    words: str
    counts: dict[str, str]
    serves: dict[str, str]
    blocks: tuple[str, ...]


def read_steps(text: str) -> tuple[Expected, ...]:
    """Every station of the runbook, "Now" first."""
    found: list[Expected] = []
    for head, body in _stations(section(text, "Steps")):
        rows = [(row["members"].split(", "), row["counts"], row["serves"]) for row in _ROW.finditer(body)]
        assert rows or AS_BEFORE in body, f"nothing is expected after {head}"
        match = _STATION.match(head)
        assert match is not None, head
        first, last = int(match[1] or 0), int(match[2] or match[1] or 0)
        counts = {name: shown for names, shown, _ in rows for name in names} or found[-1].counts
        serves = {name: leaf for names, _, leaf in rows for name in names} or found[-1].serves
        found.append(Expected(first, last, match[3] or "", counts, serves, blocks(body)))
    return tuple(found)


def section(text: str, title: str) -> str:
    """What stands under a heading of the second level."""
    return text.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def blocks(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL))


def _stations(text: str) -> Iterator[tuple[str, str]]:
    for part in re.split(r"(?m)^(?=### )", text)[1:]:
        head, _, body = part.partition("\n")
        yield head, body
