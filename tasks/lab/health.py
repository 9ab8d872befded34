"""What the processes of a lab are doing: alive or not, and whether the cluster has formed."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tasks.core.dataclass import dataclass
from tasks.lab.inventory import ADMIN_USER
from tasks.lab.layout import Lab, LabNode, read_lab
from tasks.lab.processes import read_pid
from tasks.lab.sshd_files import SshdFiles

_REST_LIMIT_S = 1.0


@dataclass(frozen=True, slots=True)
class LabNodeStatus:
    """One node's processes; a pid is None where the process is not running."""

    name: str
    address: str
    sshd_answers: bool
    sshd_pid: int | None
    supervisor_pid: int | None
    gateway_pid: int | None

    @property
    def gateway_alive(self) -> bool:
        return self.gateway_pid is not None


@dataclass(frozen=True, slots=True)
class LabStatus:
    """One lab's processes."""

    directory: Path
    warden_pid: int | None  # None: the lab is down, only its directory is left
    keeper_pid: int | None
    nodes: tuple[LabNodeStatus, ...]
    bastion: LabNodeStatus | None

    @property
    def is_running(self) -> bool:
        return self.warden_pid is not None

    @property
    def pids(self) -> tuple[int, ...]:
        """Every process that a pid file names."""
        places = self.nodes if self.bastion is None else (*self.nodes, self.bastion)
        found = [self.warden_pid, self.keeper_pid]
        for place in places:
            found += [place.sshd_pid, place.supervisor_pid, place.gateway_pid]
        return tuple(pid for pid in found if pid is not None)


def status(directory: Path) -> LabStatus:
    """Raises UsageError where there is no lab."""
    lab = read_lab(directory)
    return LabStatus(
        directory=lab.directory,
        warden_pid=warden_pid(lab),
        keeper_pid=read_pid(lab.directory / "keeper.pid", belongs_to=lab.directory),
        nodes=tuple(_node_status(lab, node) for node in lab.nodes),
        bastion=_bastion_status(lab),
    )


def warden_pid(lab: Lab) -> int | None:
    return read_pid(lab.directory / "warden.pid", belongs_to=lab.directory)


def _node_status(lab: Lab, node: LabNode) -> LabNodeStatus:
    sshd = SshdFiles(node.sshd_dir, node.address, lab.ports.ssh)
    return LabNodeStatus(
        name=node.name,
        address=node.address,
        sshd_answers=sshd.answers(),
        sshd_pid=read_pid(sshd.pid_file, belongs_to=lab.base),
        supervisor_pid=read_pid(node.directory / "supervisor.pid", belongs_to=node.directory),
        gateway_pid=read_pid(node.directory / "gateway.pid", belongs_to=node.directory),
    )


def _bastion_status(lab: Lab) -> LabNodeStatus | None:
    if not lab.topology.bastion:
        return None
    sshd = SshdFiles(lab.bastion_dir, lab.bastion_address, lab.ports.ssh)
    pid = read_pid(sshd.pid_file, belongs_to=lab.base)
    return LabNodeStatus("bastion", sshd.address, sshd.answers(), pid, None, None)


def not_formed(lab: Lab) -> str | None:
    """What is still missing of what the topology promises, as REST tells it; None when nothing is.

    A mixed cluster on built-in pairs has formed when each product's members are connected: two islands.
    """
    missing = [text for node in lab.nodes if (text := _not_settled(lab, node))]
    return "; ".join(missing) or None


def _not_settled(lab: Lab, node: LabNode) -> str | None:
    try:
        answer = _service_status(lab, node)
        state, cluster = answer["Server"]["State"], answer["Cluster"]
        availability = answer["HighAvailability"]
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
        return f"{node.name}: REST does not answer ({type(error).__name__})"
    paired = node.peer is not None and lab.topology.paired
    faults = _pair_faults(state, availability) if paired else ()
    if state == 10 and paired:
        return _joined(node, faults)
    return _no_member(lab, node, state, cluster) or _joined(node, faults)


def _no_member(lab: Lab, node: LabNode, state: int, cluster: dict[str, Any]) -> str | None:
    """What a running server lacks of being in its cluster, or out of it."""
    if not node.in_cluster:
        if state == 1 and not cluster.get("Enabled"):
            return None
        return f"{node.name}: State {state}, wanted State 1 and no cluster membership"
    others = len({other.member for other in lab.neighbours(node)})
    strangers = len({other.member for other in lab.nodes if other.in_cluster}) - 1 - others
    connected, disconnected = cluster.get("ConnectedServers"), cluster.get("DisconnectedServers")
    if (state, connected) == (1, others) and disconnected in range(strangers + 1):
        return None
    return f"{node.name}: State {state}, {connected}/{disconnected}, wanted State 1, {others}/0"


def _pair_faults(state: int, availability: dict[str, Any]) -> Iterator[str]:
    wanted = {"NewRole": "STANDBY" if state == 10 else "PRIMARY", "ActiveNodes": 2, "SyncNodes": 2}
    return (
        f"{key} {availability.get(key)}" for key, value in wanted.items() if availability.get(key) != value
    )


def _joined(node: LabNode, faults: Iterator[str] | tuple[str, ...]) -> str | None:
    text = ", ".join(faults)
    return f"{node.name}: {text}" if text else None


def _service_status(lab: Lab, node: LabNode) -> dict[str, Any]:
    connection, headers = _connect(lab, node)
    try:
        connection.request("GET", "/ima/v1/service/status", headers=headers)
        answer = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    if not isinstance(answer, dict):
        raise ValueError("not an object")
    return answer


def admin_trust(lab: Lab) -> ssl.SSLContext:
    """The lab's admin CA, which says as little as many a real one: Python 3.13 would refuse that by default."""
    trust = ssl.create_default_context(cafile=lab.directory / "admin-ca.pem")
    trust.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return trust


def _connect(lab: Lab, node: LabNode) -> tuple[http.client.HTTPConnection, dict[str, str]]:
    address, port = node.address, lab.ports.admin
    if not lab.topology.secured:
        return http.client.HTTPConnection(address, port, timeout=_REST_LIMIT_S), {}
    trust = admin_trust(lab)
    password = (lab.directory / "admin-password").read_text().strip()
    token = base64.b64encode(f"{ADMIN_USER}:{password}".encode()).decode()
    connection = http.client.HTTPSConnection(address, port, timeout=_REST_LIMIT_S, context=trust)
    return connection, {"Authorization": f"Basic {token}"}
