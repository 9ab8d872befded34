"""Which members are in the cluster, and which are only in the inventory so far."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import StrEnum

from tasks.core.findings import Finding, Severity
from tasks.core.model import Member
from tasks.core.snapshot import NodeSnapshot, Snapshot
from tasks.core.status import Membership, NodeStatus

INACTIVE = "Inactive"  # of Cluster.Status: the cluster component was not started with the process


class Belonging(StrEnum):
    OUTSIDE = "outside"  # EnableClusterMembership is false
    PENDING = "pending"  # it is configured, and in force after a restart
    INSIDE = "inside"  # it takes part, or would if it were well


def belonging(snapshot: Snapshot, member: Member) -> Belonging:
    """By the node that speaks for the member; one that cannot be seen counts as inside."""
    return _of_node(snapshot.active(member))


def _of_node(seen: NodeSnapshot) -> Belonging:
    if not isinstance(seen.membership, Membership) or not isinstance(seen.status, NodeStatus):
        return Belonging.INSIDE
    if not seen.membership.enabled:
        return Belonging.OUTSIDE
    return Belonging.PENDING if seen.status.cluster.status == INACTIVE else Belonging.INSIDE


def inside(snapshot: Snapshot) -> tuple[Member, ...]:
    """The members that are in the cluster."""
    return tuple(m for m in snapshot.cluster.members if belonging(snapshot, m) is Belonging.INSIDE)


def part_of(snapshot: Snapshot, members: Iterable[str]) -> Snapshot:
    """The same moment, with these members alone."""
    names = frozenset(members)
    kept = tuple(member for member in snapshot.cluster.members if member.name in names)
    nodes = {node.name: snapshot.nodes[node.name] for member in kept for node in member.nodes}
    return replace(snapshot, cluster=replace(snapshot.cluster, members=kept), nodes=nodes)


def running_part(snapshot: Snapshot) -> Snapshot:
    """The cluster as far as it is formed."""
    return part_of(snapshot, (member.name for member in inside(snapshot)))


def outsiders(snapshot: Snapshot) -> Iterator[Finding]:
    """Members of the inventory that have not joined, each with the task that makes them do so."""
    formed = bool(inside(snapshot))
    for member in snapshot.cluster.members:
        seen, found = snapshot.active(member), belonging(snapshot, member)
        if found is Belonging.INSIDE:
            continue
        remedy = f"fab cluster.join {member.name}" if formed else "fab cluster.create"
        if found is Belonging.OUTSIDE:
            text = "EnableClusterMembership is false: the inventory names it, the cluster does not know it"
            yield Finding("not-a-member", Severity.ERROR, member.name, text, remedy)
        else:
            text = "ClusterMembership is configured, but not in force: the server was not restarted since"
            remedy = f"{remedy} goes on with it, or --resume if a run is open"
            yield Finding("membership-pending", Severity.ERROR, seen.node.name, text, remedy)
