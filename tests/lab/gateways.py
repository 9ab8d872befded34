"""Simulated gateways for tests: their directories, their life, and what one may ask of them."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import requests

from tasks.lab.settings import GatewaySettings, PairSettings
from tests.forked_fab import Running
from tests.lab.handshakes import Probe, probe
from tests.lab.pems import Issued, Kind, issue

NOBODY = 65534
CLUSTER_NAME = "TestCluster"
_PROJECT = Path(__file__).parents[2]
_blocks = itertools.count(1)
LIMIT_S = 20.0


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class LabGateway:
    """One node: its directory, and its address."""

    directory: Path
    settings: GatewaySettings
    processes: list[Running]

    @property
    def certificates(self) -> Path:
        return Path(self.settings.data_dir) / "data" / "certificates"

    @property
    def keystore(self) -> Path:
        return self.certificates / "keystore"

    @property
    def truststore(self) -> Path:
        return self.certificates / "truststore"

    @property
    def uid(self) -> str:
        return self.settings.server_uid

    # Files.

    def write(self, path: Path, content: bytes, *, mode: int = 0o600) -> None:
        """A file that the service user owns."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(mode)
        self.give(path.parent, path)

    def give(self, *paths: Path) -> None:
        """Make the service user the owner."""
        if self.settings.run_as is not None:
            for path in paths:
                os.chown(path, *self.settings.run_as)

    def place(self, leaf: Issued, *, ca: bytes | None, chain: bytes = b"") -> None:
        """Put a credential set in place; nothing is read before the next start."""
        if ca is not None:
            self.write(self.truststore / "Cluster_cafile.pem", ca)
        self.write(self.keystore / "Cluster_cert.pem", leaf.cert_pem + chain)
        self.write(self.keystore / "Cluster_key.pem", leaf.key_pem)

    def disturb(self, **faults: object) -> None:
        self.write(self.directory / "faults.json", json.dumps(faults).encode())

    def log(self, name: str) -> str:
        path = Path(self.settings.data_dir) / "diag" / "logs" / name
        return path.read_text() if path.exists() else ""

    def pid(self, name: str = "gateway") -> int | None:
        with suppress(OSError, ValueError):
            pid = int((self.directory / f"{name}.pid").read_text())
            os.kill(pid, 0)
            return pid
        return None

    # Life.

    def start(self) -> None:
        self.processes.append(Running(("supervisor", str(self.directory)), cwd=_PROJECT, env=os.environ))

    def restart(self) -> None:
        """Ask by REST, and wait until the next process is there and settled."""
        before = self.pid()
        assert self.post("service/restart", {"Service": "Server"}).status == 200
        wait(lambda: self.pid() not in (None, before), f"{self.settings.name} to start again")
        self.wait_settled()

    def wait_settled(self) -> None:
        wait(lambda: self.state() in (1, 9, 10), f"{self.settings.name} to settle, last seen: {self.state()}")

    # Questions.

    def get(self, call: str, **how: Any) -> Reply:
        return self._ask("GET", call, **how)

    def post(self, call: str, body: object, **how: Any) -> Reply:
        return self._ask("POST", call, data=json.dumps(body), **how)

    def _ask(self, method: str, call: str, **how: Any) -> Reply:
        url = f"http://{self.settings.address}:{self.settings.admin_port}/ima/v1/{call}"
        auth = (
            (self.settings.admin_user, self.settings.admin_password or "")
            if self.settings.admin_user
            else None
        )
        with requests.Session() as session:
            session.trust_env = False
            response = session.request(method, url, **{"auth": auth, "timeout": 5.0, **how})
        return Reply(response.status_code, response.json())

    def get_status(self) -> dict[str, Any]:
        """All of service/status; empty while the admin endpoint does not answer."""
        try:
            return self.get("service/status").body
        except requests.RequestException:
            return {}

    def server(self) -> dict[str, Any]:
        return dict(self.get_status().get("Server", {}))

    def state(self) -> int | None:
        return self.server().get("State")

    def cluster(self) -> dict[str, Any]:
        return dict(self.get_status().get("Cluster", {}))

    def counts(self) -> tuple[int | None, int | None]:
        shown = self.cluster()
        return shown.get("ConnectedServers"), shown.get("DisconnectedServers")

    def availability(self) -> dict[str, Any]:
        return dict(self.get_status().get("HighAvailability", {}))

    def listens(self, port: int) -> bool:
        with suppress(OSError):
            socket.create_connection((self.settings.address, port), 1.0).close()
            return True
        return False

    def probe(self, port: int = 9104, *, client: Issued | None = None, tls12: bool = False) -> Probe:
        return probe((self.settings.address, port), client=client, tls12=tls12)


def wait(holds: Callable[[], bool], what: str, *, limit_s: float = LIMIT_S) -> None:
    """Poll until it holds; fails the test with `what` beyond the limit."""
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline, f"waited {limit_s:g} s for {what}"
        time.sleep(0.02)


class LabCluster:
    """Gateways on loopback addresses of their own, below one directory."""

    def __init__(self, root: Path, *, speed: float) -> None:
        self.root = root
        self.speed = speed
        self.builtin = issue(Kind(name="cluster"))
        self.gateways: dict[str, LabGateway] = {}
        pid = os.getpid()
        self._block = f"127.{64 + pid // 250 % 128}.{pid % 250}"
        self._base = next(_blocks) * 8 % 240 + 1
        self._run_as = (NOBODY, NOBODY) if os.geteuid() == 0 else None
        for name, content in (("cert.pem", self.builtin.cert_pem), ("key.pem", self.builtin.key_pem)):
            (root / name).write_bytes(content)
            (root / name).chmod(0o644)

    def __getitem__(self, name: str) -> LabGateway:
        return self.gateways[name]

    def build(self, *members: str | tuple[str, str], **changes: Any) -> None:
        """Directories for single members and pairs; nothing runs yet."""
        names = [name for member in members for name in ((member,) if isinstance(member, str) else member)]
        addresses = {name: f"{self._block}.{self._base + index}" for index, name in enumerate(names)}
        uids = {name: f"UID{_leader(name, members)}" for name in names}
        for name in names:
            peer = _peer(name, members)
            pair = None
            if peer is not None:
                starts_as = "PRIMARY" if _leader(name, members) == name else "STANDBY"
                pair = PairSettings("haPair1", addresses[peer], 9086, starts_as)
            settings = self._settings(name, addresses, uids)
            self._add(replace(settings, pair=pair, **changes))

    def start(self) -> None:
        """Start all, and wait until each is settled and sees all the others."""
        for gateway in self.gateways.values():
            gateway.start()
        self.wait_formed()

    def wait_formed(self) -> None:
        others = len({gateway.uid for gateway in self.gateways.values()}) - 1
        for gateway in self.gateways.values():
            gateway.wait_settled()
            wanted = (0, 0) if gateway.state() == 10 else (others, 0)
            wait(lambda g=gateway, w=wanted: g.counts() == w, f"{gateway.settings.name} to count {wanted}")  # type: ignore[misc]

    def stop(self) -> None:
        processes = [process for gateway in self.gateways.values() for process in gateway.processes]
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()

    def _settings(self, name: str, addresses: dict[str, str], uids: dict[str, str]) -> GatewaySettings:
        directory = self.root / name
        data_dir = directory / "root" / "var" / "lib" / "amlen-server"
        membership = {
            "EnableClusterMembership": True,
            "ClusterName": CLUSTER_NAME,
            "UseMulticastDiscovery": False,
            "DiscoveryServerList": ",".join(f"{address}:9104" for address in addresses.values()),
            "ControlAddress": addresses[name],
            "MessagingAddress": addresses[name],
        }
        return GatewaySettings(
            name=name,
            server_uid=uids[name],
            product="amlen",
            version="1.1dev lab",
            address=addresses[name],
            admin_port=9089,
            admin_user=None,
            admin_password=None,
            data_dir=str(data_dir),
            server_cfg=str(data_dir / "data" / "config" / "server.cfg"),
            builtin_cert=str(self.root / "cert.pem"),
            builtin_key=str(self.root / "key.pem"),
            membership=membership,
            pair=None,
            speed=self.speed,
            run_as=self._run_as,
            baseline_uids=tuple(sorted(set(uids.values()))),
        )

    def _add(self, settings: GatewaySettings) -> None:
        directory = self.root / settings.name
        gateway = LabGateway(directory, settings, [])
        gateway.truststore.mkdir(parents=True)
        admin = issue(Kind(name="admin"))
        gateway.write(gateway.keystore / "AdminDefaultCert.pem", admin.cert_pem)
        gateway.write(gateway.keystore / "AdminDefaultKey.pem", admin.key_pem)
        config = f"KeyStore = {gateway.keystore}\nTrustedCertificateDir = {gateway.truststore}\n"
        gateway.write(Path(settings.server_cfg), config.encode(), mode=0o644)
        settings.write(directory / "gateway.json")
        gateway.give(*(path for path in directory.rglob("*")), directory)
        self.gateways[settings.name] = gateway


def _peer(name: str, members: tuple[str | tuple[str, str], ...]) -> str | None:
    for member in members:
        if not isinstance(member, str) and name in member:
            return member[1] if member[0] == name else member[0]
    return None


def _leader(name: str, members: tuple[str | tuple[str, str], ...]) -> str:
    return next((m[0] for m in members if not isinstance(m, str) and name in m), name)


@contextmanager
def lab_cluster(*members: str | tuple[str, str], speed: float = 40.0, **changes: Any) -> Iterator[LabCluster]:
    """A cluster that was built, not started; its processes and files are gone afterwards.

    Args:
        members: Node names; a tuple of two is a pair, its first node the first primary.
        changes: Fields of every node's GatewaySettings.
    """
    root = Path(tempfile.mkdtemp(prefix="gateways-"))
    root.chmod(0o755)
    cluster = LabCluster(root, speed=speed)
    try:
        cluster.build(*members, **changes)
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(root, ignore_errors=True)
