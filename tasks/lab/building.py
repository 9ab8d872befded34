"""Everything of a lab that lies on the disk, made before anything is started."""

from __future__ import annotations

import secrets
import shlex
import sys
import tempfile
from pathlib import Path

from tasks.lab.accounts import is_traversable, service_account
from tasks.lab.inventory import inventory_text
from tasks.lab.keys import make_builtin, make_ca, make_ssh_key, write_private
from tasks.lab.layout import Lab, LabNode
from tasks.lab.provisioning import gateway_settings, server_uids
from tasks.lab.remains import OWNER_MARK
from tasks.lab.sshd_config import write_sshd
from tasks.lab.stand_ins import service_stand_ins
from tasks.lab.tree import give_to, make_tree

PROJECT = Path(__file__).resolve().parents[2]
_START = """\
#!/bin/sh
# The service manager of {name}: starts the server if it is down; safe to repeat.
running() {{
    pid=$(cat {node}/supervisor.pid) && tr '\\0' ' ' <"/proc/$pid/cmdline" | grep -qF {node}
}}
running 2>/dev/null && exit 0
# A zombie has no command line any more.
warden=$(cat {lab}/warden.pid) && [ -n "$(tr -d '\\0' <"/proc/$warden/cmdline")" ] 2>/dev/null || {{
    echo "the lab is down" >&2
    exit 1
}}
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
    admin_ca = make_ca("Rehearsal admin CA")
    (lab.directory / "admin-ca.pem").write_bytes(admin_ca.cert_pem)
    (lab.directory / "ssh_config").write_text("# Empty on purpose: ~/.ssh/config is not read.\n")
    password = secrets.token_urlsafe(18) if lab.topology.secured else None
    if password:
        write_private(lab.directory / "admin-password", f"{password}\n".encode())
    write_private(lab.directory / "ca-passphrase", f"{secrets.token_urlsafe(18)}\n".encode())
    _write_builtin(lab)
    uids = server_uids(lab)
    for node in lab.nodes:
        make_tree(lab, node, admin_ca=admin_ca)
        settings = gateway_settings(lab, node, uids=uids, password=password)
        settings.write(_private(node.directory / "gateway.json"))
        _write_start(lab, node)
        node.bin.mkdir()
        _write_stand_ins(lab, node)
        give_to(node.directory, service_account(), keep=("start", "bin"))
    _write_ssh(lab, client_key)
    lab.inventory.write_text(inventory_text(lab))


def _write_stand_ins(lab: Lab, node: LabNode) -> None:
    """The program that the topology names, for the node's SSH sessions."""
    programs = {"systemd": "systemctl", "docker": "docker", "podman": "podman"}
    if (program := programs.get(lab.topology.service)) is not None:
        service_stand_ins(lab, node, node.bin, names=(program,))


def _write_builtin(lab: Lab) -> None:
    """Each product's pair: which one a gateway falls back to is compiled into it."""
    for product in {node.product for node in lab.nodes}:
        place, pair = lab.builtin(product), make_builtin(product)
        place.mkdir(parents=True)
        (place / "cert.pem").write_bytes(pair.cert_pem)
        write_private(place / "key.pem", pair.key_pem)
    give_to(lab.base / "builtin", service_account())


def _private(path: Path) -> Path:
    write_private(path, b"")
    return path


def _write_ssh(lab: Lab, client_key: str) -> None:
    """The sshds, and the known_hosts that names them all."""
    port, keys = lab.ports.ssh, (client_key,)
    known = []
    for node in lab.nodes:
        files = write_sshd(
            node.sshd_dir,
            node.address,
            port,
            authorized_keys=keys,
            forwarding=lab.topology.forwarding,
            search_first=node.bin,
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
    command = shlex.join((*lab.gateway, str(node.directory), str(node.server_cfg)))
    paths = {"node": shlex.quote(str(node.directory)), "lab": shlex.quote(str(lab.directory))}
    node.start.write_text(_START.format(name=node.name, command=command, **paths))
    node.start.chmod(0o755)
