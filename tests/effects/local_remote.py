"""A stand-in for a node's SSH connection: commands and sockets of this machine."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tasks.core.errors import ForwardingRefused, PortRefused, RemoteError
from tasks.core.model import Admin, ByRest, BySystemd, Limits, Node, Paths, Product, Ssh
from tasks.effects.remote import Completed

PATHS = Paths(PurePosixPath("/data"), PurePosixPath("/data/server.cfg"), PurePosixPath("/data/logs"))


def node(admin: Admin, *, limits: Limits | None = None, name: str = "gw-a") -> Node:
    return Node(
        name=name,
        member=name,
        host="127.0.0.1",
        product=Product.AMLEN,
        ssh=Ssh(),
        admin=admin,
        paths=PATHS,
        restart_by=ByRest(),
        start_by=BySystemd("imaserver.service"),
        limits=limits or Limits(rest_s=5),
    )


@dataclass
class LocalRemote:
    """Satisfies `Remote`.

    Args:
        forwarding: Whether the "sshd" permits it.
        path: The commands' PATH; an empty directory stands for a bare node.
        environment: What the login gives to commands, as NAME=value.
        ran: Every argv, in order.
        dialled: How many sockets were opened.
    """

    node: Node
    forwarding: bool = True
    path: str = "/usr/local/bin:/usr/bin:/bin"
    environment: tuple[str, ...] = ()
    ran: list[tuple[str, ...]] = field(default_factory=list)
    dialled: int = 0

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        privileged: bool = False,
        limit_s: float | None = None,
    ) -> Completed:
        self.ran.append(tuple(argv))
        alone = {"PATH": self.path, **dict(one.split("=", 1) for one in self.environment)}
        there = shutil.which(argv[0], path=self.path)  # what is not: env says it, as a login would
        try:
            done = subprocess.run(
                argv if there else ("/usr/bin/env", *argv),
                env=alone,
                input=stdin,
                capture_output=True,
                timeout=limit_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise RemoteError(f"{argv[0]} took too long", remedy="-", node=self.node.name) from error
        return Completed(done.returncode, done.stdout, done.stderr)

    def dial(self, host: str, port: int, *, limit_s: float) -> socket.socket:
        if not self.forwarding:
            raise ForwardingRefused("sshd forbids port forwarding", remedy="-", node=self.node.name)
        self.dialled += 1
        try:
            return socket.create_connection((host, port), timeout=limit_s)
        except ConnectionRefusedError as error:
            raise PortRefused("connection refused", remedy="-", node=self.node.name) from error


def bare_path(folder: Path, *tools: str) -> str:
    """A PATH with these tools only."""
    folder.mkdir()
    for tool in tools:
        (folder / tool).symlink_to(Path("/usr/bin") / tool)
    return str(folder)


def closed_port() -> int:
    """A port at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port
