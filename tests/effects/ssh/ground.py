"""Real sshds on loopback ports, and nodes that point at them; nothing below ~/.ssh is read."""

from __future__ import annotations

import signal
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from tasks.core.model import (
    Admin,
    ByRest,
    BySystemd,
    EnvSecret,
    Limits,
    Node,
    Paths,
    Product,
    SecretRef,
    Ssh,
)
from tasks.core.secret import SecretStr
from tasks.effects.remote import Remote
from tasks.effects.ssh import Connections
from tasks.lab.accounts import login_user
from tasks.lab.keys import make_ssh_key
from tasks.lab.processes import descendants, send
from tasks.lab.sshd import Sshd, start_sshd


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Ground:
    """One test's servers, keys, known_hosts and connections; all gone at its end."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self.directory = directory
        self.stack = stack
        self.key = directory / "id_client"
        self.public_key = make_ssh_key(self.key)
        self.known_hosts = directory / "known_hosts"
        self.config = directory / "ssh_config"
        self.known_hosts.touch()
        self.config.touch()
        self.values: dict[SecretRef, str] = {}
        self.revealed: list[SecretRef] = []
        self.connections = stack.enter_context(Connections(secrets=self.reveal))

    def reveal(self, reference: SecretRef) -> SecretStr:
        self.revealed.append(reference)
        return SecretStr(self.values[reference])

    def secret(self, name: str, value: str) -> EnvSecret:
        reference = EnvSecret(name)
        self.values[reference] = value
        return reference

    def sshd(
        self,
        name: str = "node",
        *,
        known: bool = True,
        max_sessions: int = 50,
        forwarding: bool = True,
        environment: str = "",
        extra_config: Sequence[str] = (),
    ) -> Sshd:
        # The login shell reads no start-up file: what one does is nothing that a test should wait for.
        home = f"SetEnv HOME={self.directory} {environment}"
        sshd = start_sshd(
            self.directory / name,
            "127.0.0.1",
            free_port(),
            authorized_keys=[self.public_key],
            forwarding=forwarding,
            max_sessions=max_sessions,
            extra_config=(home, *extra_config),
        )
        self.stack.enter_context(sshd)
        if known:
            self.know(sshd.known_hosts_line)
        return sshd

    def know(self, line: str) -> None:
        with self.known_hosts.open("a") as file:
            file.write(f"{line}\n")

    def node(self, sshd: Sshd | int, *, name: str = "gw-a", host: str = "127.0.0.1", **ssh: Any) -> Node:
        port = sshd if isinstance(sshd, int) else sshd.files.port
        login = Ssh(
            user=login_user(),
            port=port,
            key_file=self.key,
            known_hosts=self.known_hosts,
            config=self.config,
            agent=False,
        )
        return Node(
            name=name,
            member=name,
            host=host,
            product=Product.AMLEN,
            ssh=replace(login, **ssh),
            admin=Admin(host="127.0.0.1"),
            paths=Paths(PurePosixPath("/d"), PurePosixPath("/d/server.cfg"), PurePosixPath("/d/log")),
            restart_by=ByRest(),
            start_by=BySystemd("amlen-server"),
            limits=Limits(connect_s=2.0, command_s=10.0),
        )

    def remote(self, sshd: Sshd | int, *, name: str = "gw-a", host: str = "127.0.0.1", **ssh: Any) -> Remote:
        return self.connections.remote(self.node(sshd, name=name, host=host, **ssh))


def logins(sshd: Sshd) -> int:
    """How many authentications this sshd has accepted."""
    return sshd.files.log.read_text().count("Accepted publickey for ")


def sessions(sshd: Sshd) -> tuple[int, ...]:
    """The processes of this sshd's connections, the listener left out."""
    return descendants(sshd.process.pid)


def end_sessions(sshd: Sshd) -> None:
    """Every connection to it is lost; new ones are served."""
    for pid in sessions(sshd):
        send(pid, signal.SIGKILL)


def freeze(sshd: Sshd) -> None:
    """The link is up and nobody answers: as with a hung host."""
    for pid in (sshd.process.pid, *sessions(sshd)):
        send(pid, signal.SIGSTOP)
