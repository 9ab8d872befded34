"""The way from Message Gateway to Eclipse Amlen for one cluster: what stands where, and in which order.

Nothing here is run by the tool: packages are the operator's. The words are in upgrade_actions.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from tasks.core import upgrade_actions as act
from tasks.core.certificates import is_builtin
from tasks.core.dataclass import dataclass
from tasks.core.islands import islands_of
from tasks.core.model import Member, Product
from tasks.core.observer import choose_observer
from tasks.core.snapshot import NodeSnapshot, Snapshot, Wire
from tasks.core.status import Membership, NodeStatus
from tasks.core.upgrade_actions import Action
from tasks.core.upgrade_node import on_node
from tasks.core.versions import NAMES, Version, parse_version


class Standing(StrEnum):
    DONE = "done"  # runs Eclipse Amlen
    NEEDS_FIX = "needs the latest fix first"  # a 5.0 that cannot be paired with Amlen yet, or not confirmed
    READY = "to be upgraded"


@dataclass(frozen=True, slots=True)
class UpgradeNode:
    """One node as it was seen; empty texts where it did not answer."""

    name: str
    member: str
    role: str
    product: Product
    version: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class Stage:
    """Actions that belong together; `node` is empty where they are about the whole cluster."""

    title: str
    node: str
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class Runbook:
    """Everything that is to be done, in order; no stages where every node runs Amlen."""

    cluster: str
    at: datetime
    nodes: tuple[UpgradeNode, ...]
    order: tuple[str, ...]  # node names; standbys first, the observer's last
    stages: tuple[Stage, ...]


def plan_upgrade(snapshot: Snapshot) -> Runbook:
    """The documented upgrade of every node that still runs Message Gateway.

    Args:
        snapshot: As many nodes as answer; of the others the inventory's product counts.

    Returns:
        The runbook. The same snapshot always gives the same one.

    Source:
        Eclipse Amlen, "Upgrading from IBM WIoTP Message Gateway to Eclipse Amlen", "Clustering: User
        Provided TLS Credentials" and the server's installation scripts.
    """
    nodes = tuple(_node(seen) for seen in snapshot.nodes.values())
    order = _order(snapshot, frozenset(node.name for node in nodes if node.standing is not Standing.DONE))
    return Runbook(
        cluster=snapshot.cluster.key,
        at=snapshot.taken_at,
        nodes=nodes,
        order=order,
        stages=_stages(snapshot, nodes, order) if order else (),
    )


def _node(seen: NodeSnapshot) -> UpgradeNode:
    status = seen.status if isinstance(seen.status, NodeStatus) else None
    version = parse_version(status.server.version if status else "")
    product = version.product or seen.node.product
    return UpgradeNode(
        name=seen.node.name,
        member=seen.node.member,
        role=status.role.lower() if status else "",
        product=product,
        version=version.short,
        standing=_standing(seen, version, product),
    )


def _standing(seen: NodeSnapshot, version: Version, product: Product) -> Standing:
    if product is Product.AMLEN:
        return Standing.DONE
    unfixed = version.is_too_old or not (version.has_builtin_only or seen.node.ifix_confirmed)
    return Standing.NEEDS_FIX if unfixed else Standing.READY


def _order(snapshot: Snapshot, moving: frozenset[str]) -> tuple[str, ...]:
    """All standbys first, as the documentation has it; then each other node, the observer's last."""
    members = [m for m in snapshot.cluster.members if any(node.name in moving for node in m.nodes)]
    if not members:
        return ()
    observer = choose_observer(snapshot, asked=None, moving=frozenset(m.name for m in members))
    members.sort(key=lambda member: member.name == observer)
    standbys = [_standby(snapshot, member) for member in members if member.is_pair]
    rest = [node.name for member in members for node in member.nodes if node.name not in standbys]
    return tuple(name for name in (*standbys, *rest) if name in moving)


def _standby(snapshot: Snapshot, member: Member) -> str:
    seen = snapshot.standby(member)
    return seen.node.name if seen else ""


def _stages(snapshot: Snapshot, nodes: tuple[UpgradeNode, ...], order: tuple[str, ...]) -> tuple[Stage, ...]:
    unfixed = [n.name for n in nodes if n.standing is Standing.NEEDS_FIX]
    first = [Stage("Prepare", "", act.prepare(snapshot.nodes[name] for name in order))]
    if unfixed:
        ordered = [name for name in order if name in unfixed]
        first.append(Stage("Bring Message Gateway to its latest fix", "", act.fix(ordered)))
    first.append(Stage("Give the cluster credentials of its own", "", _credentials(snapshot, nodes)))
    last = Stage("Finish", "", act.finish(islands=snapshot.cluster.islands, lenient=_lenient(snapshot)))
    return (*first, *(_of_node(snapshot, name, order) for name in order), last)


def _credentials(snapshot: Snapshot, nodes: Iterable[UpgradeNode]) -> tuple[Action, ...]:
    builtin_only = [n.name for n in nodes if n.version.startswith("2.")]
    wires = [seen.wire for seen in snapshot.nodes.values() if isinstance(seen.wire, Wire)]
    migrated = bool(wires) and not any(is_builtin(wire.leaf) for wire in wires)
    pairs = [member.name for member in snapshot.cluster.members if member.is_pair]
    if builtin_only:
        return act.credentials_later(builtin_only)
    if migrated:
        return act.credentials_done(pairs=pairs)
    islands = bool(islands_of(snapshot)) or snapshot.cluster.islands
    return act.credentials_first(islands=islands, pairs=pairs)


def _lenient(snapshot: Snapshot) -> tuple[str, ...]:
    """The nodes whose RequireCertificates is false now."""
    shown = {name: seen.membership for name, seen in snapshot.nodes.items()}
    return tuple(n for n, m in shown.items() if isinstance(m, Membership) and not m.require_certificates)


def _of_node(snapshot: Snapshot, name: str, order: tuple[str, ...]) -> Stage:
    seen = snapshot.nodes[name]
    member = snapshot.cluster.member(seen.node.member)
    standby = member.is_pair and _standby(snapshot, member) == name
    kind = ("standby of " if standby else "primary of ") + member.name if member.is_pair else "single member"
    last = ", the observer" if name == order[-1] else ""
    title = f"{name} ({kind}{last}): {NAMES[Product.MESSAGESIGHT]} to {NAMES[Product.AMLEN]}"
    return Stage(title, name, on_node(seen, standby=standby, paired=member.is_pair))
