"""One process that answers for all nodes of a bench: REST over TLS, and the certificate of the control port.

`python -m tests.bench.answering DIRECTORY OWNER_PID`; ends with its owner. What it is asked it writes into the file
`asked`, a line each.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import ssl
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from OpenSSL import SSL

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
_STARTED = time.monotonic()
_UPTIME_S = 86400
_BACKLOG = 256


@dataclass(frozen=True, slots=True)
class Served:
    """One node: its name, its address, its ports."""

    name: str
    address: str
    admin_port: int
    control_port: int


def status_of(node: Served, others: int) -> dict[str, Any]:
    """GET service/status of a healthy member."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    off = {"Status": "Inactive", "Enabled": False}
    server = {
        "Name": f"{node.name}:{node.admin_port}",
        "UID": node.name,
        "Status": "Running",
        "State": 1,
        "StateDescription": "Running (production)",
        "ServerTime": now,
        "UpTimeSeconds": _UPTIME_S + int(time.monotonic() - _STARTED),
        "UpTimeDescription": "1 days",
        "Version": "1.1dev bench",
        "ErrorCode": 0,
        "ErrorMessage": "",
    }
    cluster = {
        "Status": "Active",
        "Name": "Bench",
        "Enabled": True,
        "ConnectedServers": others,
        "DisconnectedServers": 0,
    }
    return {
        "Version": "v1",
        "Server": server,
        "Container": {"UUID": node.name},
        "HighAvailability": off,
        "Cluster": cluster,
        **dict.fromkeys(("Plugin", "MQConnectivity", "SNMP"), off),
    }


def remote_of(node: Served) -> dict[str, Any]:
    """One of the members in GET monitor/Cluster."""
    queue = {
        "BufferedBytes": 0,
        "BufferedMsgs": 0,
        "SentMsgs": 0,
        "DiscardedMsgs": 0,
        "ExpiredMsgs": 0,
        "MaxMessagesPercentage": 0,
    }
    return {
        "ServerName": f"{node.name}:{node.admin_port}",
        "ServerUID": node.name,
        "Status": "Active",
        "Health": "Green",
        "HAStatus": "None",
        "RetainedSync": True,
        "Reconnect": 0,
        "ReadMsg": 0,
        "WriteMsg": 0,
        "Reliable": queue,
        "Unreliable": queue,
    }


def membership_of(node: Served, all_of: tuple[Served, ...]) -> dict[str, Any]:
    """The 17 keys of GET configuration/ClusterMembership."""
    seeds = ",".join(f"{each.address}:{each.control_port}" for each in all_of if each is not node)
    return {
        "EnableClusterMembership": True,
        "ClusterName": "Bench",
        "UseMulticastDiscovery": False,
        "MulticastDiscoveryTTL": 1,
        "DiscoveryServerList": seeds or None,
        "ControlAddress": node.address,
        "ControlPort": node.control_port,
        "ControlExternalAddress": None,
        "ControlExternalPort": None,
        "MessagingAddress": node.address,
        "MessagingPort": node.control_port + 1,
        "MessagingExternalAddress": None,
        "MessagingExternalPort": None,
        "MessagingUseTLS": False,
        "DiscoveryPort": node.control_port + 2,
        "DiscoveryTime": 10,
        "RequireCertificates": True,
    }


Count = Callable[[str, str], None]  # of a node, what it was asked


def _rest(node: Served, all_of: tuple[Served, ...], *, authorization: str, count: Count) -> Handler:
    listed = json.dumps(
        {"Version": "v1", "Cluster": [remote_of(each) for each in all_of if each is not node]}
    )
    configured = json.dumps({"Version": "v1", "ClusterMembership": membership_of(node, all_of)})

    def answer(path: str) -> tuple[int, str]:
        match path.removeprefix("/ima/v1/"):
            case "service/status":
                return 200, json.dumps(status_of(node, len(all_of) - 1))
            case "monitor/Cluster":
                return 200, listed
            case "configuration/ClusterMembership":
                return 200, configured
            case "configuration/HighAvailability":
                return 200, json.dumps({"Version": "v1", "HighAvailability": {"EnableHA": False}})
            case other:
                return 404, json.dumps({"Code": "CWLNA0136", "Message": f"{other} is not known."})

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        count(node.name, "REST connection")
        with suppress(OSError, asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *fields = head.decode().split("\r\n")
                count(node.name, first)
                trusted = any(
                    field.partition(": ")[2] == authorization
                    for field in fields
                    if field.lower().startswith("authorization:")
                )
                code, body = answer(first.split(" ")[1]) if trusted else (401, "{}")
                content = body.encode()
                writer.write(
                    f"HTTP/1.1 {code} X\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content
                )
                await writer.drain()
        writer.close()

    return handle


class _Control(asyncio.Protocol):
    """One visitor of a control port: shown the certificate and whom it trusts, then turned away, as it shows none.

    By pyOpenSSL: the `ssl` module has no list of acceptable client CAs.
    """

    def __init__(self, context: SSL.Context, met: Callable[[], None]) -> None:
        self._met = met
        self._tls = SSL.Connection(context, None)
        self._tls.set_accept_state()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._met()
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._tls.bio_write(data)
        try:
            self._tls.do_handshake()
        except SSL.WantReadError:
            self._say()
        except SSL.Error:
            self._say()
            self._transport.close()

    def _say(self) -> None:
        with suppress(SSL.WantReadError):
            self._transport.write(self._tls.bio_read(1 << 16))


def _control_context(certificates: Path) -> SSL.Context:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_certificate_chain_file(str(certificates / "keystore" / "Cluster_cert.pem"))
    context.use_privatekey_file(str(certificates / "keystore" / "Cluster_key.pem"))
    trusted = str(certificates / "truststore" / "Cluster_cafile.pem")
    context.load_verify_locations(trusted)
    context.load_client_ca(trusted.encode())
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT)
    return context


async def _serve(directory: Path, owner: int) -> None:
    nodes = tuple(_read(line) for line in (directory / "served").read_text().split("\n"))
    password = (directory / "admin-password").read_text().strip()
    authorization = "Basic " + base64.b64encode(f"admin:{password}".encode()).decode()
    admin = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    admin.load_cert_chain(directory / "admin-cert.pem", directory / "admin-key.pem")
    control = _control_context(directory / "nodes" / nodes[0].name / "data" / "certificates")
    loop = asyncio.get_running_loop()
    asked = open(directory / "asked", "a", buffering=1)  # noqa: SIM115 - until the process ends

    def count(name: str, what: str) -> None:
        asked.write(f"{name} {what}\n")

    for node in nodes:
        handle = _rest(node, nodes, authorization=authorization, count=count)
        met = partial(count, node.name, "control handshake")
        await asyncio.start_server(handle, node.address, node.admin_port, ssl=admin, backlog=_BACKLOG)
        await loop.create_server(
            partial(_Control, control, met), node.address, node.control_port, backlog=_BACKLOG
        )
    loop.set_exception_handler(lambda loop, context: None)  # visitors that break off
    (directory / "answering").touch()
    while os.getppid() == owner:
        await asyncio.sleep(1)


def _read(line: str) -> Served:
    name, address, admin, control = line.split(" ")
    return Served(name, address, int(admin), int(control))


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2])))
