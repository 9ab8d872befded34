"""What the members show that are not restarted, while one is: it is told at once, and judged at the end.

A member that is away is missed by those that were connected to it, and by nobody else by more than one.
"""

from __future__ import annotations

from dataclasses import replace

from tasks.core.dataclass import dataclass
from tasks.core.gates import RUNNING, Gate, Verdict, View, Waiting
from tasks.core.plan import Counts
from tasks.core.status import ClusterStatus


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
    fewest: int = 0  # connections at that


def bystander(name: str, nodes: tuple[str, ...], *, before: Counts, after: Counts, away: bool) -> Bystander:
    """What a member may show while another restarts.

    Args:
        away: The restarted member is gone from the cluster for a while (a standby is not).
    """
    missing: tuple[Counts, ...] = ()
    if away and before.connected:
        missing = (Counts(connected=before.connected - 1, disconnected=before.disconnected + 1),)
    planned = dict.fromkeys((before, *missing, after))
    return Bystander(name, nodes, tuple(map(str, planned)), min(counts.connected for counts in planned))


def telling_of(gate: Gate, bystanders: tuple[Bystander, ...]) -> Gate:
    """The same gate; while it waits, it also says which bystander shows what was not planned."""

    def told(view: View) -> Verdict:
        verdict = gate(view)
        if not isinstance(verdict, Waiting) or verdict.joining:
            return verdict
        off = [text for one in bystanders if (text := _off(one, view))]
        return replace(verdict, seen="; ".join([verdict.seen, *off])) if off else verdict

    return told


def parted(bystanders: tuple[Bystander, ...], view: View) -> str:
    """Who has fewer connections than was foreseen, though every member but the restarting one is there; "" if nobody.

    Where one more is away it is missed by the others: that is no partition, and no news of the graph.
    """
    seen = {one: _shown(one, view) for one in bystanders}
    if any(status is None for status in seen.values()):
        return ""
    return "; ".join(
        f"{one.name} shows {status.connected}/{status.disconnected}, planned {' or '.join(one.planned)}"
        for one, status in seen.items()
        if status is not None and status.connected is not None and status.connected < one.fewest
    )


def _shown(one: Bystander, view: View) -> ClusterStatus | None:
    """What the node says that is at State 1 and Active; None where there is none."""
    for node in one.nodes:
        status = view[node].status
        if status is not None and status.server.state == RUNNING and status.cluster.status == "Active":
            return status.cluster
    return None


def _off(one: Bystander, view: View) -> str:
    status = _shown(one, view)
    if status is None:
        return ""
    seen = f"{status.connected}/{status.disconnected}"
    planned = " or ".join(one.planned)
    return "" if seen in one.planned else f"meanwhile {one.name} shows {seen}, planned {planned}"
