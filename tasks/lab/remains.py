"""What a lab leaves when its processes end: leftover processes, its directory."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from tasks.lab.layout import Lab
from tasks.lab.processes import kill_tree, read_pid, wait_gone

OWNER_MARK = "lab-directory"  # in a base outside the lab's directory: whose it is


def pid_files(lab: Lab) -> Iterator[Path]:
    """Every pid file that processes of the lab write, those above first."""
    yield lab.directory / "keeper.pid"
    yield lab.directory / "warden.pid"
    for node in lab.nodes:
        yield node.directory / "supervisor.pid"
        yield node.directory / "gateway.pid"
        yield node.sshd_dir / "sshd.pid"
    yield lab.bastion_dir / "sshd.pid"


def kill_leftovers(lab: Lab) -> None:
    """Kill what the pid files name, where the command line proves that it is this lab's."""
    for path in pid_files(lab):
        belongs_to = lab.directory if path.parent == lab.directory else lab.base
        if (pid := read_pid(path, belongs_to=belongs_to)) is not None:
            kill_tree(pid)
            wait_gone(pid, limit_s=2.0)


def remove(lab: Lab) -> None:
    """Remove the lab's directory, and its base where that lies elsewhere and is marked as its own."""
    if lab.base != lab.directory and _is_marked(lab):
        _remove_tree(lab.base)
    _remove_tree(lab.directory)


def _is_marked(lab: Lab) -> bool:
    try:
        return (lab.base / OWNER_MARK).read_text() == str(lab.directory)
    except OSError:
        return False


def _remove_tree(directory: Path) -> None:
    """Also where a fault took the right to look into a directory."""
    for place, below, _ in os.walk(directory):
        for name in below:
            path = os.path.join(place, name)
            if not os.path.islink(path):
                os.chmod(path, 0o700)
    shutil.rmtree(directory, ignore_errors=True)
