"""The trust matrix as data and as tables: rows dial, columns accept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from datetime import datetime

from tasks.core.acceptance import Observed
from tasks.core.course import Wish, course_of
from tasks.core.credential_set import CredentialSet
from tasks.core.dataclass import dataclass
from tasks.core.findings import Finding, errors
from tasks.core.observed import loaded_now
from tasks.core.snapshot import Snapshot
from tasks.core.stages import NOW, Direction, Stage, compact, stage_now
from tasks.core.text_table import TextTable
from tasks.core.trust_text import exceptions, groups_text

LEGEND = {
    "=": "both directions come up",
    ">": "only the row dials the column",
    "<": "only the column dials the row",
    "x": "apart",
    "+": "seen connected, though what they serve and their CA files do not explain it",
    "-": "seen apart, though what they serve and their CA files let them connect",
    "?": "not known: a certificate could not be seen",
}


@dataclass(frozen=True, slots=True)
class Matrix:
    """Who can connect to whom, now and after each step of the migration that changes it.

    Args:
        loaded: The members whose running process showed what it uses.
        why: Why the stages end with "now"; "" where they do not.
        observed: What the running processes did with the new sets.
        agreement: Of each that was seen, whether it is as computed.
    """

    cluster: str
    at: datetime
    members: tuple[str, ...]
    loaded: frozenset[str]
    stages: tuple[Stage, ...]
    why: str = ""
    observed: tuple[Observed, ...] = ()
    agreement: Mapping[Observed, bool] = field(default_factory=dict)


def stages_and_why(
    snapshot: Snapshot, sets: Mapping[str, CredentialSet], *, findings: Sequence[Finding], wish: Wish
) -> tuple[tuple[Stage, ...], str]:
    """The stages of the migration to these sets; and why there is only "now", or "".

    Raises:
        Refused: The strategy asked for is not possible.
    """
    loaded = loaded_now(snapshot)
    left = errors(findings)
    if left:
        names = ", ".join(dict.fromkeys(finding.name for finding in left))
        return (stage_now(snapshot, loaded),), f"no plan can be made ({names}) -> fab check"
    course = course_of(snapshot, sets, old=loaded, wish=wish)
    if not course.steps:
        return (stage_now(snapshot, loaded),), "every member already runs with its credential set"
    return course.stages, "" if len(course.stages) > 1 else "no step of the plan changes it"


def cell(stage: Stage, direction: Direction, *, loaded: frozenset[str]) -> str:
    """One sign of the legend; nothing where a member would dial itself."""
    row, column = direction
    if row == column:
        return ""
    linked = frozenset(direction) in stage.links
    if not loaded.issuperset(direction):
        return "+" if linked else "?"
    there, back = direction in stage.dials, direction[::-1] in stage.dials
    if not linked:
        return "-" if there or back else "x"
    if there and back:
        return "="
    return ">" if there else "<" if back else "+"


def stage_table(matrix: Matrix, stage: Stage) -> TextTable:
    """A row and a column per member."""
    rows = (
        (row, *(cell(stage, (row, column), loaded=matrix.loaded) for column in matrix.members))
        for row in matrix.members
    )
    return TextTable(stage_title(matrix, stage), ("DIALS", *matrix.members), tuple(rows))


def stage_title(matrix: Matrix, stage: Stage) -> str:
    """ "now", "after restart:gw-a", "after restart:gw-c, the end"."""
    if stage.after == NOW:
        return f"{matrix.cluster} at {matrix.at:%Y-%m-%d %H:%M:%S} UTC: who connects to whom now"
    return f"after {stage.after}" + (", the end" if stage is matrix.stages[-1] else "")


def fits(matrix: Matrix, *, width: int) -> bool:
    """Whether a table of all members has so many columns at most, gaps of two included."""
    longest = max(map(len, ("DIALS", *matrix.members)))
    return longest + 2 + sum(len(member) + 2 for member in matrix.members) <= width


def grouped_lines(matrix: Matrix, stage: Stage) -> Iterator[str]:
    """In place of a table that is too wide: groups, and the pairs that they do not tell of."""
    told = compact(stage, matrix.members)
    yield stage_title(matrix, stage)
    yield "  " + groups_text(told, most=len(matrix.members))
    yield from (f"  {text}" for text in exceptions(told, most=len(told.one_way) + len(told.apart)))


def one_way_line(stage: Stage) -> str:
    """The pairs that one direction alone connects, and how many; "" if there are none."""
    if not stage.one_way:
        return ""
    pairs = ", ".join(f"{dialer} > {acceptor}" for dialer, acceptor in stage.one_way)
    noun = "1 pair" if len(stage.one_way) == 1 else f"{len(stage.one_way)} pairs"
    return f"one direction only, {noun}: {pairs}"


def legend_lines(matrix: Matrix) -> tuple[str, ...]:
    """The signs that are used, and what they mean."""
    used = {
        cell(stage, (row, column), loaded=matrix.loaded)
        for stage in matrix.stages
        for row in matrix.members
        for column in matrix.members
    }
    return tuple(f"  {sign}  {meaning}" for sign, meaning in LEGEND.items() if sign in used)
