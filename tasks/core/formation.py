"""From nodes that are no members yet to a plan that forms a cluster, or joins one: step by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tasks.core.acquaintance import after_meeting, known_now
from tasks.core.belonging import Belonging, belonging, part_of
from tasks.core.checks_formation import creation_keys
from tasks.core.checks_joining import joining_keys, joining_part
from tasks.core.credential_set import CredentialSet
from tasks.core.dataclass import dataclass
from tasks.core.done import edits_of, files_are
from tasks.core.errors import Refused
from tasks.core.expected_counts import counts_of
from tasks.core.formation_notes import creation_notes, joining_notes
from tasks.core.links import links_now
from tasks.core.membership_keys import OBJECT, Keys, differences, post_for
from tasks.core.model import Member, Node
from tasks.core.observed import loaded_now
from tasks.core.plan import Configuration, Counts, Plan, Step, Target
from tasks.core.planning import served_by, target_of, target_serving
from tasks.core.snapshot import NodeSnapshot, Snapshot, Wire
from tasks.core.status import Membership
from tasks.core.step_kinds import LAST_RESTARTS, StepKind
from tasks.core.trust import connected_members

CREATE, JOIN = "cluster.create", "cluster.join"
Sets = Mapping[str, CredentialSet]


@dataclass(frozen=True, slots=True)
class _Newcomers:
    """Those who come in, in inventory order, and what their nodes' ClusterMembership is to be."""

    snapshot: Snapshot  # they and the running cluster, nobody else
    members: tuple[Member, ...]
    keys: Mapping[str, Keys]  # by node
    sets: Sets  # of the newcomers

    @property
    def running(self) -> tuple[str, ...]:
        new = {member.name for member in self.members}
        return tuple(member.name for member in self.snapshot.cluster.members if member.name not in new)


def plan_creation(snapshot: Snapshot, sets: Sets) -> Plan:
    """Plan to form the inventory's cluster; members that are in it already are left alone.

    Args:
        snapshot: Every node seen; `check_creation` has passed on it.
        sets: The credential set of each member.

    Returns:
        The plan; without steps if every member is in the cluster.

    Raises:
        Refused: Two of the sets do not trust each other.

    Source:
        Eclipse Amlen, "Clustering: User Provided TLS Credentials": the files first, then the membership.
    """
    cluster = snapshot.cluster
    new = tuple(m for m in cluster.members if belonging(snapshot, m) is not Belonging.INSIDE)
    keys = {name: one for member in new for name, one in creation_keys(cluster, member).items()}
    coming = _Newcomers(snapshot, new, keys, {m.name: sets[m.name] for m in new})
    return _plan(coming, task=CREATE, notes=creation_notes(snapshot, new))


def plan_joining(snapshot: Snapshot, sets: Sets, *, name: str) -> Plan:
    """Plan to bring one member into the running cluster.

    Args:
        snapshot: Every node seen; `check_joining` has passed on it.
        sets: At least the member's own credential set.
        name: The member.

    Returns:
        The plan; without steps if the member is in the cluster already.
    """
    part = joining_part(snapshot, name)
    member = part.cluster.member(name)
    new = () if belonging(part, member) is Belonging.INSIDE else (member,)
    coming = _Newcomers(part, new, joining_keys(snapshot, name), {m.name: sets[m.name] for m in new})
    return _plan(coming, task=JOIN, notes=joining_notes(part, new))


def _plan(coming: _Newcomers, *, task: str, notes: tuple[str, ...]) -> Plan:
    snapshot = coming.snapshot
    cluster = snapshot.cluster
    posts = {step: {OBJECT: keys} for step, keys in _posts(coming)}
    return Plan(
        cluster=cluster.key,
        cluster_name=cluster.cluster_name,
        why=_why(coming),
        steps=tuple(_with_expectations(coming, _steps(coming, posts))),
        targets={m.name: _target(coming, m) for m in cluster.members},
        before={node.name: _served_before(snapshot.nodes[node.name]) for node in cluster.nodes},
        edits=edits_of(snapshot, coming.members),
        baseline=_counts(coming, joined=()),
        pairs=tuple(m.name for m in cluster.members if m.is_pair),
        addresses={node.name: _address(coming, node) for node in cluster.nodes},
        task=task,
        posts=posts,
        notes=notes,
    )


def _why(coming: _Newcomers) -> str:
    named, name = ", ".join(m.name for m in coming.members), coming.snapshot.cluster.cluster_name
    if not coming.members:
        return "every member is in the cluster and configured as the inventory says"
    if coming.running:
        return f"{named} join{'s' * (len(coming.members) == 1)} {', '.join(coming.running)} in the cluster {name}"
    return f"forms the cluster {name} of {named}"


def _posts(coming: _Newcomers) -> Iterator[tuple[str, dict[str, bool | int | str | None]]]:
    """By step: the configuration that a node still lacks; in a pair the standby's comes first."""
    for member in coming.members:
        for seen, standby in _configuring_order(coming.snapshot, member):
            keys = coming.keys[seen.node.name]
            if not isinstance(seen.membership, Membership):
                continue  # a check says so
            post = post_for(seen.membership, keys, standby=standby)
            lacking = differences(seen.membership, {k: v for k, v in keys.items() if k in post})
            if lacking:
                yield f"{StepKind.CONFIGURE}:{seen.node.name}", post


def _configuring_order(snapshot: Snapshot, member: Member) -> tuple[tuple[NodeSnapshot, bool], ...]:
    """Each node of the member, and whether it is the standby."""
    standby = snapshot.standby(member)
    active = (snapshot.active(member), False)
    return (active,) if standby is None else ((standby, True), active)


def _steps(coming: _Newcomers, posts: Mapping[str, Configuration]) -> Iterator[tuple[StepKind, str]]:
    """Files everywhere, then the configuration everywhere, then one restart after the other.

    Both nodes of a pair restart as one: a node that was started as a cluster member and one that was not
    refuse to pair (ReasonCode 1), so that neither can wait for the other.

    Source:
        Eclipse Amlen, "Configuring cluster membership of servers in a high availability pair":
        restart both, the standby first; storeHighAvailability.c, cip_check_req_msgs.
    """
    nodes = coming.snapshot.nodes
    unplaced = tuple(
        member
        for member in coming.members
        if not all(files_are(nodes[node.name], coming.sets[member.name]) for node in member.nodes)
    )
    yield from ((StepKind.PLACE, node.name) for member in unplaced for node in member.nodes)
    yield from ((StepKind.SWAP, member.name) for member in unplaced)
    yield from ((StepKind.CONFIGURE, step.partition(":")[2]) for step in posts)
    for member in coming.members:
        yield (StepKind.RESTART_PAIR if member.is_pair else StepKind.RESTART), member.name
    if coming.members:
        yield StepKind.PROVE, "cluster"


def _with_expectations(coming: _Newcomers, steps: Iterator[tuple[StepKind, str]]) -> Iterator[Step]:
    joined: tuple[str, ...] = ()
    expected = _counts(coming, joined=joined)
    for kind, target in steps:
        if kind in LAST_RESTARTS:
            joined = (*joined, target)
            expected = _counts(coming, joined=joined)
        yield Step(kind=kind, target=target, expected=expected)


def _counts(coming: _Newcomers, *, joined: tuple[str, ...]) -> dict[str, Counts]:
    """What everybody shows who is in the cluster once these have joined it.

    Raises:
        Refused: One of them would not be connected with everybody, and so never be known to them.
    """
    present = part_of(coming.snapshot, (*coming.running, *joined))
    old = part_of(present, coming.running)
    loaded = {**loaded_now(old), **{name: coming.sets[name].loaded for name in joined}}
    links, at = links_now(old), coming.snapshot.taken_at
    peers = connected_members(loaded, observed=frozenset(coming.running), links=links, at=at)
    for name in joined[-1:]:
        apart = sorted(set(loaded) - set(peers[name]) - {name})
        if apart:
            raise Refused(
                f"[{name}] its credential set and what {', '.join(apart)} runs with do not trust each other",
                remedy="put sets there that trust each other: fab credentials.create makes such",
            )
    known = {name: known_now(old).get(name, frozenset()) for name in loaded}
    return counts_of(after_meeting(known, peers), peers)


def _target(coming: _Newcomers, member: Member) -> Target:
    """A newcomer's set; of a running member what it serves now, and no file is looked at."""
    if member.name in coming.sets:
        return target_of(coming.sets[member.name])
    wire = coming.snapshot.active(member).wire
    if not isinstance(wire, Wire):
        raise ValueError(f"{member.name} shows no certificate: the checks have passed over it")
    return target_serving(wire.leaf, {})


def _served_before(seen: NodeSnapshot) -> str:
    served = served_by(seen)
    return "none" if served == "unseen" else served


def _address(coming: _Newcomers, node: Node) -> tuple[str, int]:
    """Where the control port will listen: a newcomer's as wanted, else as it is."""
    if node.member in coming.running:
        return coming.snapshot.nodes[node.name].control_address
    wanted = node.membership
    return wanted.control_address or node.host, wanted.control_port
