"""Two single servers of the inventory's `pair:` become an HA pair: what must hold before, and the plan."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.core.credential_set import CredentialSet
from tasks.core.errors import Refused, UsageError
from tasks.core.ha_creation_checks import cluster_members, is_formed
from tasks.core.ha_keys import OBJECT, pair_keys
from tasks.core.ha_planning import listening, steps_of
from tasks.core.ha_seen import HaSeen, baseline, lies_there
from tasks.core.membership_keys import OBJECT as MEMBERSHIP
from tasks.core.membership_keys import SEEDS, wanted_keys
from tasks.core.model import Member, Node
from tasks.core.nearest import one_of
from tasks.core.plan import Configuration, Plan, Step, Target
from tasks.core.planning import target_of
from tasks.core.status import Membership
from tasks.core.step_kinds import StepKind

TASK = "ha.create"


def chosen_primary(seen: HaSeen, member: Member, *, asked: str) -> Node:
    """Who is to be the primary: as asked, as the inventory says, or the one that is a cluster member.

    Raises:
        UsageError: No such node.
        Refused: Nobody says it; or it is not the one that is a cluster member.
    """
    names = [node.name for node in member.nodes]
    if asked and asked not in names:
        raise UsageError(f"--primary {asked} is no node of {member.name}", remedy=one_of(asked, names))
    joined = cluster_members(seen, member)
    said = [n for n in member.nodes if n.name == asked] or [n for n in member.nodes if n.ha.preferred_primary]
    found = (said or joined)[:1]
    if not found:
        raise Refused(
            f"who of {' and '.join(names)} is to be the primary? The other one's configuration, certificates and "
            "ServerUID are replaced by the primary's",
            remedy=f"fab ha.create {member.name} --primary {names[0]} (or `ha: {{preferred_primary: true}}` on it)",
        )
    if joined and found[0] not in joined:
        raise Refused(
            f"{joined[0].name} is a cluster member and {found[0].name} is not: as primary {found[0].name} would "
            f"replace its ServerUID, by which the cluster knows it",
            remedy=f"fab ha.create {member.name} --primary {joined[0].name}",
        )
    return found[0]


def plan_ha_creation(seen: HaSeen, sets: Mapping[str, CredentialSet], *, primary: str) -> Plan:
    """Plan to make one pair of two single servers.

    Args:
        seen: One pair; the checks have passed on it.
        sets: Its HA credential set, if there is one; else the pair begins on the built-in pair.
        primary: As asked for; "" for what the inventory says.

    Returns:
        The plan; without steps if the pair is formed, and configured as the inventory says.

    Raises:
        Refused: It is not certain who is to be the primary.
        UsageError: The one asked for is no node of the pair.
    """
    member = seen.pairs[0]
    plan = _nothing_to_do(seen, member, sets)
    if is_formed(seen, member):
        return plan
    first = chosen_primary(seen, member, asked=primary)
    other = next(node for node in member.nodes if node != first)
    wanted = sets.get(member.name) if first.ha.secured else None
    files = _files(seen, member, wanted)
    return plan.model_copy(
        update={
            "why": f"{first.name} becomes the primary of {member.name}, {other.name} its standby",
            "steps": _steps(plan, member, files, order=(other, first)),
            "posts": {
                f"{StepKind.CONFIGURE}:{name}": post for name, post in _posts(seen, member, first).items()
            },
            "pinned": {
                f"{StepKind.HA_WAIT}:{member.name}": other.name,
                f"{StepKind.HA_FORM}:{member.name}": first.name,
            },
            "ha_files": {f"{kind}:{target}": dict(wanted.sha256) for kind, target in files if wanted},
            "notes": _notes(seen, member, first, other, wanted),
        }
    )


def _nothing_to_do(seen: HaSeen, member: Member, sets: Mapping[str, CredentialSet]) -> Plan:
    """The plan without its steps."""
    cluster = seen.snapshot.cluster
    return Plan(
        cluster=cluster.key,
        cluster_name=cluster.cluster_name,
        task=TASK,
        why=f"{member.name} is a pair already, configured as the inventory says",
        steps=(),
        targets={member.name: _target(member, sets)},
        before={node.name: "single" for node in member.nodes},
        baseline=baseline(seen.snapshot),
        pairs=(member.name,),
        addresses={name: each.control_address for name, each in seen.snapshot.nodes.items()},
        ha_addresses=dict(listening(seen)),
    )


def _steps(
    plan: Plan, member: Member, files: tuple[tuple[StepKind, str], ...], *, order: tuple[Node, Node]
) -> tuple[Step, ...]:
    """Files, then the configuration of both, then the standby-to-be, which waits, then the other one."""
    kinds = (
        *((kind, target, 0) for kind, target in files),
        *((StepKind.CONFIGURE, node.name, 0) for node in order),
        (StepKind.HA_WAIT, member.name, 0),
        (StepKind.HA_FORM, member.name, 0),
    )
    return steps_of(kinds, expected=plan.baseline)


def _target(member: Member, sets: Mapping[str, CredentialSet]) -> Target:
    wanted = sets.get(member.name) if member.nodes[0].ha.secured else None
    return target_of(wanted) if wanted else Target(files={}, leaf_sha256="", leaf_subject="", not_after="")


def _files(seen: HaSeen, member: Member, wanted: CredentialSet | None) -> tuple[tuple[StepKind, str], ...]:
    """Credentials before the configuration, where they do not lie there already."""
    nodes = [seen.snapshot.nodes[node.name] for node in member.nodes]
    if wanted is None or all(lies_there(one, wanted.sha256) for one in nodes):
        return ()
    return (*((StepKind.HA_PLACE, node.name) for node in member.nodes), (StepKind.HA_SWAP, member.name))


def _posts(seen: HaSeen, member: Member, primary: Node) -> dict[str, Configuration]:
    """Of both nodes; a node that is in no cluster gets the membership of the one that is.

    Two nodes of which one was started as a cluster member refuse to pair (ReasonCode 1).
    """
    posts: dict[str, Configuration] = {
        name: {OBJECT: keys} for name, keys in pair_keys(member, primary=primary).items()
    }
    joined = cluster_members(seen, member)
    running = seen.snapshot.nodes[primary.name].membership
    if joined == [primary] and isinstance(running, Membership):
        other = next(node for node in member.nodes if node != primary)
        keys = wanted_keys(other, cluster_name=running.cluster_name, seeds=running.discovery_server_list)
        keys |= {"UseMulticastDiscovery": running.use_multicast_discovery}
        keys |= {SEEDS: ",".join(running.discovery_server_list) or None}
        posts[other.name] |= {MEMBERSHIP: keys}
    return posts


def _notes(
    seen: HaSeen, member: Member, primary: Node, other: Node, wanted: CredentialSet | None
) -> tuple[str, ...]:
    notes = [
        f"{other.name} becomes a copy of {primary.name}: its configuration, its whole certificates directory and its "
        "ServerUID are replaced. A store that holds data is not overwritten by the first start of a pair: if both "
        "hold some, the servers refuse (ReasonCode 5); if only the other one does, IT becomes the primary, and this "
        "run stops",
        f"clients of {other.name} lose their server for good, clients of {primary.name} for about 25 s",
    ]
    if primary.ha.secured and wanted is None:
        notes.append(
            "there is no HA credential set: the pair begins on the built-in pair, whose key is public -> "
            f"fab credentials.create --use ha, then fab ha.migrate {member.name}"
        )
    if not primary.ha.secured:
        notes.append("`ha.secured` is false: everything that the nodes replicate goes in clear text")
    if cluster_members(seen, member):
        notes.append(f"{other.name} is configured as the cluster member that {primary.name} is")
    return tuple(notes)
