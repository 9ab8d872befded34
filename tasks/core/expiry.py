"""When certificates and revocation lists end: `fab credentials.expiry` as data."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Literal

from tasks.core.certificates import Certificate
from tasks.core.dataclass import dataclass
from tasks.core.errors import UsageError
from tasks.core.held import Held
from tasks.core.revocation import RevocationList

MOST_DAYS = 36500


class State(StrEnum):
    OK = "OK"
    WARNING = "WARNING"  # fewer days left than --warn
    CRITICAL = "CRITICAL"  # fewer than --crit
    EXPIRED = "EXPIRED"
    NOT_YET = "NOT YET VALID"
    UNKNOWN = "UNKNOWN"  # could not be seen or read


BAD = frozenset({State.CRITICAL, State.EXPIRED, State.NOT_YET})


@dataclass(frozen=True, slots=True)
class Limits:
    """Whole days; below them it is a warning, or critical."""

    warn: int
    crit: int


@dataclass(frozen=True, slots=True)
class Row:
    """One certificate or list at one place. Empty texts and None where it could not be seen or read.

    Args:
        where: A node, or "here".
        source: served | on disk | local; "" where nothing of the node could be seen.
        subject: Of a list its issuer.
        ends: notAfter, or nextUpdate; None also of a list that has none: it does not end.
        days_left: Whole days by the clock of the place, rounded down: -1 on the day after.
    """

    where: str
    source: str
    file: str
    kind: Literal["certificate", "list", "unreadable", "unseen"]
    subject: str
    sha256: str
    begins: datetime | None
    ends: datetime | None
    days_left: int | None
    state: State
    problem: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class NodeSeen:
    """Whether all that was asked of a node was answered; `serves` is False of a standby."""

    node: str
    up: bool
    serves: bool


@dataclass(frozen=True, slots=True)
class ExpiryReport:
    """What ends first comes first; what could not be seen or read comes last."""

    cluster: str
    at: datetime
    limits: Limits
    rows: tuple[Row, ...]
    nodes: tuple[NodeSeen, ...]

    @property
    def bad(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.state in BAD)

    @property
    def unknown(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.state is State.UNKNOWN)


def parse_limits(warn: str, crit: str) -> Limits:
    """Raises UsageError, naming both, unless they are whole days and warn is not below crit."""
    if not all(_is_days(text) for text in (warn, crit)):
        problem = f"whole days from 0 to {MOST_DAYS} are wanted"
    elif int(warn) < int(crit):
        problem = "the warning would come after the alarm"
    else:
        return Limits(int(warn), int(crit))
    raise UsageError(
        f"--warn {warn!r} and --crit {crit!r}: {problem}", remedy="fab credentials.expiry --warn 30 --crit 7"
    )


def _is_days(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 5 and int(text) <= MOST_DAYS


def expiry_report(
    cluster: str,
    found: Iterable[Held],
    *,
    nodes: Sequence[str],
    serving_nothing: Sequence[str] = (),
    limits: Limits,
    at: datetime,
) -> ExpiryReport:
    """Judge everything that was found.

    Args:
        nodes: Every node of the cluster.
        serving_nothing: Those whose process has nothing to show.
        at: Now by this machine's clock; each place is judged by its own.
    """
    rows = tuple(sorted(dict.fromkeys(row for held in found for row in _rows(held, limits)), key=_order))
    troubled = {row.where for row in rows if row.kind == "unseen"}
    seen = (NodeSeen(name, name not in troubled, name not in serving_nothing) for name in nodes)
    return ExpiryReport(cluster, at, limits, rows, tuple(seen))


def _order(row: Row) -> tuple[object, ...]:
    ends = row.ends.timestamp() if row.ends else float("inf")
    return row.state is State.UNKNOWN, ends, row.where, row.source, row.file, row.sha256


def _rows(held: Held, limits: Limits) -> Iterator[Row]:
    if held.trouble is not None:
        yield _unknown(held, held.trouble.problem, held.trouble.remedy)
    for fault in held.material.faults:
        remedy = f"fab credentials.inspect shows what is in {held.file}"
        yield _unknown(held, f"{held.file}: {fault}", remedy)
    for certificate in held.material.certificates:
        yield _certificate(held, certificate, limits)
    for one in held.material.lists:
        yield _list(held, one, limits)


def _unknown(held: Held, problem: str, remedy: str) -> Row:
    return Row(
        where=held.where,
        source=held.source or "",
        file=held.file,
        kind="unreadable" if held.file else "unseen",
        subject="",
        sha256="",
        begins=None,
        ends=None,
        days_left=None,
        state=State.UNKNOWN,
        problem=problem,
        remedy=remedy,
    )


def _certificate(held: Held, found: Certificate, limits: Limits) -> Row:
    return Row(
        where=held.where,
        source=held.source or "",
        file=held.file,
        kind="certificate",
        subject=found.subject,
        sha256=found.sha256,
        begins=found.not_before,
        ends=found.not_after,
        days_left=(found.not_after - held.at).days,
        state=state_of(found.not_before, found.not_after, at=held.at, limits=limits),
    )


def _list(held: Held, found: RevocationList, limits: Limits) -> Row:
    return Row(
        where=held.where,
        source=held.source or "",
        file=held.file,
        kind="list",
        subject=found.issuer,
        sha256=hashlib.sha256(found.der).hexdigest().upper(),
        begins=found.this_update,
        ends=found.next_update,
        days_left=None if found.next_update is None else (found.next_update - held.at).days,
        state=state_of(found.this_update, found.next_update, at=held.at, limits=limits),
    )


def state_of(begins: datetime, ends: datetime | None, *, at: datetime, limits: Limits) -> State:
    """Fewer whole days than the limit, as a monitoring plugin's range "30:" counts."""
    if at < begins:
        return State.NOT_YET
    if ends is None:
        return State.OK
    if at > ends:
        return State.EXPIRED
    days = (ends - at).days
    if days < limits.crit:
        return State.CRITICAL
    return State.WARNING if days < limits.warn else State.OK
