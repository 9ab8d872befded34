"""Everything of a lab that lies on the disk, made before anything is started."""

from __future__ import annotations

import secrets
import shlex
import string
import sys
import tempfile
from pathlib import Path
from typing import Any

from tasks.core.model import Product
from tasks.lab.accounts import is_traversable, service_account
from tasks.lab.inventory import ADMIN_USER, inventory_text
from tasks.lab.keys import make_builtin, make_ca, make_ssh_key, write_private
from tasks.lab.layout import CLUSTER_NAME, Lab, LabNode
from tasks.lab.remains import OWNER_MARK
from tasks.lab.settings import GatewaySettings, PairSettings
from tasks.lab.sshd_config import write_sshd
from tasks.lab.tree import give_to, make_tree

PROJECT = Path(__file__).resolve().parents[2]
_VERSIONS = {Product.AMLEN: "1.1dev 20221122-2043", Product.MESSAGESIGHT: "5.0.0.2 20210505-1716"}
_START = """\
#!/bin/sh
# The service manager of {name}: starts the server if it is down; safe to repeat.
running() {{
    pid=$(cat {node}/supervisor.pid) && tr '\\0' ' ' <"/proc/$pid/cmdline" | grep -qF {node}
}}
running 2>/dev/null && exit 0
warden=$(cat {lab}/warden.pid) && kill -0 "$warden" || {{ echo "the lab is down" >&2; exit 1; }}
exec {command} --detach --warden "$warden" </dev/null >>{node}/console.log 2>&1
"""


def make_base(directory: Path) -> Path:
    """Where the nodes' trees go: the lab's directory, unless root's gateways could not reach it there."""
    if service_account() is None or is_traversable(directory):
        return directory
    base = Path(tempfile.mkdtemp(prefix="amlen-lab-", dir="/var/tmp"))
    base.chmod(0o755)
    (base / OWNER_MARK).write_text(str(directory))
    for name in ("nodes", "builtin", "bastion"):
        (directory / name).symlink_to(base / name)
    return base


def build(lab: Lab) -> None:
    """Write keys, trees, settings, configurations and the inventory."""
    client_key = make_ssh_key(lab.directory / "id_ed25519")
    admin_ca, builtin = make_ca("Rehearsal admin CA"), lab.base / "builtin"
    (lab.directory / "admin-ca.pem").write_bytes(admin_ca.cert_pem)
    (lab.directory / "ssh_config").write_text("# Empty on purpose: ~/.ssh/config is not read.\n")
    password = secrets.token_urlsafe(18) if lab.topology.secured else None
    if password:
        write_private(lab.directory / "admin-password", f"{password}\n".encode())
    builtin.mkdir()
    pair = make_builtin()
    (builtin / "cert.pem").write_bytes(pair.cert_pem)
    write_private(builtin / "key.pem", pair.key_pem)
    give_to(builtin, service_account())
    uids = {node.member: _server_uid() for node in lab.nodes}
    for node in lab.nodes:
        make_tree(lab, node, admin_ca=admin_ca)
        _settings(lab, node, uids=uids, password=password).write(_private(node.directory / "gateway.json"))
        _write_start(lab, node)
        give_to(node.directory, service_account(), keep=("start",))
    _write_ssh(lab, client_key)
    lab.inventory.write_text(inventory_text(lab))


def _private(path: Path) -> Path:
    write_private(path, b"")
    return path


def _server_uid() -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(8))


def _write_ssh(lab: Lab, client_key: str) -> None:
    """The sshds, and the known_hosts that names them all."""
    port, keys = lab.ports.ssh, (client_key,)
    known = []
    for node in lab.nodes:
        files = write_sshd(
            node.sshd_dir, node.address, port, authorized_keys=keys, forwarding=lab.topology.forwarding
        )
        known.append(files.known_hosts_line)
    if lab.topology.bastion:
        files = write_sshd(lab.bastion_dir, lab.bastion_address, port, authorized_keys=keys)
        known.append(files.known_hosts_line)
    (lab.directory / "known_hosts").write_text("".join(f"{line}\n" for line in known))


def gateway_command() -> tuple[str, ...]:
    """How a gateway is run; the node's directory is appended."""
    return ("/usr/bin/env", f"PYTHONPATH={PROJECT}", sys.executable, "-m", "tasks.lab.supervisor")


def _write_start(lab: Lab, node: LabNode) -> None:
    command = shlex.join((*lab.gateway, str(node.directory)))
    paths = {"node": shlex.quote(str(node.directory)), "lab": shlex.quote(str(lab.directory))}
    node.start.write_text(_START.format(name=node.name, command=command, **paths))
    node.start.chmod(0o755)


def _settings(lab: Lab, node: LabNode, *, uids: dict[str, str], password: str | None) -> GatewaySettings:
    return GatewaySettings(
        name=node.name,
        server_uid=uids[node.member],
        product=str(node.product),
        version=_VERSIONS[node.product],
        address=node.address,
        admin_port=lab.ports.admin,
        admin_user=ADMIN_USER if password else None,
        admin_password=password,
        data_dir=str(node.data_dir),
        server_cfg=str(node.server_cfg),
        builtin_cert=str(lab.base / "builtin" / "cert.pem"),
        builtin_key=str(lab.base / "builtin" / "key.pem"),
        membership=_membership(lab, node),
        pair=_pair(lab, node),
        speed=lab.topology.speed,
        run_as=service_account(),
        baseline_uids=tuple(uid for member, uid in uids.items() if member != node.member),
    )


def _pair(lab: Lab, node: LabNode) -> PairSettings | None:
    if node.peer is None:
        return None
    return PairSettings(
        group=f"{node.member}-pair",
        peer_address=lab.node(node.peer).address,
        ha_port=lab.ports.ha,
        starts_as="PRIMARY" if node.name < node.peer else "STANDBY",
    )


def _membership(lab: Lab, node: LabNode) -> dict[str, Any]:
    """ClusterMembership's 17 keys, of a cluster that finds its members by a list."""
    others = (other.address for other in lab.nodes if other.member != node.member)
    return {
        "EnableClusterMembership": True,
        "ClusterName": CLUSTER_NAME,
        "UseMulticastDiscovery": False,
        "MulticastDiscoveryTTL": 1,
        "DiscoveryServerList": ",".join(f"{address}:{lab.ports.control}" for address in others) or None,
        "ControlAddress": node.address,
        "ControlPort": lab.ports.control,
        "ControlExternalAddress": None,
        "ControlExternalPort": None,
        "MessagingAddress": node.address,
        "MessagingPort": lab.ports.messaging,
        "MessagingExternalAddress": None,
        "MessagingExternalPort": None,
        "MessagingUseTLS": False,
        "DiscoveryPort": lab.ports.discovery,
        "DiscoveryTime": 10,
        "RequireCertificates": True,
    }
