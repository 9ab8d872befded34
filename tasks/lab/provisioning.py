"""What each gateway of a lab is told for its first start: identity, membership, its pair."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from typing import Any

from tasks.core.model import Product
from tasks.lab.accounts import service_account
from tasks.lab.inventory import ADMIN_USER
from tasks.lab.layout import CLUSTER_NAME, Lab, LabNode
from tasks.lab.membership import DEFAULTS
from tasks.lab.settings import GatewaySettings, PairSettings
from tasks.lab.topology import Topology

_VERSIONS = {
    "1.1": "1.1dev 20221122-2043",
    "5.0": "5.0.0.2 20210505-1716",
    "2.0": "2.0.0.1 20170630-1113",
}


def server_uids(lab: Lab) -> dict[str, str]:
    """By node: a formed pair is one server, every other node one of its own."""
    made: dict[str, str] = {}
    for node in lab.nodes:
        made.setdefault(node.member if lab.topology.paired else node.name, _server_uid())
    return {node.name: made[node.member if lab.topology.paired else node.name] for node in lab.nodes}


def _server_uid() -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(8))


def gateway_settings(
    lab: Lab, node: LabNode, *, uids: Mapping[str, str], password: str | None
) -> GatewaySettings:
    """Everything that gateway.json holds. The password is None where the admin REST asks for none."""
    builtin = lab.builtin(node.product)
    return GatewaySettings(
        name=node.name,
        server_uid=uids[node.name],
        product=str(node.product),
        version=_VERSIONS["1.1" if node.product is Product.AMLEN else lab.topology.legacy_version],
        address=node.address,
        admin_port=lab.ports.admin,
        admin_user=ADMIN_USER if password else None,
        admin_password=password,
        data_dir=str(node.data_dir),
        server_cfg=str(node.server_cfg),
        builtin_cert=str(builtin / "cert.pem"),
        builtin_key=str(builtin / "key.pem"),
        membership=_membership(lab, node),
        pair=_pair(lab, node),
        speed=lab.topology.speed,
        run_as=service_account(),
        baseline_uids=tuple(dict.fromkeys(uids[other.name] for other in lab.neighbours(node))),
        availability=_availability(lab.topology) if node.peer else None,
        ha_port=lab.ports.ha,
    )


def _pair(lab: Lab, node: LabNode) -> PairSettings | None:
    if node.peer is None or not lab.topology.paired:
        return None
    return PairSettings(
        group=f"{node.member}-pair",
        peer_address=lab.node(node.peer).address,
        ha_port=lab.ports.ha,
        starts_as="PRIMARY" if node.name < node.peer else "STANDBY",
    )


def _availability(topology: Topology) -> dict[str, Any] | None:
    """What HighAvailability says beyond the pair itself."""
    secured = {"UseSecuredConnections": True, "RequireCertificates": True}
    return secured if topology.secured_ha else None


def _membership(lab: Lab, node: LabNode) -> dict[str, Any]:
    """ClusterMembership's 17 keys: as freshly installed, or of a cluster that finds its members by a list."""
    ports = {
        "ControlPort": lab.ports.control,
        "MessagingPort": lab.ports.messaging,
        "DiscoveryPort": lab.ports.discovery,
    }
    if not node.in_cluster:
        return {**DEFAULTS, **ports}
    others = (other.address for other in lab.nodes if other.in_cluster and other.member != node.member)
    return {
        **DEFAULTS,
        **ports,
        "EnableClusterMembership": True,
        "ClusterName": CLUSTER_NAME,
        "UseMulticastDiscovery": False,
        "DiscoveryServerList": ",".join(f"{address}:{lab.ports.control}" for address in others) or None,
        "ControlAddress": node.address,
        "MessagingAddress": node.address,
    }
