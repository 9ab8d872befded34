"""The server of one lab node as a service manager sees it: the start script, and what is below it."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from signal import SIGTERM

from tasks.core.dataclass import dataclass
from tasks.lab.processes import descendants, kill_tree, read_pid, send, started_ticks, wait_gone

_LIMIT_S = 10.0


@dataclass(frozen=True, slots=True)
class NodeService:
    """The start script's process, or its absence; LAB/nodes/NODE is its directory."""

    directory: Path

    @property
    def pid(self) -> int | None:
        return read_pid(self.directory / "supervisor.pid", belongs_to=self.directory)

    @property
    def started_ticks(self) -> int | None:
        """When it was started, in clock ticks since boot; None while it does not run."""
        return None if self.pid is None else started_ticks(self.pid)

    def start(self) -> str | None:
        """Start it unless it runs; returns what went wrong."""
        argv = (str(self.directory / "start"),)
        done = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            return done.stderr.strip() or f"exit {done.returncode}"
        deadline = time.monotonic() + _LIMIT_S
        while self.pid is None and time.monotonic() < deadline:
            time.sleep(0.01)
        return None if self.pid is not None else f"nothing runs after {_LIMIT_S:g} s"

    def end(self, *, whole_group: bool, limit_s: float) -> bool:
        """Send TERM and wait, then kill; False where it had to be killed.

        Args:
            whole_group: TERM for every process, so that the server gets two (T5), else for the first alone.
        """
        if (pid := self.pid) is None:
            return True
        below = descendants(pid) if whole_group else ()
        for each in (pid, *below):
            send(each, SIGTERM)
        if wait_gone(pid, limit_s=limit_s):
            return True
        kill_tree(pid)
        wait_gone(pid, limit_s=_LIMIT_S)
        return False
