"""What is wrong with an inventory: all of it at once, each with its line and a remedy."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from tasks.core.dataclass import dataclass
from tasks.core.errors import UsageError

YamlPath = tuple[str | int, ...]

_PLAIN = re.compile(r"[\w.$<-]{1,64}")
_LONGEST_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to correct.

    Args:
        path: Keys and list indices from the top; () if it is about the whole text.
        problem: What is wanted and what was seen. Never the value of a secret.
        remedy: What to write instead.
        line: Counted from 1; 0 until it is known.
        column: Counted from 1; 0 unless the text is no YAML.
    """

    path: YamlPath
    problem: str
    remedy: str
    line: int = 0
    column: int = 0

    def render(self, file: str) -> str:
        place = f"{file}:{self.line}:{self.column}" if self.column else f"{file}:{self.line}"
        where = f"{place} {dotted(self.path)}" if self.path else place
        return f"{where}: {self.problem} -> {self.remedy}"


class InventoryFaults(UsageError):
    """The inventory cannot be used; `faults` has every reason, in the order of their lines."""

    def __init__(self, faults: Iterable[Fault], *, path: Path) -> None:
        self.faults = tuple(sorted(dict.fromkeys(faults), key=lambda fault: (fault.line, fault.column)))
        super().__init__(
            "\n".join(fault.render(path.name) for fault in self.faults),
            remedy=f"correct {path}, then repeat the command; every key: docs/inventory.md",
        )


def dotted(path: YamlPath) -> str:
    """`clusters.demo.retired[1]`; names that could confuse a reader are quoted."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{_name(part)}" for part in path)
    return text.removeprefix(".")


def shown(value: object) -> str:
    """A value as a message shows it, short and in one line. Not for secrets."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case str():
            short = value if len(value) <= _LONGEST_SHOWN else value[:_LONGEST_SHOWN] + "…"
            return json.dumps(short, ensure_ascii=not short.isprintable())
        case dict():
            return "a mapping"
        case _:
            return "a list"


def _name(part: str) -> str:
    return part if _PLAIN.fullmatch(part) else shown(part)
