"""A real OpenSSH sshd on a loopback address, for as long as a `with` block lasts."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from tasks.core.dataclass import dataclass
from tasks.core.errors import UsageError
from tasks.lab.processes import dying_with, kill_tree
from tasks.lab.sshd_config import write_sshd
from tasks.lab.sshd_files import SshdFiles


@dataclass(frozen=True, slots=True)
class Sshd:
    """A running sshd that ends with `stop()`, with its `with` block, or with this process."""

    files: SshdFiles
    process: subprocess.Popen[bytes]

    def __enter__(self) -> Sshd:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def known_hosts_line(self) -> str:
        return self.files.known_hosts_line

    @property
    def host_key_line(self) -> str:
        return self.files.host_key_line

    def stop(self) -> None:
        """Kill it and its sessions; safe to repeat."""
        if self.process.poll() is None:
            kill_tree(self.process.pid)
        self.process.wait()


def start_sshd(
    directory: Path,
    address: str,
    port: int,
    *,
    authorized_keys: Sequence[str] = (),
    forwarding: bool = True,
    password: bool = False,
    max_sessions: int = 50,
    extra_config: Sequence[str] = (),
    limit_s: float = 10.0,
) -> Sshd:
    """Start an sshd of our own and wait until it answers; arguments as for `write_sshd`.

    Raises:
        UsageError: It did not come up within limit_s; the end of its log says why.
    """
    files = write_sshd(
        directory,
        address,
        port,
        authorized_keys=authorized_keys,
        forwarding=forwarding,
        password=password,
        max_sessions=max_sessions,
        extra_config=extra_config,
    )
    in_main = threading.current_thread() is threading.main_thread()  # the signal goes with the thread
    arm = dying_with(os.getpid()) if in_main else None
    sshd = Sshd(files, subprocess.Popen(files.argv, stdin=subprocess.DEVNULL, preexec_fn=arm))
    deadline = time.monotonic() + limit_s
    while not files.answers():
        if sshd.process.poll() is not None or time.monotonic() > deadline:
            sshd.stop()
            seen = " | ".join(files.log.read_text().splitlines()[-3:]) if files.log.exists() else "no log"
            raise UsageError(f"sshd did not start at {address}:{port}: {seen}", remedy=f"see {files.log}")
        time.sleep(0.02)
    return sshd
