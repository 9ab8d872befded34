"""A restart that an interrupted run asked for: it may still be on its way when somebody looks again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from tasks.core.dataclass import dataclass
from tasks.core.gates import STARTED_MOVED_S, Holds, NodeView, Verdict, View, Waiting
from tasks.core.journal import Entry
from tasks.core.status import MAINTENANCE, NodeStatus

ACTS_WITHIN_S = 10.0  # on a request to restart a server goes on answering for 3 s, and then stops


@dataclass(frozen=True, slots=True)
class Asked:
    """One restart that is not known to be over.

    Args:
        node: Whose it is.
        at: When it was asked for, by our clock.
        started_before: When the process before it started, by the node's clock.
        given_up: The run itself has stopped on it, for whatever it saw: what is silent may stay so.
    """

    step: str
    node: str
    at: datetime
    started_before: datetime
    given_up: bool = False


def restart_asked(entries: Iterable[Entry]) -> Asked | None:
    """The last one of a journal; None where the step of it is done, or was planned anew."""
    asked: Asked | None = None
    for entry in entries:
        if before := entry.facts.get("started_before"):
            asked = _asked(entry, before)
        elif asked is not None and (entry.event == "replanned" or entry.step == asked.step):
            asked = _then(asked, entry)
    return asked


def _asked(entry: Entry, before: str) -> Asked | None:
    with suppress(ValueError):
        started_before = datetime.fromisoformat(before)
        if started_before.tzinfo is not None:
            return Asked(entry.step, entry.facts.get("node", ""), entry.at, started_before)
    return None  # not as we write it: what is there is for the checks to see


def _then(asked: Asked, entry: Entry) -> Asked | None:
    if entry.event in ("done", "replanned") or entry.facts.get("started_before") == "":
        return None
    return replace(asked, given_up=entry.event == "failed")


def arrived(asked: Asked, nodes: Sequence[str], view: View, *, now: datetime) -> Verdict:
    """Whether the restart is over, or nothing tells that it goes on.

    Args:
        nodes: Those of its member: in a pair the other one takes over or synchronises meanwhile.
        now: By our clock, as `asked.at`.
    """
    for name in nodes:
        verdict = _settled(asked, name, view[name], now=now)
        if not isinstance(verdict, Holds):
            return verdict
    statuses = [status for name in nodes if (status := view[name].status) is not None]
    roles = {status.role for status in statuses}
    looked_for = len(statuses) == len(nodes) > 1 and not any(_is_aside(status) for status in statuses)
    if looked_for and roles != {"PRIMARY", "STANDBY"}:
        return Waiting(f"roles {' and '.join(sorted(roles))}")
    return Holds("settled")


def _settled(asked: Asked, name: str, seen: NodeView, *, now: datetime) -> Verdict:
    if seen.status is None:
        if seen.silent and not asked.given_up:
            return Waiting(f"{name}: REST is silent")
        return Holds(seen.trouble)
    server = seen.status.server
    if not seen.status.settled:
        return Waiting(f"{name}: State {server.state} ({server.state_text})")
    moved = abs((server.started_at - asked.started_before).total_seconds()) > STARTED_MOVED_S
    soon = (now - asked.at).total_seconds() < ACTS_WITHIN_S
    if name == asked.node and not moved and soon and not asked.given_up:
        return Waiting(f"{name}: the old process still answers")
    return Holds(f"{name}: State {server.state}")


def _is_aside(status: NodeStatus) -> bool:
    return status.server.state == MAINTENANCE
