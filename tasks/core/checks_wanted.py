"""Checks of what the inventory wants of a cluster, before any node is looked at: names, ports, addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tasks.core.findings import Finding, Severity
from tasks.core.model import Cluster, Node

LONGEST_NAME = 256
# Source: validate_ClusterMembership.c refuses these; cluster.h asks for a first character besides.
_REFUSED_IN_NAMES = re.compile(r"[\x01-\x1f\x7f,\"\\/=]")
_ODD_FIRST = re.compile(r"[0-9!#$%&'()*+\-.:;<>?@]")


def cluster_name(name: str) -> Iterator[Finding]:
    """What the server takes as ClusterName, and what its documentation asks for besides."""
    remedy = "choose another `cluster_name:` in the inventory"
    if bad := _REFUSED_IN_NAMES.search(name):
        text = f"ClusterName {name!r} cannot be: the server refuses the character {bad[0]!r}"
        yield _error("cluster-name-invalid", "", text, remedy)
    if name != name.strip(" "):
        text = f"ClusterName {name!r} cannot be: the server refuses a blank at the beginning or the end"
        yield _error("cluster-name-invalid", "", text, remedy)
    if len(name.encode()) > LONGEST_NAME:
        text = f"ClusterName is {len(name.encode())} bytes long, {LONGEST_NAME} at most"
        yield _error("cluster-name-invalid", "", text, remedy)
    if _ODD_FIRST.match(name):
        text = f"ClusterName {name!r} begins with {name[0]!r}; the product asks for a letter, but does not insist"
        yield _warning("cluster-name-first", "", text, remedy)


def enough_members(cluster: Cluster) -> Iterator[Finding]:
    """Without multicast a server becomes no member before its list names another one."""
    alone = len(cluster.members) == 1
    if alone and not all(node.membership.multicast for node in cluster.nodes):
        text = "one member alone cannot be configured: DiscoveryServerList would be empty, which the server refuses"
        yield _error("no-seeds", cluster.members[0].name, text, "add the other members to the inventory")
    ports = {node.membership.discovery_port for node in cluster.nodes if node.membership.multicast}
    if len(ports) > 1:
        text = "discovery_port is not the same on all members: multicast would not find them"
        yield _error("discovery-port", "", text, "set `membership: {discovery_port: ...}` for the cluster")


def places_apart(nodes: Iterable[Node]) -> Iterator[Finding]:
    """Every node has a control address, ports of their own, and an endpoint that nobody else has."""
    taken: dict[tuple[str, int], str] = {}
    for node in nodes:
        yield from _ports(node)
        yield from _switches(node)
        endpoint = node.membership.endpoint
        if node.membership.control_address is None or endpoint is None:
            text = f"no control address: the host {node.host!r} is a name, and the server takes an IP address only"
            remedy = f"set `membership: {{control_address: ADDRESS}}` for {node.name} in the inventory"
            yield _error("control-address", node.name, text, remedy)
            continue
        if endpoint in taken:
            text = f"its control channel {endpoint[0]} port {endpoint[1]} is that of {taken[endpoint]}"
            yield _error("control-address", node.name, text, "correct `membership:` of one of the two")
        taken.setdefault(endpoint, node.name)


def _ports(node: Node) -> Iterator[Finding]:
    wanted = node.membership
    ports = {"control_port": wanted.control_port, "messaging_port": wanted.messaging_port}
    text = "{} {} is also the {}: a server cannot listen twice on it"
    remedy = "choose another port under `membership:` in the inventory"
    if wanted.control_port == wanted.messaging_port:
        what = text.format("messaging_port", wanted.messaging_port, "control_port")
        yield _error("port-collision", node.name, what, remedy)
    for name, port in ports.items():
        if port == node.admin.port:
            yield _error(
                "port-collision", node.name, text.format(name, port, "port of the admin API"), remedy
            )


def _switches(node: Node) -> Iterator[Finding]:
    if node.membership.messaging_use_tls:
        text = "messaging_use_tls is asked for, but encrypts nothing in this version of the server (T10)"
        yield _warning("messaging-clear", node.name, text, "keep port 9105 in a network of its own")
    if not node.membership.require_certificates:
        text = (
            "require_certificates is false: the messaging port takes peers without a certificate where no files "
            "of your own are found; the control channel requires them always (T9)"
        )
        yield _warning("certificates-not-required", node.name, text, "leave it out: true is the default")


def _error(name: str, where: str, problem: str, remedy: str) -> Finding:
    return Finding(name, Severity.ERROR, where, problem, remedy)


def _warning(name: str, where: str, problem: str, remedy: str) -> Finding:
    return Finding(name, Severity.WARNING, where, problem, remedy)
