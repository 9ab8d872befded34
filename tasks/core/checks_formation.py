"""Checks before a cluster is formed, or joined: of nodes that are no members yet, and of what they are to be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tasks.core.belonging import Belonging, belonging, inside
from tasks.core.checks import check_cluster
from tasks.core.checks_wanted import cluster_name, enough_members, places_apart
from tasks.core.credential_set import CredentialSet
from tasks.core.done import is_done
from tasks.core.findings import Finding, Severity
from tasks.core.membership_keys import (
    REPLICATED,
    Keys,
    differences,
    seeds_of,
    wanted_keys,
)
from tasks.core.model import Cluster, Member
from tasks.core.snapshot import NodeSnapshot, Snapshot
from tasks.core.status import Membership, NodeStatus

TO_BE_MENDED = frozenset({"not-a-member", "membership-pending"})  # by the very run that is checked for


def check_creation(snapshot: Snapshot, sets: Mapping[str, CredentialSet]) -> tuple[Finding, ...]:
    """Everything that is in the way of forming the inventory's cluster, all at once.

    Members that are in it already are left alone: they must be right as they are.
    """
    cluster = snapshot.cluster
    found = [f for f in check_cluster(snapshot) if f.name not in TO_BE_MENDED]
    found += cluster_name(cluster.cluster_name)
    found += enough_members(cluster)
    found += places_apart(cluster.nodes)
    for member in cluster.members:
        keys = creation_keys(cluster, member)
        found += unlike(snapshot, member, keys)
        if belonging(snapshot, member) is Belonging.INSIDE and member.name in sets:
            found += _other_credentials(snapshot, member, sets[member.name])
    found += identities(snapshot, cluster.members)
    return tuple(found)


def creation_keys(cluster: Cluster, member: Member) -> dict[str, Keys]:
    """Per node of the member, what `cluster.create` makes of its ClusterMembership."""
    seeds = seeds_of(cluster, member)
    return {n.name: wanted_keys(n, cluster_name=cluster.cluster_name, seeds=seeds) for n in member.nodes}


def unlike(snapshot: Snapshot, member: Member, wanted: Mapping[str, Keys]) -> Iterator[Finding]:
    """A member whose configuration is another one: every key in which it differs, on every node."""
    if belonging(snapshot, member) is Belonging.OUTSIDE:
        return
    for node in member.nodes:
        seen = snapshot.nodes[node.name]
        if not isinstance(seen.membership, Membership) or not seen.membership.enabled:
            continue
        skipped = REPLICATED if _is_standby(seen) else ()
        due = {key: value for key, value in wanted[node.name].items() if key not in skipped}
        if due.get("ControlAddress", "") is None:
            continue  # and that is said
        if found := differences(seen.membership, due):
            text = f"is a member with another configuration: {'; '.join(map(str, found))}"
            remedy = (
                "make `membership:` (or `cluster_name:`) of the inventory say what it has: fab cluster.show; "
                "EnableClusterMembership is never switched off to change it, because that makes a new server of it"
            )
            yield _error("membership-differs", node.name, text, remedy)


def _is_standby(seen: NodeSnapshot) -> bool:
    return isinstance(seen.status, NodeStatus) and seen.status.is_standby


def _other_credentials(snapshot: Snapshot, member: Member, wanted: CredentialSet) -> Iterator[Finding]:
    if not isinstance(snapshot.active(member).membership, Membership) or is_done(snapshot, member, wanted):
        return  # who could not be asked is not known to be a member, and that is said
    text = (
        "is a member already and does not run with its credential set; forming the rest would not change that"
    )
    others = ", ".join(m.name for m in snapshot.cluster.members if m not in inside(snapshot))
    remedy = (
        f"take {others} out of the inventory for now, fab migrate-cluster, put them back, then fab cluster.join each"
        if others
        else "fab migrate-cluster"
    )
    yield _error("member-credentials", member.name, text, remedy)


def identities(snapshot: Snapshot, members: Iterable[Member]) -> Iterator[Finding]:
    """Two servers with one ServerUID or one name: a copied machine, or one server listed twice."""
    for what, of in (("ServerUID", _uid), ("ServerName", _name)):
        first: dict[str, str] = {}
        for member in members:
            value = of(snapshot.active(member))
            if value and value in first:
                text = f"has the same {what} {value} as {first[value]}"
                remedy = "if one was copied from the other: give it a name and a store of its own first"
                yield _warning("same-identity", member.name, text, remedy)
            first.setdefault(value, member.name)


def _uid(seen: NodeSnapshot) -> str:
    return seen.status.server.uid if isinstance(seen.status, NodeStatus) else ""


def _name(seen: NodeSnapshot) -> str:
    return seen.status.server.name if isinstance(seen.status, NodeStatus) else ""


def _error(name: str, where: str, problem: str, remedy: str) -> Finding:
    return Finding(name, Severity.ERROR, where, problem, remedy)


def _warning(name: str, where: str, problem: str, remedy: str) -> Finding:
    return Finding(name, Severity.WARNING, where, problem, remedy)
