"""Gates of a pair that is forming, or that changes the credentials of its HA channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from tasks.core.gates import (
    RUNNING,
    STARTED_MOVED_S,
    Broken,
    Gate,
    Holds,
    NodeView,
    Verdict,
    View,
    Waiting,
    any_of,
    in_sync,
)
from tasks.core.gates import counts as counts_of
from tasks.core.ha_reasons import reason_text
from tasks.core.plan import Counts
from tasks.core.status import MAINTENANCE, NodeStatus

STORE_STARTING = 11  # where a node waits for the other one of its pair


def gave_up(seen: NodeView) -> bool:
    """The node takes no part any more until its next start, and has settled: not on its way down (T5)."""
    if seen.status is None or seen.status.server.state != MAINTENANCE:
        return False
    return seen.status.ha.new_role not in ("PRIMARY", "STANDBY")


def unless_given_up(
    gate: Gate, *nodes: str, remedy: Callable[[int], str], former: Mapping[str, datetime]
) -> Gate:
    """The gate; but waiting cannot mend a node that is in error.

    Args:
        gate: What is awaited.
        nodes: Those that must not give up meanwhile.
        remedy: By ReasonCode.
        former: Start times of processes that are on their way down: what those say is over.
    """

    def guarded(view: View) -> Verdict:
        for name in nodes:
            status = view[name].status
            if status is None or not gave_up(view[name]) or _is(status, former.get(name)):
                continue
            ha = status.ha
            why = reason_text(ha.reason_code, ha.reason) if ha.reason_code else "no ReasonCode"
            text = f"{name} gave up: {ha.new_role} at State {status.server.state}, {why}"
            return Broken(text, remedy=remedy(ha.reason_code))
        return gate(view)

    return guarded


def _is(status: NodeStatus, started_at: datetime | None) -> bool:
    """Whether this is the process that was started then."""
    if started_at is None:
        return False
    return (status.server.started_at - started_at).total_seconds() <= STARTED_MOVED_S


def in_error(node: str) -> Gate:
    """The node has given up, and may be restarted again."""

    def gate(view: View) -> Verdict:
        return Holds(f"{node} gave up") if gave_up(view[node]) else Waiting(f"{node} still searches")

    return gate


def formed(primary: str, other: str, *, remedy: str) -> Gate:
    """A new pair in sync, with the roles that were wanted: the standby's store is replaced."""
    either = pairs(primary, other)

    def gate(view: View) -> Verdict:
        if _role(view[other]) == "PRIMARY":
            return Broken(f"{other} became the primary, wanted {primary}", remedy=remedy)
        return either(view)

    return gate


def searching(node: str) -> Gate:
    """The node waits for the other one: State 11, role UNSYNC, sees nobody."""

    def gate(view: View) -> Verdict:
        status = view[node].status
        if status is None:
            return Waiting(f"{node}: no answer from REST")
        ha = status.ha
        text = f"{node} {ha.new_role} {ha.active_nodes}/{ha.sync_nodes} at State {status.server.state}"
        alone = (ha.new_role, ha.active_nodes, status.server.state) == ("UNSYNC", 0, STORE_STARTING)
        return Holds(text) if alone else Waiting(f"{text}, wanted UNSYNC 0/0 at State 11")

    return gate


def stays_apart(standby: str, *, primary: str, remedy: str) -> Gate:
    """The restarted standby does not pair with a primary that has other credentials.

    If it does, it came up with the former ones: its files are not what it loaded (T2).
    """

    def gate(view: View) -> Verdict:
        status = view[standby].status
        if status is not None and (status.ha.active_nodes == 2 or status.ha.new_role == "STANDBY"):
            text = f"{standby} paired with {primary} again: it loaded the former HA credentials, not the new ones"
            return Broken(text, remedy=remedy)
        waits = searching(standby)(view)
        if not isinstance(waits, Holds):
            return waits
        alone = _leads_alone(view[primary])
        if not alone:
            return Waiting(f"{_leading_text(primary, view[primary])}, wanted PRIMARY 1/1", joining=True)
        return Holds(f"{waits.seen}; {primary} {alone}")

    return gate


def _leading_text(name: str, seen: NodeView) -> str:
    if seen.status is None:
        return f"{name} does not answer: nobody serves the clients"
    ha = seen.status.ha
    return f"{name} {ha.new_role} {ha.active_nodes}/{ha.sync_nodes} at State {seen.status.server.state}"


def lost_lead(seen: NodeView) -> bool:
    """A former primary that was started anew and found nobody: it searches, or has given up."""
    searches = isinstance(searching("it")({"it": seen}), Holds)
    return searches or gave_up(seen)


def leaderless(primary: str) -> Gate:
    """The primary failed while its standby was apart, and nobody serves: the sooner it is restarted with the
    new files, the better.
    """

    def gate(view: View) -> Verdict:
        text = _leading_text(primary, view[primary])
        return Holds(f"{text}: it failed meanwhile") if lost_lead(view[primary]) else Waiting(text)

    return gate


def _leads_alone(seen: NodeView) -> str:
    """ "" unless it is a primary without standby that serves its clients."""
    status = seen.status
    if status is None or status.server.state != RUNNING:
        return ""
    ha = status.ha
    found = (ha.new_role, ha.active_nodes, ha.sync_nodes)
    return "PRIMARY 1/1" if found == ("PRIMARY", 1, 1) else ""


def joins(primary: str, standby: str) -> Gate:
    """In sync, with these roles; a standby that finds no primary has `limits.join_s`, not the whole limit."""
    synced = in_sync(primary, standby)

    def gate(view: View) -> Verdict:
        verdict = synced(view)
        if isinstance(verdict, Waiting) and isinstance(searching(standby)(view), Holds):
            return Waiting(verdict.seen, joining=True)
        return verdict

    return gate


def pairs(one: str, other: str) -> Gate:
    """In sync, whoever is the primary."""
    either = any_of(in_sync(one, other), in_sync(other, one))

    def gate(view: View) -> Verdict:
        verdict = either(view)
        if isinstance(verdict, Waiting) and all(
            isinstance(searching(name)(view), Holds) for name in (one, other)
        ):
            return Waiting(verdict.seen, joining=True)
        return verdict

    return gate


def counted(
    speakers: Mapping[str, str], member: str, nodes: tuple[str, str], expected: Mapping[str, Counts]
) -> Gate:
    """Every member shows the planned counts; of `member`, the node that is primary at the moment speaks."""

    def gate(view: View) -> Verdict:
        primary = next((name for name in nodes if _role(view[name]) == "PRIMARY"), nodes[0])
        if not expected:
            return Holds("no cluster")
        return counts_of({**speakers, member: primary}, expected)(view)

    return gate


def _role(seen: NodeView) -> str:
    return "" if seen.status is None else seen.status.ha.new_role
