"""Nodes that cost next to nothing, the same for every contestant: a real sshd each, on a loopback address of its
own, a real tree of files, and one process that answers the REST and TLS questions of all of them.
"""

from __future__ import annotations

import io
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tasks.effects.creation import Order, create_sets
from tasks.effects.inventory_file import open_inventory
from tasks.effects.secrets import Secrets
from tasks.lab.accounts import login_user
from tasks.lab.addresses import claim_block
from tasks.lab.keys import make_ca, make_server_pair, make_ssh_key, write_private
from tasks.lab.layout import Ports
from tasks.lab.sshd import start_sshd

PROJECT = Path(__file__).resolve().parents[2]
CLUSTER, USER = "bench", "admin"
FILES = {"Cluster_cert.pem": "keystore", "Cluster_key.pem": "keystore", "Cluster_cafile.pem": "truststore"}
_STARTED_WITHIN_S = 30.0
_MOST = 240  # addresses of one block


@dataclass(frozen=True, slots=True)
class BenchNode:
    name: str
    address: str
    root: Path

    @property
    def data(self) -> Path:
        return self.root / "data"

    def store(self, name: str) -> Path:
        return self.data / "certificates" / name


@dataclass(frozen=True, slots=True)
class BenchSite:
    """What every contestant is given: addresses, an SSH key, known host keys, the REST password."""

    directory: Path
    nodes: tuple[BenchNode, ...]
    ports: Ports

    @property
    def inventory(self) -> Path:
        return self.directory / "inventory.yaml"

    @property
    def key(self) -> Path:
        return self.directory / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        return self.directory / "known_hosts"

    @property
    def openssh_config(self) -> Path:
        return self.directory / "openssh_config"

    @property
    def credentials(self) -> Path:
        return self.directory / "credentials" / CLUSTER

    def curl(self, node: BenchNode) -> tuple[str, ...]:
        """What asks the node's own REST on the node; its password is in a file there."""
        url = f"https://{node.address}:{self.ports.admin}/ima/v1/service/status"
        ca, netrc = self.directory / "admin-ca.pem", self.directory / "netrc"
        return ("curl", "-sS", "--fail", "--cacert", str(ca), "--netrc-file", str(netrc), url)

    def asked(self) -> Counter[str]:
        """How often each node was asked what: "node-001 GET /ima/v1/service/status HTTP/1.1"."""
        return Counter((self.directory / "asked").read_text().splitlines())

    def logged(self, node: BenchNode) -> str:
        """What its sshd has logged."""
        return (node.root / "sshd" / "sshd.log").read_text()

    def forget_runs(self) -> None:
        """Everything that staging has left, here and on the nodes."""
        shutil.rmtree(self.directory / "runs", ignore_errors=True)
        for node in self.nodes:
            shutil.rmtree(node.data / ".fab-tls", ignore_errors=True)
            shutil.rmtree(node.root / "staged", ignore_errors=True)


@contextmanager
def bench_site(directory: Path, number: int, *, log_level: str = "ERROR") -> Iterator[BenchSite]:
    """So many nodes, up and answering; gone with the block.

    Args:
        number: At most 240.
        log_level: Of every sshd.
    """
    assert 0 < number <= _MOST, number
    directory.mkdir(parents=True)
    with ExitStack() as stack:
        claim = stack.enter_context(claim_block())
        nodes = tuple(
            BenchNode(f"node-{i:03}", f"{claim.block}.{10 + i}", directory / "nodes" / f"node-{i:03}")
            for i in range(1, number + 1)
        )
        site = BenchSite(directory, nodes, claim.ports)
        public = make_ssh_key(site.key)
        _write_admin(site)
        known = []
        for node in nodes:
            _make_tree(node)
            sshd = start_sshd(
                node.root / "sshd",
                node.address,
                site.ports.ssh,
                authorized_keys=(public,),
                extra_config=(f"LogLevel {log_level}", "Subsystem sftp internal-sftp"),  # pyinfra needs it
            )
            stack.enter_context(sshd)
            known.append(f"{sshd.known_hosts_line}\n")
        site.known_hosts.write_text("".join(known))
        _write_clients(site)
        _make_sets(site)
        _put_live(site)
        stack.enter_context(_answering(site))
        _make_sets(site)  # the next ones, to be placed
        yield site


def _write_admin(site: BenchSite) -> None:
    password = secrets.token_urlsafe(18)
    ca = make_ca("Bench admin CA")
    pair = make_server_pair(ca, name="bench", addresses=tuple(node.address for node in site.nodes))
    (site.directory / "admin-ca.pem").write_bytes(ca.cert_pem)
    (site.directory / "admin-cert.pem").write_bytes(pair.cert_pem)
    write_private(site.directory / "admin-key.pem", pair.key_pem)
    write_private(site.directory / "admin-password", f"{password}\n".encode())
    write_private(site.directory / "netrc", f"default login {USER} password {password}\n".encode())


def _make_tree(node: BenchNode) -> None:
    for name in ("keystore", "truststore"):
        node.store(name).mkdir(parents=True, mode=0o700)
    node.store("").chmod(0o700)
    for name in ("config", "../diag/logs"):
        (node.data / name).mkdir(parents=True)
    for name in ("AdminDefaultCert.pem", "AdminDefaultKey.pem"):
        write_private(node.store("keystore") / name, b"of the admin endpoint; nothing here reads it\n")
    (node.data / "config" / "server.cfg").write_text(
        f"KeyStore = {node.store('keystore')}\nTrustedCertificateDir = {node.store('truststore')}\n"
    )


def _write_clients(site: BenchSite) -> None:
    """The inventory, and the same in OpenSSH's words."""
    hosts = "".join(f"Host {node.name}\n  HostName {node.address}\n" for node in site.nodes)
    site.openssh_config.write_text(
        f"{hosts}Host *\n  Port {site.ports.ssh}\n  User {login_user()}\n  IdentityFile {site.key}\n"
        f"  IdentitiesOnly yes\n  UserKnownHostsFile {site.known_hosts}\n  GlobalKnownHostsFile none\n"
        "  StrictHostKeyChecking yes\n  BatchMode yes\n  LogLevel ERROR\n"
    )
    (site.directory / "ssh_config").write_text("# Empty on purpose: ~/.ssh/config is not read.\n")
    text = io.StringIO()
    YAML().dump(_inventory(site), text)
    site.inventory.write_text(text.getvalue())


def _inventory(site: BenchSite) -> dict[str, Any]:
    ports, usual = site.ports, Ports()
    ssh = {
        "user": login_user(),
        "port": ports.ssh,
        "key_file": str(site.key),
        "known_hosts": str(site.known_hosts),
        "config": "ssh_config",
        "agent": False,
        "sudo": False,
    }
    admin = {
        "port": ports.admin,
        "scheme": "https",
        "ca": "admin-ca.pem",
        "user": USER,
        "password": {"file": "admin-password"},
    }
    moved = {"control_port": ports.control, "messaging_port": ports.messaging}
    members = {
        node.name: {
            "host": node.address,
            "data_dir": str(node.root),
            "service": {"restart": "rest", "start": ["true"]},
        }
        for node in site.nodes
    }
    return {
        "defaults": {
            "ssh": ssh,
            "admin": admin,
            **({} if ports == usual else {"membership": moved}),
            "limits": {"connect_s": 60, "command_s": 60, "rest_s": 60},
        },
        "clusters": {
            CLUSTER: {"cluster_name": "Bench", "credentials": f"credentials/{CLUSTER}", "members": members}
        },
    }


def _make_sets(site: BenchSite) -> None:
    cluster = open_inventory(str(site.inventory), None)
    create_sets(cluster, Order("shared"), force=True, secrets=Secrets().resolve)


def _put_live(site: BenchSite) -> None:
    for node in site.nodes:
        for name, store in FILES.items():
            write_private(node.store(store) / name, (site.credentials / name).read_bytes())


@contextmanager
def _answering(site: BenchSite) -> Iterator[None]:
    """The process that answers for all of them."""
    argv = (sys.executable, "-m", "tests.bench.answering", str(site.directory), str(os.getpid()))
    ready = site.directory / "answering"
    words = [f"{n.name} {n.address} {site.ports.admin} {site.ports.control}" for n in site.nodes]
    (site.directory / "served").write_text("\n".join(words))
    with open(site.directory / "answering.log", "wb") as log:
        process = subprocess.Popen(argv, cwd=PROJECT, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + _STARTED_WITHIN_S
        while not ready.exists():
            assert process.poll() is None, (site.directory / "answering.log").read_text()
            assert time.monotonic() < deadline, "the process that answers does not start"
            time.sleep(0.02)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)
