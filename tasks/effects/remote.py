"""What the rest of the tool may ask of a node: run a command there, open a stream from there.

`effects/ssh/` is the real one; tests may stand in a local one.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Protocol

from tasks.core.answer import clean
from tasks.core.dataclass import dataclass
from tasks.core.model import Node


@dataclass(frozen=True, slots=True)
class Completed:
    """A remote command that ended: its exit status and what it wrote, as bytes."""

    exit_status: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        return self.stdout.decode("utf-8", "replace")

    @property
    def error_text(self) -> str:
        """Fit to be shown: without control characters, on one line."""
        return clean(self.stderr.decode("utf-8", "replace"))


class Remote(Protocol):
    """One node. Every call has a limit in seconds and raises RemoteError beyond it."""

    @property
    def node(self) -> Node: ...

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        privileged: bool = False,
        limit_s: float | None = None,
    ) -> Completed:
        """Run argv on the node; a non-zero exit is returned, not raised.

        Args:
            argv: Joined by shlex.join: nothing in it is interpreted by a shell. No secrets.
            stdin: Sent to the command; the only way for a secret to travel.
            privileged: By sudo where the node's inventory says so, else as the login user.
            limit_s: Default: the node's `limits.command_s`.

        Raises:
            RemoteError: No connection, sudo refused, the limit passed, the connection broke.
        """
        ...

    def dial(self, host: str, port: int, *, limit_s: float) -> socket.socket:
        """A real, connected stream socket to host:port as the node sees it (direct-tcpip).

        Raises:
            ForwardingRefused: The node's sshd forbids forwarding altogether.
            RemoteError: The port refuses, does not answer, or the connection broke.
        """
        ...
