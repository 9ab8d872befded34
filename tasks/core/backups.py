"""Whose backups lie on the nodes, and which of them may be wiped: they hold live keys, and they are the way back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from tasks.core.dataclass import dataclass
from tasks.core.errors import Refused, UsageError
from tasks.core.nearest import one_of
from tasks.core.run_ids import replaced_at, run_begun
from tasks.core.traces import LOCK, Trace


class State(StrEnum):
    OPEN = "open"
    COMPLETE = "complete"
    GIVEN_UP = "given up"
    UNKNOWN = "not known here"  # it ran on another machine
    RECOVERY = "recovery"  # what `fab recover` put aside


@dataclass(frozen=True, slots=True)
class KnownRun:
    """A run as this machine, or a lock on a node, knows it.

    Args:
        command: What was typed; "" where only its lock is known.
        ended_at: None while it is open.
        undoes: The run that it goes back to before; "" for none, None where that is not known.
    """

    id: str
    state: State
    begun_at: datetime
    command: str = ""
    ended_at: datetime | None = None
    undoes: str | None = ""

    @property
    def since(self) -> datetime:
        return self.ended_at or self.begun_at


@dataclass(frozen=True, slots=True)
class Backup:
    """What lies on the nodes of one run; of a recovery, what one of its repairs put aside."""

    run: KnownRun
    traces: tuple[Trace, ...]

    @property
    def id(self) -> str:
        return self.run.id

    @property
    def nodes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(trace.node for trace in self.traces))


def others_of(
    traces: Iterable[Trace], found: Iterable[Backup], *, locked: Collection[str]
) -> tuple[Trace, ...]:
    """What is no backup: what a recovery was cut short at, or somebody else has put there.

    Args:
        locked: The nodes whose lock has a holder.
    """
    ours = {(trace.node, trace.path) for backup in found for trace in backup.traces}
    return tuple(
        trace
        for trace in traces
        if (trace.node, trace.path) not in ours
        and not any((trace.node, trace.path / part.name) in ours for part in trace.parts)
        and not (trace.name == LOCK and trace.node in locked)
    )


def backups_of(traces: Iterable[Trace], known: Mapping[str, KnownRun]) -> tuple[Backup, ...]:
    """The backups by run, oldest first; entries that no run or recovery of ours has made are left out."""
    by_run: dict[str, tuple[KnownRun, list[Trace]]] = {}
    for trace in traces:
        for run, found in _owned(trace, known):
            by_run.setdefault(run.id, (run, []))[1].append(found)
    made = (Backup(run, tuple(found)) for run, found in by_run.values())
    return tuple(sorted(made, key=lambda backup: (backup.run.since, backup.id)))


def _owned(trace: Trace, known: Mapping[str, KnownRun]) -> Iterator[tuple[KnownRun, Trace]]:
    if trace.kind != "directory":
        return
    if (begun := run_begun(trace.name)) is not None:
        yield known.get(trace.name, KnownRun(trace.name, State.UNKNOWN, begun)), trace
        return
    for part in trace.parts:
        at = replaced_at(part.name) if part.kind == "directory" and trace.name != LOCK else None
        if at is not None:
            run = KnownRun(part.name, State.RECOVERY, at, command="recover")
            yield run, Trace(trace.node, trace.path / part.name, part.kind, (part,))


@dataclass(frozen=True, slots=True)
class Choice:
    """What would be wiped, and what stays with the reason."""

    goes: tuple[Backup, ...]
    stays: tuple[tuple[Backup, str], ...]


def choose(
    found: Sequence[Backup],
    known: Iterable[KnownRun],
    *,
    now: datetime,
    older_than: timedelta,
    named: str = "",
) -> Choice:
    """Which backups go.

    Args:
        found: Oldest first.
        known: Every run that is known, with backups or without.
        named: The only run that is asked for, whatever its age; "" for all.

    Raises:
        UsageError: The run that is named has no backup on the nodes.
        Refused: It is open, or an open run needs it.
    """
    known = tuple(known)
    needed = _needed(known)
    if named:
        return _one(found, named, needed=needed)
    newest = _newest(found)
    goes, stays = [], []
    for backup in found:
        why = needed.get(backup.id) or newest.get(backup.id) or _young(backup, now - older_than)
        if why:
            stays.append((backup, why))
        else:
            goes.append(backup)
    return Choice(tuple(goes), tuple(stays))


def _needed(known: Iterable[KnownRun]) -> dict[str, str]:
    """What may not go in any case."""
    found = {}
    for run in known:
        if run.state is State.OPEN:
            found[run.id] = "it is open"
            if run.undoes:
                found[run.undoes] = f"run {run.id} is on its way back to before it"
    return found


def _newest(found: Sequence[Backup]) -> dict[str, str]:
    """The ones that `fab rollback` would take: the newest complete, and a newer one of another machine."""
    kept: dict[str, str] = {}
    for backup in reversed(found):
        if backup.run.state is State.COMPLETE or (backup.run.state is State.UNKNOWN and not kept):
            kept[backup.id] = "the newest: fab rollback needs it; --run wipes it"
        if backup.run.state is State.COMPLETE:
            break
    return kept


def _young(backup: Backup, limit: datetime) -> str:
    return "not that old" if backup.run.since > limit else ""


def _one(found: Iterable[Backup], named: str, *, needed: Mapping[str, str]) -> Choice:
    chosen = tuple(backup for backup in found if backup.id == named)
    if named in needed:
        raise Refused(
            f"the backups of run {named} are not wiped: {needed[named]}",
            remedy="fab status names the open run; go on with it, or give it up, first",
        )
    if not chosen:
        known = one_of(named, [backup.id for backup in found])
        raise UsageError(f"no node that was reached has a backup of run {named}", remedy=known)
    return Choice(chosen, ())
