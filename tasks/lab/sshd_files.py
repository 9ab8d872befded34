"""Where one sshd keeps its things, and whether it answers. Light: the warden imports it."""

from __future__ import annotations

import os
import shutil
import socket
from contextlib import suppress
from functools import cache
from pathlib import Path

from tasks.core.dataclass import dataclass
from tasks.core.errors import UsageError


@dataclass(frozen=True, slots=True)
class SshdFiles:
    """An sshd that can be started: everything it needs is in its directory."""

    directory: Path
    address: str
    port: int

    @property
    def argv(self) -> tuple[str, ...]:
        return (str(sshd_program()), "-D", "-f", str(self.config), "-E", str(self.log))

    @property
    def config(self) -> Path:
        return self.directory / "sshd_config"

    @property
    def log(self) -> Path:
        return self.directory / "sshd.log"

    @property
    def pid_file(self) -> Path:
        return self.directory / "sshd.pid"

    @property
    def host_key_line(self) -> str:
        """The public host key, "ssh-ed25519 AAAA…"."""
        return (self.directory / "host_ed25519.pub").read_text().strip()

    @property
    def known_hosts_line(self) -> str:
        host = self.address if self.port == 22 else f"[{self.address}]:{self.port}"
        return f"{host} {self.host_key_line}"

    def answers(self) -> bool:
        """Whether an SSH server sends its banner there, within a second."""
        with suppress(OSError), socket.create_connection((self.address, self.port), timeout=1.0) as stream:
            return stream.recv(4) == b"SSH-"
        return False


@cache
def sshd_program() -> Path:
    """Raises UsageError where OpenSSH's server is not installed."""
    found = shutil.which(
        "sshd", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
    )
    if found is None:
        raise UsageError("sshd is not installed; the lab needs it", remedy="apt-get install openssh-server")
    return Path(found).resolve()
