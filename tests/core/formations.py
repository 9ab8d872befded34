"""Snapshots of nodes that are no members yet, for tests of pure rules."""

from __future__ import annotations

from dataclasses import replace

from tasks.core.model import Cluster, Member
from tasks.core.snapshot import Snapshot
from tasks.core.status import ClusterStatus
from tasks.core.wanted_membership import WantedMembership
from tests.core.certs import SHARED
from tests.core.snapshots import (
    Sets,
    alter,
    alter_membership,
    alter_node,
    alter_status,
    cluster,
    healthy,
    pair,
    status_of,
)

OUTSIDE = ClusterStatus("Inactive", enabled=False)
PENDING = ClusterStatus("Inactive", enabled=True, name="MyCluster")
FRESH = {
    "enabled": False,
    "cluster_name": "",
    "control_address": "",
    "use_multicast_discovery": True,
    "messaging_use_tls": False,
}


def addressed(*members: Member | str) -> Cluster:
    """Members whose nodes have the addresses 10.0.0.1, 10.0.0.2, … in inventory order."""
    named = cluster(*members)
    address = {node.name: f"10.0.0.{number}" for number, node in enumerate(named.nodes, 1)}
    return replace(
        named,
        members=tuple(
            replace(
                member,
                nodes=tuple(
                    replace(n, host=address[n.name], membership=WantedMembership(address[n.name]))
                    for n in member.nodes
                ),
            )
            for member in named.members
        ),
    )


THREE = addressed("gw-a", "gw-b", "gw-c")
WITH_PAIR = addressed("gw-a", "gw-b", pair("gw-d"))
SETS: Sets = dict.fromkeys(("gw-a", "gw-b", "gw-c", "gw-d"), SHARED)


def unformed(wanted: Cluster = THREE) -> Snapshot:
    """Every node as freshly installed, its pair formed."""
    snapshot = healthy(wanted)
    for member in wanted.members:
        snapshot = outside(snapshot, member.name)
    return snapshot


def outside(snapshot: Snapshot, member: str) -> Snapshot:
    """The member has never been in the cluster, and nobody knows it; no credential files lie there."""
    for node in snapshot.cluster.member(member).nodes:
        snapshot = alter(snapshot, node.name, wire=None, remotes=None)
        snapshot = alter_membership(snapshot, node.name, **FRESH)
        server = replace(status_of(snapshot, node.name).server, name=f"{node.name}:9089")
        snapshot = alter_status(snapshot, node.name, cluster=OUTSIDE, server=server)
    return snapshot


def formed(wanted: Cluster = THREE, *, but: tuple[str, ...] = ()) -> Snapshot:
    """In the cluster with SHARED and configured as cluster.create does it, all members but these."""
    inside = replace(wanted, members=tuple(m for m in wanted.members if m.name not in but))
    running = healthy(inside, runs=SHARED)
    for member in inside.members:
        running = _configured(running, member, wanted)
    rest = unformed(wanted)
    return replace(rest, nodes={**rest.nodes, **running.nodes})


def pending(snapshot: Snapshot, member: str) -> Snapshot:
    """Configured as cluster.create does it, and not restarted since."""
    cluster = snapshot.cluster
    snapshot = _configured(snapshot, cluster.member(member), cluster)
    for node in cluster.member(member).nodes:
        snapshot = alter_membership(snapshot, node.name, enabled=True, cluster_name="MyCluster")
        snapshot = alter_status(snapshot, node.name, cluster=PENDING)
    return snapshot


def _configured(snapshot: Snapshot, member: Member, wanted: Cluster) -> Snapshot:
    others = (n for other in wanted.members if other.name != member.name for n in other.nodes)
    seeds = tuple(f"{node.host}:9104" for node in others)
    for node in member.nodes:
        snapshot = alter_membership(
            snapshot,
            node.name,
            control_address=node.host,
            messaging_address=node.host,
            use_multicast_discovery=False,
            discovery_server_list=seeds,
            messaging_use_tls=False,
        )
    return snapshot


def wanting(snapshot: Snapshot, node: str, **changes: object) -> Snapshot:
    """Another `membership:` of one node in the inventory."""
    cluster = snapshot.cluster
    old = cluster.node(node)
    new = replace(old, membership=replace(old.membership, **changes))  # type: ignore[arg-type]
    members = tuple(
        replace(m, nodes=tuple(new if n.name == node else n for n in m.nodes)) for m in cluster.members
    )
    snapshot = replace(snapshot, cluster=replace(cluster, members=members))
    return alter_node(snapshot, node, membership=new.membership)
