"""What a check found: small values with a name, all reported at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum

from tasks.core.dataclass import dataclass
from tasks.core.nearest import nearest


class Severity(StrEnum):
    ERROR = "error"  # nothing may start
    WARNING = "warning"  # shown, does not stop
    INFO = "info"  # a fact worth knowing, e.g. what the plan will edit


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing an operator should know.

    Args:
        name: Stable kebab-case name, e.g. "key-mismatch"; what --ignore takes.
        where: Node, member or file it is about; "" if the whole cluster.
        problem: What was seen and what was wanted.
        remedy: What to do, ideally a command.
        outcome: What the server would make of it, where it is about credential files; "" elsewhere.
    """

    name: str
    severity: Severity
    where: str
    problem: str
    remedy: str
    outcome: str = ""


Findings = tuple[Finding, ...]


def errors(findings: Iterable[Finding], *, ignored: frozenset[str] = frozenset()) -> tuple[Finding, ...]:
    """The findings that stop the line: errors that are not ignored by name."""
    return tuple(f for f in findings if f.severity is Severity.ERROR and f.name not in ignored)


def unmatched(findings: Iterable[Finding], ignored: Iterable[str]) -> Iterator[str]:
    """What was to be ignored and is no finding of these: mistyped, or no longer there."""
    names = tuple(dict.fromkeys(f.name for f in findings))
    for name in sorted(set(ignored) - set(names)):
        near = nearest(name, names)
        yield f"--ignore {name}: there is no such finding now" + (f"; nearest: {near}" if near else "")
