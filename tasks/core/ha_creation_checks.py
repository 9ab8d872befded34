"""What must hold before two single servers of the inventory's `pair:` become an HA pair."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tasks.core.findings import Finding, Severity
from tasks.core.ha_keys import differing_keys, pair_keys
from tasks.core.ha_seen import HaSeen
from tasks.core.model import Member, Node
from tasks.core.server_cfg import ServerCfg
from tasks.core.snapshot import NodeFiles, Unseen
from tasks.core.status import Membership, NodeStatus

SINGLE_NIC = "HA.AllowSingleNIC"


def is_formed(seen: HaSeen, member: Member) -> bool:
    """Whether its nodes are a pair already, in whatever state."""
    statuses = [seen.snapshot.nodes[node.name].status for node in member.nodes]
    roles = [status.ha.new_role for status in statuses if isinstance(status, NodeStatus)]
    return any(role in ("PRIMARY", "STANDBY", "UNSYNC", "UNSYNC_ERROR") for role in roles)


def cluster_members(seen: HaSeen, member: Member) -> list[Node]:
    found = []
    for node in member.nodes:
        membership = seen.snapshot.nodes[node.name].membership
        if isinstance(membership, Membership) and membership.enabled:
            found.append(node)
    return found


def creation_checks(seen: HaSeen) -> Iterator[Finding]:
    """Every reason against forming these pairs; of a formed one, every key that is not as wanted."""
    for member in seen.pairs:
        for node in member.nodes:
            shown = seen.shown[node.name]
            if isinstance(shown, Unseen):
                yield _error("ha-config", node.name, shown.problem, shown.remedy)
            elif shown.get("EnableHA") is True:
                yield from _other_pair(node, shown, member)
            if node.ha.discovery_address is None:
                text = f"no address for the other node to find it at: its host {node.host} is a name"
                yield _error("ha-address", node.name, text, "say `ha: {discovery_address: IP}` on the node")
            yield from _one_interface(seen, node)
        if not is_formed(seen, member) and len(cluster_members(seen, member)) == 2:
            text = "both nodes are cluster members with ServerUIDs of their own; a pair has one"
            remedy = "take one of them out of the cluster first; both may join as a pair, not be made one"
            yield _error("ha-two-members", member.name, text, remedy)


def _other_pair(node: Node, shown: Mapping[str, object], member: Member) -> Iterator[Finding]:
    """High availability is enabled already: it must be just this pair's."""
    wanted = pair_keys(member, primary=member.nodes[0])[node.name]
    found = differing_keys(shown, wanted)
    if found:
        text = f"HighAvailability is enabled already, and configured otherwise: {'; '.join(found)}"
        remedy = "correct `ha:` in the inventory; this task changes no pair that is configured"
        yield _error("ha-configured", node.name, text, remedy)


def _one_interface(seen: HaSeen, node: Node) -> Iterator[Finding]:
    files = seen.snapshot.nodes[node.name].files
    if node.ha.replication_address not in (None, node.ha.discovery_address):
        return
    if isinstance(files, NodeFiles) and not _allows_single_nic(files.cfg):
        yield Finding(
            "ha-one-interface",
            Severity.WARNING,
            node.name,
            f"discovery and replication use one address, and server.cfg does not say {SINGLE_NIC} = 1: a server "
            "with both on one network interface does not start its store",
            f"say `replication_address` of another interface, or put {SINGLE_NIC} = 1 into server.cfg on both nodes",
        )


def _allows_single_nic(cfg: ServerCfg) -> bool:
    return [entry.value for entry in cfg.entries if entry.key == SINGLE_NIC][-1:] == ["1"]


def _error(name: str, where: str, problem: str, remedy: str) -> Finding:
    return Finding(name, Severity.ERROR, where, problem, remedy)
