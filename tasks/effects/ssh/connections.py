"""All SSH connections of one run: one per node, one per gateway, closed together."""

from __future__ import annotations

import shlex
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import paramiko

from tasks.core.errors import RemoteError
from tasks.core.model import Node
from tasks.effects.clock import Clock, SystemClock
from tasks.effects.remote import Completed, Remote
from tasks.effects.ssh.bridge import Bridge
from tasks.effects.ssh.known_hosts import KnownHosts, read_known_hosts
from tasks.effects.ssh.link import Link
from tasks.effects.ssh.login import Secrets
from tasks.effects.ssh.settings import Target, read_config, resolve
from tasks.effects.ssh.sudo import Sudo


class Connections:
    """Use as a context manager. Nothing is connected before a node is asked for something.

    Args:
        secrets: Turns a reference of the inventory into its value; called when one is needed,
            perhaps from several threads.
        clock: For the pauses before a server that refused is asked again.
    """

    def __init__(self, *, secrets: Secrets, clock: Clock | None = None) -> None:
        self._secrets = secrets
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._remotes: dict[Node, _SshRemote] = {}
        self._links: dict[Target, Link] = {}  # a gateway comes before what is reached through it
        self._configs: dict[Path | None, paramiko.SSHConfig] = {}
        self._known: dict[tuple[Path, ...], KnownHosts] = {}

    def __enter__(self) -> Connections:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def remote(self, node: Node) -> Remote:
        """The node's one remote; asking again gives the same.

        Raises:
            RemoteError: The SSH configuration or a known_hosts file cannot be used.
        """
        with self._lock, _named(node):
            if node not in self._remotes:
                self._remotes[node] = _SshRemote(node, self._link(self._target(node)), secrets=self._secrets)
            return self._remotes[node]

    def log_in(self, node: Node) -> float:
        """Connect to the node, unless that stands; whoever asks it for something would do so as well.

        Returns:
            Seconds of a round trip, roughly: as the login took for one.

        Raises:
            RemoteError: As `remote`; or no connection, not the known host key, no login.
        """
        self.remote(node)
        with self._lock:
            link = self._remotes[node].link
        with _named(node):
            link.log_in()
        return link.round_trip_s

    def logged_in(self, node: Node) -> bool:
        """Whether a login at the node has succeeded, ever since."""
        with self._lock:
            remote = self._remotes.get(node)
        return remote is not None and remote.link.opened > 0

    def leave(self, node: Node) -> None:
        """Close the node's connection, unless another node is reached by it; who asks again connects again."""
        with self._lock:
            remote = self._remotes.get(node)
            if remote is None:
                return
            remote.close()
            others = [other.link for other in self._remotes.values() if other is not remote]
            if not any(link.goes_by(remote.link) for link in others):
                remote.link.drop()

    def close(self) -> None:
        """Close every connection and end every thread; safe to repeat."""
        with self._lock:
            for remote in self._remotes.values():
                remote.close()
            for link in reversed(self._links.values()):
                link.close()

    def _target(self, node: Node) -> Target:
        path = node.ssh.config
        if path not in self._configs:
            self._configs[path] = read_config(path)
        return resolve(node, self._configs[path])

    def _link(self, target: Target) -> Link:
        via = self._link(target.via) if target.via else None
        if target not in self._links:
            if target.known_hosts not in self._known:
                self._known[target.known_hosts] = read_known_hosts(target.known_hosts)
            known = self._known[target.known_hosts]
            self._links[target] = Link(target, known=known, secrets=self._secrets, via=via, clock=self._clock)
        return self._links[target]


class _SshRemote:
    """A node over its SSH connection; see `Remote`."""

    def __init__(self, node: Node, link: Link, *, secrets: Secrets) -> None:
        self._node = node
        self.link = link
        self._sudo = Sudo(link, node.ssh, reveal=secrets)
        self._lock = threading.Lock()
        self._bridges: list[Bridge] = []

    @property
    def node(self) -> Node:
        return self._node

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        privileged: bool = False,
        limit_s: float | None = None,
    ) -> Completed:
        limit_s = self._node.limits.command_s if limit_s is None else limit_s
        with _named(self._node):
            if privileged and self._node.ssh.sudo:
                return self._sudo.run(argv, stdin=stdin, limit_s=limit_s)
            with self.link.command(shlex.join(argv), limit_s=limit_s) as streams:
                streams.feed(stdin, last=True)
                return streams.completed()

    def dial(self, host: str, port: int, *, limit_s: float) -> socket.socket:
        """As `Remote.dial`; the socket comes with limit_s as its timeout, as from create_connection."""
        with _named(self._node):
            channel = self.link.forward(host, port, limit_s=limit_s)
        bridge = Bridge(channel, name=f"{self._node.name}: {host}:{port}")
        with self._lock:
            self._bridges = [other for other in self._bridges if other.alive] + [bridge]
        bridge.near.settimeout(limit_s)
        return bridge.near

    def close(self) -> None:
        with self._lock:
            for bridge in self._bridges:
                bridge.close()
            self._bridges.clear()


@contextmanager
def _named(node: Node) -> Iterator[None]:
    """Errors from below know the server; here they learn which node it is."""
    try:
        yield
    except RemoteError as error:
        if error.node is None:
            error.node = node.name
        raise
