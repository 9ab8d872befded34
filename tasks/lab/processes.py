"""Processes of this machine as /proc tells them: who they are, whose children, and their end.

A pid alone names nobody for long, so each question here goes together with a proof: the start
time, or the command line that contains the lab's own directory.
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


def adopt_orphans() -> None:
    """From now on orphaned descendants become our children (not init's): none can slip away."""
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def call_myself(name: str) -> None:
    """What /proc/PID/comm says of this process: at most 15 characters."""
    _libc.prctl(_PR_SET_NAME, name.encode(), 0, 0, 0)


def dying_with(parent: int, *, by: signal.Signals = signal.SIGKILL) -> Callable[[], None]:
    """A preexec_fn: the child gets `by` when `parent`, the caller, ends; at once if it just has."""

    def arm() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(by), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return arm


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat after the command name: state, ppid, …; None if it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def started_ticks(pid: int) -> int | None:
    """The start time in clock ticks since boot; None if no such process runs (a zombie does not)."""
    fields = _stat(pid)
    return None if fields is None or fields[0] in "ZX" else int(fields[19])


def mentions(pid: int, directory: Path) -> bool:
    """Whether the running process's command line names the directory or something in it."""
    try:
        command_line = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return re.search(re.escape(os.fsencode(directory)) + rb"(?=[/\0 ]|$)", command_line) is not None


def read_pid(path: Path, *, belongs_to: Path) -> int | None:
    """The pid in the file, if that process runs and its command line names belongs_to."""
    try:
        pid = int(path.read_text())
    except (OSError, ValueError):
        return None
    return pid if started_ticks(pid) is not None and mentions(pid, belongs_to) else None


def descendants(pid: int) -> tuple[int, ...]:
    """Every process below pid, zombies included, parents before children."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (fields := _stat(int(entry))) is not None:
            children.setdefault(int(fields[1]), []).append(int(entry))
    found, todo = [], [pid]
    while todo:
        below = children.get(todo.pop(0), [])
        found.extend(below)
        todo.extend(below)
    return tuple(found)


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal; a process that is gone already is fine."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def reap() -> tuple[tuple[int, int], ...]:
    """Collect every child that has ended, without waiting: (pid, wait status) of each."""
    ended = []
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            ended.append((pid, status))
    return tuple(ended)


def kill_descendants(*, limit_s: float = 5.0) -> bool:
    """Kill everything below this process, until nothing is left or the limit passes.

    Needs `adopt_orphans`: a process forked in between comes back to us and is met again.
    """
    deadline = time.monotonic() + limit_s
    while left := descendants(os.getpid()):
        if time.monotonic() > deadline:
            return False
        for pid in left:
            send(pid, signal.SIGKILL)
        time.sleep(0.01)
        reap()
    return True


def kill_tree(pid: int) -> None:
    """Kill pid and everything below it; pid was proven by the caller."""
    for victim in (pid, *descendants(pid)):
        send(victim, signal.SIGKILL)


def wait_gone(pid: int, *, limit_s: float) -> bool:
    """Whether the process has ended (or is a zombie) within the limit."""
    deadline = time.monotonic() + limit_s
    while started_ticks(pid) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
