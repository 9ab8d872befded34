"""Checks of a cluster of two products that has not become one yet."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from tasks.core.findings import Finding, Severity
from tasks.core.islands import Island, is_one_cluster, islands_of
from tasks.core.snapshot import NodeSnapshot, Snapshot
from tasks.core.status import Membership


def island_checks(snapshot: Snapshot) -> Iterator[Finding]:
    """What `islands: true` has to say; without it, the counts are an error of their own."""
    if not snapshot.cluster.islands:
        return
    islands = islands_of(snapshot)
    if islands:
        text = f"two islands: {' and '.join(map(str, islands))}, each connected within, not across"
        yield _finding(snapshot, Severity.WARNING, "islands", text, "fab migrate-cluster joins them")
        yield from _unseeded(snapshot, islands)
    elif is_one_cluster(snapshot):
        text = "`islands: true` is no longer needed: every two members are connected"
        remedy = "remove it from the inventory: it would make two halves of the cluster a legal start again"
        yield _finding(snapshot, Severity.WARNING, "islands-over", text, remedy)


def _unseeded(snapshot: Snapshot, islands: tuple[Island, ...]) -> Iterator[Finding]:
    """Members that trust each other must find each other, too."""
    seen = [_nodes(snapshot, island) for island in islands]
    memberships = [[n.membership for n in nodes if isinstance(n.membership, Membership)] for nodes in seen]
    if not all(memberships) or any(m.use_multicast_discovery for group in memberships for m in group):
        return
    seeds = [
        {item.rsplit(":", 1)[0].strip("[]") for m in g for item in m.discovery_server_list}
        for g in memberships
    ]
    if not all(_is_literal(node.control_address[0]) for nodes in seen for node in nodes):
        return  # a name may stand for any of the addresses: nothing can be said
    hosts = [{host for node in nodes for host in _hosts(node)} for nodes in seen]
    if not (seeds[0] & hosts[1] or seeds[1] & hosts[0]):
        yield _finding(
            snapshot,
            Severity.ERROR,
            "islands-unseeded",
            "no DiscoveryServerList on one island names a control address of the other: they would never meet",
            "add one member of the other island to the DiscoveryServerList of each member (needs its restart)",
        )


def _nodes(snapshot: Snapshot, island: Island) -> list[NodeSnapshot]:
    return [seen for seen in snapshot.nodes.values() if seen.node.member in island.members]


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _hosts(seen: NodeSnapshot) -> set[str]:
    """Where the others may dial it."""
    hosts = {seen.control_address[0]}
    if isinstance(seen.membership, Membership):
        hosts.add(seen.membership.control_external_address)
    return hosts - {""}


def _finding(snapshot: Snapshot, severity: Severity, name: str, problem: str, remedy: str) -> Finding:
    return Finding(name, severity, snapshot.cluster.key, problem, remedy)
