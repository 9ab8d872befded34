"""What the nodes of a lab look like from outside of the tool: files, processes, certificates, REST."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tasks.lab.health import admin_trust
from tasks.lab.inventory import ADMIN_USER
from tasks.lab.layout import Lab, LabNode
from tasks.lab.processes import read_pid
from tasks.lab.requests import posted

LIMIT_S = 3.0
WORK = ".fab-tls"


def files(lab: Lab) -> dict[str, str]:
    """Every file of every node but its logs, and the SHA-256 of its content; directories, too."""
    found = {}
    for node in lab.nodes:
        for path in sorted(node.data_dir.rglob("*")):
            if node.log_dir not in path.parents:
                found[str(path)] = _digest(path)
    return found


def _digest(path: Path) -> str:
    seen = path.lstat()
    content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    return f"{seen.st_uid}:{seen.st_gid} {seen.st_mode:o} {content}"


def processes(lab: Lab) -> dict[str, int | None]:
    """The server process of every node: another number is a restart."""
    return {n.name: read_pid(n.directory / "gateway.pid", belongs_to=n.directory) for n in lab.nodes}


def served(lab: Lab, node: str, *, port: int | None = None) -> str:
    """SHA-256 of the certificate on the node's control port, or on another one."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    address = (lab.node(node).address, port or lab.ports.control)
    with socket.create_connection(address, LIMIT_S) as raw, context.wrap_socket(raw) as tls:
        der = tls.getpeercert(binary_form=True)
    assert der is not None
    return hashlib.sha256(der).hexdigest().upper()


def fingerprint(certificate: Path) -> str:
    """SHA-256 of the first certificate of a PEM file."""
    first = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
    return first.fingerprint(hashes.SHA256()).hex().upper()


def rest(lab: Lab, node: LabNode) -> dict[str, Any]:
    """GET service/status, verified and authenticated.

    Raises:
        OSError: Nothing answers.
    """
    return _ask(lab, node, "GET", "service/status")


def configure(lab: Lab, node: LabNode, change: dict[str, Any]) -> None:
    """POST configuration, behind the tool's back."""
    post(lab, node, "configuration", change)


def restart(lab: Lab, node: str) -> None:
    """Have a node restart, behind the tool's back."""
    post(lab, lab.node(node), "service/restart", {"Service": "Server"})


def post(lab: Lab, node: LabNode, path: str, body: dict[str, Any]) -> None:
    """POST what the server takes at once. Raises OSError where nothing answers."""
    answer = _ask(lab, node, "POST", path, json.dumps(body))
    assert answer["Code"] == "CWLNA6011", answer


def leave_for_maintenance(lab: Lab, node: str) -> None:
    """Have somebody put a node into maintenance."""
    wish = json.dumps({"Service": "Server", "Maintenance": "start"})
    assert _ask(lab, lab.node(node), "POST", "service/restart", wish)["Code"] == "CWLNA6011"


def _ask(lab: Lab, node: LabNode, method: str, path: str, body: str | None = None) -> dict[str, Any]:
    trust = admin_trust(lab)
    password = (lab.directory / "admin-password").read_text().strip()
    token = base64.b64encode(f"{ADMIN_USER}:{password}".encode()).decode()
    connection = http.client.HTTPSConnection(node.address, lab.ports.admin, timeout=LIMIT_S, context=trust)
    try:
        connection.request(method, f"/ima/v1/{path}", body, headers={"Authorization": f"Basic {token}"})
        answer = json.loads(connection.getresponse().read())
    except http.client.HTTPException as error:
        raise ConnectionError(f"{node.name} hung up in the middle of its answer") from error
    finally:
        connection.close()
    assert isinstance(answer, dict)
    return answer


@contextmanager
def sampled(take: Callable[[], object], *, pause_s: float = 0.05) -> Iterator[list[Any]]:
    """What `take` gives again and again while the block runs; moments without an answer are left out."""
    found: list[Any] = []
    over = threading.Event()

    def go_on() -> None:
        while not over.wait(pause_s):
            try:
                found.append(take())
            except (OSError, http.client.HTTPException, ValueError):
                continue

    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join(timeout=30)


def connected(lab: Lab, node: str) -> int | None:
    """ConnectedServers of a settled node; None while it is not."""
    answer = rest(lab, lab.node(node))
    count = answer["Cluster"].get("ConnectedServers") if answer["Server"]["State"] == 1 else None
    return None if count is None else int(count)


def leftovers(lab: Lab) -> tuple[str, ...]:
    """Stages and locks of the tool on the nodes."""
    found = []
    for node in lab.nodes:
        for name in ("stage", "lock"):
            found += [str(path) for path in (node.directory / "root").rglob(f"{WORK}/**/{name}")]
    return tuple(found)


def configurations(lab: Lab) -> dict[str, tuple[dict[str, Any], ...]]:
    """Per node, what was POSTed of its ClusterMembership since the lab was made, accepted or not."""
    return {
        node.name: tuple(
            request["body"]["ClusterMembership"]
            for request in posted(node.directory)
            if request["path"].endswith("/configuration") and "ClusterMembership" in request["body"]
        )
        for node in lab.nodes
    }


def backups(lab: Lab) -> dict[str, tuple[str, ...]]:
    """Per node, the names of the files that its finished backups hold."""
    return {
        node.name: tuple(
            entry.name
            for folder in (node.data_dir / "data" / WORK).glob("*/backup")
            if (folder / "complete").exists()
            for entry in sorted(folder.iterdir())
        )
        for node in lab.nodes
    }


def eventually(holds: Callable[[], bool], *, limit_s: float = 20.0) -> bool:
    """Whether it holds within the limit."""
    deadline = time.monotonic() + limit_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
