"""What the tool leaves behind on a node: read from what `trace_scripts.LEFT` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import PurePosixPath

from tasks.core.dataclass import dataclass

LOCK = "lock"


@dataclass(frozen=True, slots=True)
class Part:
    """Something in a directory of ours: a run's `backup`, its `stage`, its plan."""

    name: str
    kind: str  # directory | file | link | other
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """One entry of a work directory.

    Args:
        path: As the server names it.
    """

    node: str
    path: PurePosixPath
    kind: str
    parts: tuple[Part, ...] = ()

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def words(self) -> str:
        """What is in it: "backup (4 files, a key among them), plan.json"."""
        if self.kind != "directory":
            return f"a {self.kind}"
        return ", ".join(f"{part.name}{_size(part)}" for part in self.parts) or "empty"

    @property
    def holds_key(self) -> bool:
        return any(is_key(name) for part in self.parts for name in (part.name, *part.files))


def _size(part: Part) -> str:
    if part.kind != "directory":
        return "" if part.kind == "file" else f" (a {part.kind})"
    number = len(part.files)
    keys = sum(is_key(name) for name in part.files)
    also = ", a key among them" if keys == 1 else f", {keys} keys among them" if keys else ""
    return f" ({number} file{'s' * (number != 1)}{also})"


def is_key(name: str) -> bool:
    """Whether a file of that name holds a private key; the note that there was none holds nothing."""
    return "_key.pem" in name and not name.endswith(".absent")


def read_traces(text: str, *, node: str, works: Sequence[PurePosixPath]) -> tuple[Trace, ...]:
    """Take apart what LEFT printed of these work directories.

    Raises:
        ValueError, LookupError: It is something else.
    """
    return tuple(_traces(text.split("\n")[:-1], node=node, works=works))


def _traces(lines: Sequence[str], *, node: str, works: Sequence[PurePosixPath]) -> Iterator[Trace]:
    work = works[0]
    for start, end in _blocks(lines, ("work ", "entry ")):
        word, *rest = lines[start].split(" ", 2)
        if word == "work":
            work = works[int(rest[0])]
            continue
        kind, name = rest
        yield Trace(node, work / name, kind, tuple(_parts(lines[start + 1 : end])))


def _parts(lines: Sequence[str]) -> Iterator[Part]:
    for start, end in _blocks(lines, ("part ",)):
        _, kind, name = lines[start].split(" ", 2)
        yield Part(name, kind, tuple(line.removeprefix("file ") for line in lines[start + 1 : end]))


def _blocks(lines: Sequence[str], heads: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Where each block begins that has such a first line, and where it ends."""
    starts = [number for number, line in enumerate(lines) if line.startswith(heads)]
    yield from pairwise([*starts, len(lines)])
