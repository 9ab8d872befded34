"""Checks before one member joins a running cluster: the cluster is well, and both sides trust each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tasks.core.belonging import Belonging, belonging, inside, part_of
from tasks.core.certificates import is_builtin
from tasks.core.checks import check_cluster
from tasks.core.checks_formation import TO_BE_MENDED, identities, unlike
from tasks.core.checks_wanted import cluster_name, places_apart
from tasks.core.credential_set import CredentialSet
from tasks.core.findings import Finding, Severity
from tasks.core.membership_keys import Keys, endpoints, seed, seeds_of, wanted_keys
from tasks.core.model import Member
from tasks.core.observed import loaded_now
from tasks.core.snapshot import NodeSnapshot, Snapshot
from tasks.core.status import Membership
from tasks.core.trust import Loaded, can_dial


def check_joining(snapshot: Snapshot, sets: Mapping[str, CredentialSet], name: str) -> tuple[Finding, ...]:
    """Everything that is in the way of the member's joining, all at once; others that are outside do not matter."""
    part = joining_part(snapshot, name)
    member, running = part.cluster.member(name), running_beside(snapshot, name)
    found = [f for f in check_cluster(part) if f.name not in TO_BE_MENDED]
    found += cluster_name(part.cluster.cluster_name)
    found += places_apart(member.nodes)
    found += identities(part, part.cluster.members)
    if not running:
        text = "there is no cluster to join: no other member of the inventory is in it"
        return (*found, _error("no-cluster", name, text, "fab cluster.create"))
    keys = joining_keys(snapshot, name)
    found += _endpoint_taken(part, member, running)
    found += unlike(part, member, keys)
    if name in sets and belonging(part, member) is not Belonging.INSIDE:
        found += mutual_trust(part, running, sets[name], name=name)
    return tuple(found)


def running_beside(snapshot: Snapshot, name: str) -> tuple[Member, ...]:
    """The members that are in the cluster, without this one."""
    return tuple(member for member in inside(snapshot) if member.name != name)


def joining_part(snapshot: Snapshot, name: str) -> Snapshot:
    """The cluster as it runs, and the member that is to join it."""
    return part_of(snapshot, (name, *(member.name for member in running_beside(snapshot, name))))


def joining_keys(snapshot: Snapshot, name: str) -> dict[str, Keys]:
    """Per node of the member, what `cluster.join` makes of its ClusterMembership.

    It is to look for the others where they say of themselves that they are.
    """
    cluster = snapshot.cluster
    points = (endpoint_of(snapshot.nodes[n.name]) for m in running_beside(snapshot, name) for n in m.nodes)
    seeds = tuple(seed(*point) for point in points if point is not None)
    seeds = _begun_with(snapshot, name, running=seeds) or seeds
    return {
        node.name: wanted_keys(node, cluster_name=cluster.cluster_name, seeds=seeds)
        for node in cluster.member(name).nodes
    }


def _begun_with(snapshot: Snapshot, name: str, *, running: tuple[str, ...]) -> tuple[str, ...]:
    """The list that it has already, of a run that was given up, say: it may name members still to come.

    Nothing where that leads to nobody who runs, or to a stranger.
    """
    member = snapshot.cluster.member(name)
    configured = snapshot.active(member).membership
    if belonging(snapshot, member) is Belonging.OUTSIDE or not isinstance(configured, Membership):
        return ()
    has, ahead = (endpoints(",".join(one)) for one in (configured.discovery_server_list, running))
    known = ahead | endpoints(",".join(seeds_of(snapshot.cluster, member)))
    return configured.discovery_server_list if has & ahead and has <= known else ()


def endpoint_of(seen: NodeSnapshot) -> tuple[str, int] | None:
    """Where a configured node says that it is dialled."""
    configured = seen.membership
    if not isinstance(configured, Membership):
        return None
    address = configured.control_external_address or configured.control_address
    return (address, configured.control_external_port or configured.control_port) if address else None


def _endpoint_taken(part: Snapshot, member: Member, running: tuple[Member, ...]) -> Iterator[Finding]:
    taken = {endpoint_of(part.nodes[n.name]): n.name for other in running for n in other.nodes}
    for node in member.nodes:
        point = node.membership.endpoint
        if point is not None and point in taken:
            text = f"its control channel {point[0]} port {point[1]} is that of {taken[point]}"
            yield _error(
                "control-address", node.name, text, "correct `membership:` of the node in the inventory"
            )


def mutual_trust(
    part: Snapshot, running: tuple[Member, ...], wanted: CredentialSet, *, name: str
) -> Iterator[Finding]:
    """Each running process, by what it has loaded, and the new set accept each other, in both directions.

    One direction would be enough for the counts, but not for the next restart of the other one (T4).
    """
    new = wanted.loaded
    loaded = loaded_now(part)
    for member in running:
        if member.name not in loaded:
            continue  # its certificate could not be seen, and that is said
        old = loaded[member.name]
        if not can_dial(new, old, at=part.taken_at):
            text = f"{member.name} would not let it in: what {member.name} has loaded does not trust {_leaf(new)}"
            yield _error("not-trusted", name, text, _remedy(old, name))
        if not can_dial(old, new, at=part.taken_at):
            text = f"it would not let {member.name} in: its CA file does not trust {_leaf(old)}"
            yield _error("does-not-trust", name, text, _remedy(old, name))


def _leaf(one: Loaded) -> str:
    return f"{one.leaf.subject} ({one.leaf.sha256[:8]})"


def _remedy(old: Loaded, name: str) -> str:
    if is_builtin(old.leaf):
        return (
            f"the cluster still runs on the built-in pair: take {name} out of the inventory for now, "
            f"fab migrate-cluster, put it back, fab cluster.join {name}"
        )
    return (
        f"give {name} a set under the CA that the cluster trusts, with the cluster's CA in its CA file; "
        "or bring both together by migrating the cluster first"
    )


def _error(name: str, where: str, problem: str, remedy: str) -> Finding:
    return Finding(name, Severity.ERROR, where, problem, remedy)
