"""The inventory that a lab writes: an ordinary one, in which nothing says that it is a lab's."""

from __future__ import annotations

import io
from typing import Any

from ruamel.yaml import YAML

from tasks.core.model import Product
from tasks.lab.accounts import login_user
from tasks.lab.layout import CLUSTER_KEY, CLUSTER_NAME, Lab, LabNode, Ports
from tasks.lab.stand_ins import CONTAINER, UNIT
from tasks.lab.topology import ServiceManager

ADMIN_USER = "admin"
_HEADER = "# A rehearsal cluster on this machine. Written once, by lab.up.\n"

# What the tool grants a real server, and the least it needs on a busy machine, in seconds.
_LIMITS = {
    "restart_s": (900, 60),
    "sync_s": (1800, 60),
    "return_s": (120, 10),
    "join_s": (120, 15),
    "drain_s": (300, 15),
}


def inventory_text(lab: Lab) -> str:
    """The text of LAB/inventory.yaml; relative paths in it start at the lab's directory."""
    document = {
        "defaults": {
            "ssh": _ssh(lab),
            "admin": _admin(lab),
            **_product(lab.topology.product),
            **_membership(lab),
            "limits": _limits(lab.topology.speed),
        },
        "clusters": {
            CLUSTER_KEY: {
                "cluster_name": CLUSTER_NAME,
                "credentials": f"credentials/{CLUSTER_KEY}",
                "ca": {"passphrase": {"file": "ca-passphrase"}},
                "disposable": True,
                **({"islands": True} if lab.topology.is_mixed else {}),
                "members": _members(lab),
            }
        },
    }
    text = io.StringIO()
    yaml = YAML()
    yaml.width = 4096
    yaml.dump(document, text)
    return _HEADER + text.getvalue()


def _ssh(lab: Lab) -> dict[str, Any]:
    user = login_user()
    ssh: dict[str, Any] = {
        "user": user,
        "port": lab.ports.ssh,
        "key_file": "id_ed25519",
        "known_hosts": "known_hosts",
        "config": "ssh_config",
        "agent": False,
        "sudo": False,
    }
    if lab.topology.bastion:
        ssh["gateway"] = f"{user}@{lab.bastion_address}:{lab.ports.ssh}"
    return ssh


def _admin(lab: Lab) -> dict[str, Any]:
    admin: dict[str, Any] = {"port": lab.ports.admin, "via": "auto"}
    if not lab.topology.secured:
        return admin | {"scheme": "http"}
    password = {"file": "admin-password"}
    return admin | {"scheme": "https", "ca": "admin-ca.pem", "user": ADMIN_USER, "password": password}


def _membership(lab: Lab) -> dict[str, Any]:
    """Where the usual ports were taken on this machine."""
    usual, ports = Ports(), lab.ports
    if (ports.control, ports.messaging) == (usual.control, usual.messaging):
        return {}
    return {"membership": {"control_port": ports.control, "messaging_port": ports.messaging}}


def _limits(speed: float) -> dict[str, float]:
    scaled = {name: max(least, round(real / speed)) for name, (real, least) in _LIMITS.items()}
    fixed = {"connect_s": 5, "command_s": 15, "rest_s": 3, "settle_s": 0.15, "poll_s": 0.1}
    return {**scaled, **fixed}


def _members(lab: Lab) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for node in lab.nodes:
        if node.peer is None:
            members[node.member] = _node(lab, node)
        else:
            members.setdefault(node.member, {"pair": {}})["pair"][node.name] = _node(lab, node)
    return members


def _product(product: Product) -> dict[str, Any]:
    """A Message Gateway takes part only if somebody vouches for its iFix."""
    return {"product": str(product)} | ({"ifix_confirmed": True} if product is Product.MESSAGESIGHT else {})


def _node(lab: Lab, node: LabNode) -> dict[str, Any]:
    return {
        "host": node.address,
        **(_product(node.product) if node.product is not lab.topology.product else {}),
        "data_dir": str(node.data_dir),
        **({} if node.peer is None else {"ha": {"discovery_port": lab.ports.ha}}),
        "service": _service(lab.topology.service, node),
    }


def _service(manager: ServiceManager, node: LabNode) -> dict[str, Any]:
    match manager:
        case "script":
            return {"restart": "rest", "start": [str(node.start)]}
        case "systemd":
            return {"restart": "systemd", "start": "systemd", "unit": UNIT}
        case engine:
            return {"restart": engine, "start": engine, "container": CONTAINER}
