"""ClusterMembership in REST's own keys: what a node has, what it is to have, and where the two differ."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping

from tasks.core.dataclass import dataclass
from tasks.core.model import Cluster, Member, Node
from tasks.core.plan import Value
from tasks.core.status import Membership

OBJECT = "ClusterMembership"
REPLICATED = ("EnableClusterMembership", "ClusterName", "DiscoveryServerList")  # refused on a standby
SEEDS = "DiscoveryServerList"
# Keys in which every node is right to differ from the others.
OWN = frozenset(
    {
        SEEDS,
        *(f"{kind}{what}" for kind in ("Control", "Messaging") for what in ("Address", "ExternalAddress")),
        *(f"{kind}ExternalPort" for kind in ("Control", "Messaging")),
    }
)
Keys = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Difference:
    """One key that a node has otherwise than it is to be."""

    key: str
    seen: Value
    wanted: Value

    def __str__(self) -> str:
        return f"{self.key} is {text_of(self.seen)}, wanted {text_of(self.wanted)}"


def text_of(value: Value) -> str:
    """As JSON says it; what is not set is "-"."""
    if value is None or value == "":
        return "-"
    return str(value).lower() if isinstance(value, bool) else str(value)


def seed(address: str, port: int) -> str:
    """An entry of DiscoveryServerList: an IPv6 address in brackets, no blanks, no names.

    Source: validate_ClusterMembership.c takes the part before the first colon as IPv4 unless it is in brackets.
    """
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def seeds_of(cluster: Cluster, member: Member) -> tuple[str, ...]:
    """Every other member as the inventory says that it is dialled; both nodes of a pair."""
    others = (node for other in cluster.members if other.name != member.name for node in other.nodes)
    return tuple(seed(*point) for node in others if (point := node.membership.endpoint) is not None)


def wanted_keys(node: Node, *, cluster_name: str, seeds: tuple[str, ...]) -> dict[str, Value]:
    """What a member's ClusterMembership is to be; a key that nobody speaks of is left out."""
    wanted = node.membership
    keys: dict[str, Value] = {
        "EnableClusterMembership": True,
        "ClusterName": cluster_name,
        "UseMulticastDiscovery": wanted.multicast,
        SEEDS: None if wanted.multicast else ",".join(seeds) or None,
        "ControlAddress": wanted.control_address,
        "ControlPort": wanted.control_port,
        "ControlExternalAddress": wanted.control_external_address,
        "ControlExternalPort": wanted.control_external_port,
        "MessagingAddress": wanted.messaging_address or wanted.control_address,
        "MessagingPort": wanted.messaging_port,
        "MessagingExternalAddress": wanted.messaging_external_address,
        "MessagingExternalPort": wanted.messaging_external_port,
        "MessagingUseTLS": wanted.messaging_use_tls,
        "RequireCertificates": wanted.require_certificates,
    }
    more = {"DiscoveryPort": wanted.discovery_port, "DiscoveryTime": wanted.discovery_time_s}
    return keys | {key: value for key, value in more.items() if value is not None}


def configured_keys(seen: Membership) -> dict[str, Value]:
    """What a node has, in the order in which REST shows it."""
    return {
        "EnableClusterMembership": seen.enabled,
        "ClusterName": seen.cluster_name,
        "UseMulticastDiscovery": seen.use_multicast_discovery,
        SEEDS: ",".join(seen.discovery_server_list),
        "ControlAddress": seen.control_address,
        "ControlPort": seen.control_port,
        "ControlExternalAddress": seen.control_external_address,
        "ControlExternalPort": seen.control_external_port,
        "MessagingAddress": seen.messaging_address,
        "MessagingPort": seen.messaging_port,
        "MessagingExternalAddress": seen.messaging_external_address,
        "MessagingExternalPort": seen.messaging_external_port,
        "MessagingUseTLS": seen.messaging_use_tls,
        "DiscoveryPort": seen.discovery_port,
        "DiscoveryTime": seen.discovery_time_s,
        "RequireCertificates": seen.require_certificates,
    }


def differences(seen: Membership, wanted: Keys) -> tuple[Difference, ...]:
    """Where a member is another one than wanted; a shorter list of the same servers is not.

    Members remember each other, so that a list that names some of them leads to all; a member that
    joined later is in nobody's list but its own.
    """
    return tuple(_differences(configured_keys(seen), wanted))


def _differences(has: Keys, wanted: Keys) -> Iterator[Difference]:
    for key, value in wanted.items():
        if key == SEEDS:
            same = _names_some_of(str(has[key] or ""), str(value or ""))
        elif key == "MessagingAddress" and not has[key]:
            same = value == wanted["ControlAddress"]  # as the server takes it where nothing is said
        else:
            same = _plain(has[key]) == _plain(value)
        if not same:
            yield Difference(key, has[key], value)


def _names_some_of(has: str, wanted: str) -> bool:
    named, known = endpoints(has), endpoints(wanted)
    return named <= known and bool(named) is bool(known)


def endpoints(seeds: str) -> frozenset[tuple[Value, str]]:
    """Address and port of every server that a DiscoveryServerList names."""
    found = (item.strip().rpartition(":") for item in seeds.split(",") if item.strip())
    return frozenset((_plain(host.strip("[]")), port) for host, _, port in found)


def _plain(value: Value) -> Value:
    """Unset is unset, whether null, empty, or port 0; of an address one spelling."""
    if value is None or value == "" or (value == 0 and not isinstance(value, bool)):
        return None
    try:
        return str(ipaddress.ip_address(value)) if isinstance(value, str) else value
    except ValueError:
        return value


def post_for(seen: Membership, wanted: Keys, *, standby: bool = False) -> dict[str, Value]:
    """What is sent to a node: without what is unset and to stay so; to a standby without what its
    primary replicates (CWLNA0382).
    """
    has = configured_keys(seen)
    return {
        key: value
        for key, value in wanted.items()
        if not (standby and key in REPLICATED) and not (_plain(value) is None and _plain(has[key]) is None)
    }
