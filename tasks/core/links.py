"""Which members are connected with each other now, as they themselves say; and whether that is explained."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

from tasks.core.model import Member
from tasks.core.observed import loaded_now
from tasks.core.snapshot import NodeSnapshot, Snapshot
from tasks.core.status import NodeStatus, RemoteMember
from tasks.core.trust import Links, connected_members


def links_now(snapshot: Snapshot) -> Links:
    """Every two members of which one calls the other Active in its monitor/Cluster."""
    uids = {member.name: uid_of(snapshot, member) for member in snapshot.cluster.members}
    active = {
        member.name: {r.uid for r in remotes_of(snapshot.active(member)) if r.status == "Active"}
        for member in snapshot.cluster.members
    }
    return frozenset(
        frozenset((one, other))
        for one, other in combinations(uids, 2)
        if uids[other] in active[one] or uids[one] in active[other]
    )


def explained_by_trust(snapshot: Snapshot) -> Mapping[str, frozenset[str]]:
    """Per member, whom it is connected to, if the certificates in use say just that; else nothing.

    So it is with a cluster that a migration left half way: each half works, and a new plan can join them.
    """
    loaded = loaded_now(snapshot)
    if len(loaded) != len(snapshot.cluster.members):
        return {}
    peers = connected_members(loaded, at=snapshot.taken_at)
    links = links_now(snapshot)
    names = [member.name for member in snapshot.cluster.members]
    agree = all((frozenset(p) in links) is (p[1] in peers[p[0]]) for p in combinations(names, 2))
    return peers if agree else {}


def uid_of(snapshot: Snapshot, member: Member) -> str:
    """Both nodes of a pair report the same one: either will do. "" if none answers."""
    statuses = [snapshot.nodes[node.name].status for node in member.nodes]
    return next((status.server.uid for status in statuses if isinstance(status, NodeStatus)), "")


def remotes_of(seen: NodeSnapshot) -> tuple[RemoteMember, ...]:
    """The other members as the node sees them; none where they could not be asked for."""
    return seen.remotes if isinstance(seen.remotes, tuple) else ()
