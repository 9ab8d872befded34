"""A small file system for each node's data, so that it can get full; where this process may mount one."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from pathlib import Path

from tasks.lab.layout import LabNode

SIZE = "24m"
_CAP_SYS_ADMIN = 21
_CLONE_NEWNS = 0x00020000


def may_mount() -> bool:
    """Whether a file system of its own can be given to a node: needs CAP_SYS_ADMIN."""
    caps = next(x for x in Path("/proc/self/status").read_text().splitlines() if x.startswith("CapEff"))
    return bool(int(caps.split()[1], 16) >> _CAP_SYS_ADMIN & 1) and shutil.which("mount") is not None


def give_file_system(node: LabNode) -> None:
    """Put the node's data directory, as it is, on a small file system of its own."""
    data, beside = node.data_dir / "data", node.directory / "before"
    _run("cp", "-a", "--", str(data), str(beside))
    _run("mount", "-t", "tmpfs", "-o", f"size={SIZE}", "lab", str(data))
    _run("cp", "-a", "--", f"{beside}/.", str(data))
    shutil.rmtree(beside)


def take_file_system(node: LabNode) -> None:
    _run("umount", "--lazy", str(node.data_dir / "data"))


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True, timeout=30, stdin=subprocess.DEVNULL)


def alone_with_mounts() -> None:
    """What is mounted from here on is seen by nobody else, and ends with the last process that sees it."""
    if not may_mount():
        return
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    subprocess.run(("mount", "--make-rprivate", "/"), check=True, timeout=30)
