"""docs/faults.md: what the matrix found, as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.torture.points import Case, Fault, Point, can_strike

NEVER, SKIPPED, FAILED = "–", "skipped", "**FAILED**"

_HEAD = """\
# Faults

`make torture` wrote this page. It migrates a small cluster (one single member, one pair) from one credential set to
another, again and again, and at each step of the plan one thing goes wrong. Then it looks whether the tool stopped with
the right exit code and a remedy, or went on where the fault heals by itself; goes on with
`fab migrate-cluster --resume`, after what the operator does by hand; and looks at everything that is left.
"""

_MUST_HOLD = """\
A case survives if all of this holds:

- On no disk a key ever lay beside a certificate that is not its own (looked at 200 times a second).
- What the journal called done was true when the tool was cut off.
- It ended with the exit code of its fault, no traceback, and named the command that comes next.
- One `--resume` brought it to its end. (Steps are struck several to a migration, far from each other.)
- Then: the cluster at its baseline, every member on the new set, by its files and by the certificate that it serves.
- No lock, no stage, no half-written file is left on the nodes; the backups and the plan beside them are.
- No key in what the tool said, in the run directory, or in the arguments of any process.
"""


@dataclass(frozen=True, slots=True)
class Sort:
    """A fault in words: what happens, and what the operator does by hand before going on."""

    what: str
    by_hand: str


@dataclass(frozen=True, slots=True)
class Found:
    """The results of a whole matrix.

    Args:
        ends: Per case, "through", "exit 4", or "" where it did not survive.
        skipped: Faults that this machine cannot bring about.
    """

    points: Sequence[Point]
    ends: Mapping[Case, str]
    skipped: frozenset[Fault]
    at: str  # the date
    versions: Sequence[str]


def page(found: Found, sorts: Mapping[Fault, Sort]) -> str:
    """The whole page; the same results always make the same text."""
    return "\n".join(
        [_HEAD, *_sum(found), "", *_sorts(found, sorts), "", _MUST_HOLD, *_strategies(found), *_legend()]
    )


def _sum(found: Found) -> list[str]:
    survived = sum(bool(end) for end in found.ends.values())
    skipped = f" Skipped: {', '.join(sorted(found.skipped))}." if found.skipped else ""
    return [
        f"**Injected: {len(found.ends)}, survived: {survived}.**{skipped}",
        f"{found.at}; {', '.join(found.versions)}.",
    ]


def _sorts(found: Found, sorts: Mapping[Fault, Sort]) -> list[str]:
    rows = [
        (fault, sort.what, sort.by_hand or "nothing", *_tally(found, fault)) for fault, sort in sorts.items()
    ]
    head = (
        "fault",
        "what happens",
        "by hand, before `--resume`",
        "tried",
        "survived",
        "went through",
        "stopped with",
    )
    return _rows([head, *rows])


def _tally(found: Found, fault: Fault) -> tuple[str, str, str, str]:
    if fault in found.skipped:
        return SKIPPED, SKIPPED, NEVER, NEVER
    ends = [end for case, end in found.ends.items() if case.fault is fault]
    codes = sorted({end.removeprefix("exit ") for end in ends if end.startswith("exit ")})
    through = ends.count("through")
    return str(len(ends)), str(sum(map(bool, ends))), str(through), ", ".join(codes) or NEVER


def _strategies(found: Found) -> Iterable[str]:
    for strategy in dict.fromkeys(point.strategy for point in found.points):
        yield f"## {strategy}\n"
        points = [point for point in found.points if point.strategy == strategy]
        rows = [(_name(point), *(_cell(found, Case(fault, point)) for fault in Fault)) for point in points]
        yield from _rows([("step", *Fault), *rows])
        yield ""


def _name(point: Point) -> str:
    return f"`{point.step}`" + ("" if point.moment == "begun" else f", {point.moment}")


def _cell(found: Found, case: Case) -> str:
    if not can_strike(case.fault, case.point):
        return NEVER
    if case.fault in found.skipped:
        return SKIPPED
    return found.ends.get(case, "") or FAILED


def _rows(rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return [lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]]


def _legend() -> list[str]:
    return [
        "`through`: it healed within the limits, or did not matter to that step or a later one. `exit N`: the tool",
        "stopped there or at a later step, with that code (-9: it was killed), and went on with `--resume`.",
        "`waiting`: the restart has been asked for and is awaited; what only shows at the start of a process",
        "is not tried there.",
        "",
    ]
