"""What the members show that are not restarted, while one is: it is told at once, and judged at the end.

A member that is away is missed by those that were connected to it, and by nobody else by more than one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tasks.core.gates import RUNNING, Gate, Verdict, View, Waiting
from tasks.core.plan import Counts


@dataclass(frozen=True, slots=True)
class Bystander:
    """A member that is not restarted.

    Args:
        nodes: Its nodes; whichever is at State 1 speaks for it.
        planned: What it may show meanwhile: "2/0".
    """

    name: str
    nodes: tuple[str, ...]
    planned: tuple[str, ...]


def planned_meanwhile(before: Counts, after: Counts, *, away: bool) -> tuple[str, ...]:
    """What a member may show while another restarts.

    Args:
        away: The restarted member is gone from the cluster for a while (a standby is not).
    """
    missing: tuple[Counts, ...] = ()
    if away and before.connected:
        missing = (Counts(connected=before.connected - 1, disconnected=before.disconnected + 1),)
    return tuple(dict.fromkeys(str(counts) for counts in (before, *missing, after)))


def telling_of(gate: Gate, bystanders: tuple[Bystander, ...]) -> Gate:
    """The same gate; while it waits, it also says which bystander shows what was not planned."""

    def told(view: View) -> Verdict:
        verdict = gate(view)
        if not isinstance(verdict, Waiting) or verdict.joining:
            return verdict
        off = [text for one in bystanders if (text := _off(one, view))]
        return replace(verdict, seen="; ".join([verdict.seen, *off])) if off else verdict

    return told


def _off(one: Bystander, view: View) -> str:
    for node in one.nodes:
        status = view[node].status
        if status is None or status.server.state != RUNNING or status.cluster.status != "Active":
            continue
        seen = f"{status.cluster.connected}/{status.cluster.disconnected}"
        if seen not in one.planned:
            return f"meanwhile {one.name} shows {seen}, planned {' or '.join(one.planned)}"
    return ""
