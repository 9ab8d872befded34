"""HighAvailability in REST's own keys: what the inventory wants of each node of a pair, and what differs."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.core.model import Member, Node
from tasks.core.plan import Value
from tasks.core.wanted_ha import DISCOVERY_PORT

OBJECT = "HighAvailability"
# Set, but of no effect on a pair that runs: who is primary is decided when both start.
PREFERENCE = "PreferredPrimary"
Keys = Mapping[str, Value]


def pair_keys(member: Member, *, primary: Node) -> dict[str, dict[str, Value]]:
    """Per node of the pair, the configuration that forms it.

    Args:
        primary: Who is to be the primary at first.
    """
    one, other = member.nodes
    return {node.name: _keys(node, peer, primary) for node, peer in ((one, other), (other, one))}


def _keys(node: Node, peer: Node, primary: Node) -> dict[str, Value]:
    wanted = node.ha
    keys: dict[str, Value] = {
        "EnableHA": True,
        "Group": wanted.group or node.member,
        "StartupMode": "AutoDetect",
        "RemoteDiscoveryNIC": peer.ha.discovery_address,
        "LocalReplicationNIC": wanted.replication_address or wanted.discovery_address,
        "LocalDiscoveryNIC": wanted.discovery_address,
        PREFERENCE: node == primary,
        "UseSecuredConnections": wanted.secured,
        "RequireCertificates": wanted.require_certificates,
    }
    said: dict[str, Value] = {
        "RemoteDiscoveryPort": None if peer.ha.discovery_port == DISCOVERY_PORT else peer.ha.discovery_port,
        "ReplicationPort": wanted.replication_port,
        "ExternalReplicationNIC": wanted.external_replication_address,
        "ExternalReplicationPort": wanted.external_replication_port,
        "DiscoveryTimeout": wanted.discovery_timeout_s,
        "HeartbeatTimeout": wanted.heartbeat_timeout_s,
    }
    return keys | {key: value for key, value in said.items() if value is not None}


def differing_keys(shown: Mapping[str, object], wanted: Keys) -> tuple[str, ...]:
    """One line per key that the node has otherwise; what is not shown has the server's default."""
    return tuple(
        f"{key} is {_text(shown.get(key))}, wanted {_text(value)}"
        for key, value in wanted.items()
        if key != PREFERENCE and _text(_default(shown, key)) != _text(value)
    )


def _default(shown: Mapping[str, object], key: str) -> object:
    """RequireCertificates is not shown before it was set; in force it is true."""
    return shown.get(key, True) if key == "RequireCertificates" else shown.get(key)


def _text(value: object) -> str:
    if value is None or value == "":
        return "-"
    return str(value).lower() if isinstance(value, bool) else str(value)
