"""A lab comes up and goes down.

`up` makes the directory, hands it to a warden (see `warden.py`) and waits for the cluster to form.
Whatever kills `up` before that, the half-made lab disappears: the warden sees its pipe close.
"""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from signal import SIGKILL, SIGTERM

from tasks.core.errors import GateTimeout, UsageError
from tasks.lab import health, remains
from tasks.lab.accounts import login_user
from tasks.lab.addresses import Claim, claim_block
from tasks.lab.building import PROJECT, build, gateway_command, make_base
from tasks.lab.layout import Lab, Owner, Topology, read_lab
from tasks.lab.processes import read_pid, send, started_ticks, wait_gone
from tasks.lab.sshd_files import SshdFiles, sshd_program

_END_LIMIT_S = 8.0
_DEFAULT = Topology()


def up(
    directory: Path,
    topology: Topology = _DEFAULT,
    *,
    owner_pid: int | None = None,
    gateway: tuple[str, ...] | None = None,
    missing: Callable[[Lab], str | None] = health.not_formed,
    limit_s: float | None = None,
) -> Lab:
    """Make a lab and wait until its cluster has formed; a running one of that topology is returned.

    Args:
        owner_pid: A process whose end ends the lab and removes its directory; None: it stays until `down`.
        gateway: The command that runs a gateway, the node's directory appended; None: the simulated one.
        missing: Says what the cluster still lacks, None when nothing.
        limit_s: For the forming; None: by the topology's speed.

    Raises:
        UsageError: The topology, the machine or what is in the directory does not allow it.
        GateTimeout: The cluster did not form in time; the lab was removed again.
    """
    directory = directory.absolute()
    directory.parent.mkdir(parents=True, exist_ok=True)
    directory = directory.resolve()
    _check(topology)
    with _alone(directory):
        if (running := _running(directory, topology)) is not None:
            return running
        with claim_block() as claim:
            lab = _found(
                directory, topology, claim, owner_pid=owner_pid, gateway=gateway or gateway_command()
            )
            return _raise_up(lab, claim, missing=missing, limit_s=limit_s or 40 + 100 / topology.speed)


def down(directory: Path) -> None:
    """End every process of the lab and remove its directory, also where its warden is dead.

    Raises:
        UsageError: There is no lab; its processes do not end.
    """
    lab = read_lab(directory)
    _end_warden(lab)
    remains.kill_leftovers(lab)
    if left := [pid for pid in map(_pid_of(lab), remains.pid_files(lab)) if pid is not None]:
        pids = ", ".join(map(str, left))
        raise UsageError(
            f"processes of the lab {lab.directory} do not end: {pids}",
            remedy=f"as their owner: kill -KILL {pids.replace(',', '')}; then fab lab.down again",
        )
    remains.remove(lab)


def _pid_of(lab: Lab) -> Callable[[Path], int | None]:
    return lambda path: read_pid(path, belongs_to=lab.directory if path.parent == lab.directory else lab.base)


def _check(topology: Topology) -> None:
    if (fault := topology.fault()) is not None:
        raise UsageError(fault, remedy="see fab --help lab.up; a lab of the usual size: fab lab.up")
    sshd_program()
    login_user()


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Hold a name in the kernel that stands for the directory; it goes with this process."""
    with socket.socket(socket.AF_UNIX) as held:
        try:
            held.bind(b"\0amlen-lab-" + hashlib.sha256(os.fsencode(directory)).hexdigest().encode())
        except OSError as error:
            raise UsageError(
                f"another lab.up is at work on {directory}", remedy="wait for it, or take another --dir"
            ) from error
        yield


def _running(directory: Path, topology: Topology) -> Lab | None:
    """The lab that runs there already; what a dead one left is removed.

    Raises:
        UsageError: It has another topology, or there is something that is not a lab.
    """
    if not directory.exists() or (directory.is_dir() and not any(directory.iterdir())):
        return None
    if not (directory / "lab.json").is_file():
        raise UsageError(
            f"{directory} is not empty and not a lab",
            remedy="take a directory that does not exist: --dir DIR",
        )
    lab = read_lab(directory)
    if health.warden_pid(lab) is None:
        down(directory)
        return None
    if lab.topology != topology or lab.state != "formed":
        raise UsageError(
            f"another lab runs in {directory}: {_describe(lab.topology)}; wanted: {_describe(topology)}",
            remedy=f"fab lab.down --dir {directory}, or take another --dir",
        )
    return lab


def _describe(topology: Topology) -> str:
    """All that is not as usual, after the numbers."""
    numbers = f"{topology.members} members, {topology.pairs} pairs, speed {topology.speed:g}"
    counts = {"joining": topology.joining, "legacy": topology.legacy}
    said = [f"{number} {name}" for name, number in counts.items() if number]
    names = ("bastion", "secured", "forwarding", "formed", "paired", "secured_ha")
    said += [name for name in names if getattr(topology, name)]
    said += [f"legacy {topology.legacy_version}", f"service {topology.service}"]
    return ", ".join([numbers, str(topology.product), *said])


def _found(
    directory: Path, topology: Topology, claim: Claim, *, owner_pid: int | None, gateway: tuple[str, ...]
) -> Lab:
    """Make the directory and its record."""
    owner = None
    if owner_pid is not None:
        if (ticks := started_ticks(owner_pid)) is None:
            raise ValueError(f"the owner, process {owner_pid}, does not run")
        owner = Owner(owner_pid, ticks)
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o755 if os.geteuid() == 0 else 0o700)
    base = make_base(directory)
    lab = Lab(directory, base, claim.block, claim.ports, topology, gateway, owner, "building")
    lab.write()
    (directory / ".gitignore").write_text("*\n")
    return lab


def _raise_up(lab: Lab, claim: Claim, *, missing: Callable[[Lab], str | None], limit_s: float) -> Lab:
    words = _start_warden(lab, claim)
    try:
        build(lab)
        os.write(words, b"start\n")
        _wait(lab, missing, limit_s=limit_s)
        formed = replace(lab, state="formed")
        formed.write()
    except BaseException:
        os.close(words)
        _end_warden(lab)
        remains.kill_leftovers(lab)
        remains.remove(lab)
        raise
    os.close(words)
    return formed


def _start_warden(lab: Lab, claim: Claim) -> int:
    """Start keeper and warden; returns the pipe into the warden. They hold the block from now on."""
    argv = (sys.executable, "-m", "tasks.lab.warden", str(lab.directory))
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    reading, writing = os.pipe()
    with open(lab.directory / "warden.log", "ab") as log:
        subprocess.run(
            argv,
            stdin=reading,
            stdout=log,
            stderr=log,
            env=environment,
            cwd="/",
            pass_fds=(claim.held.fileno(),),
            start_new_session=True,
            check=True,
        )
    os.close(reading)
    return writing


def _wait(lab: Lab, missing: Callable[[Lab], str | None], *, limit_s: float) -> None:
    deadline, guarded = time.monotonic() + limit_s, False
    silent = _sshds(lab)
    while (seen := _sshd_missing(silent) or missing(lab)) is not None:
        lost = guarded and health.warden_pid(lab) is None
        guarded = guarded or health.warden_pid(lab) is not None
        if lost or time.monotonic() > deadline:
            problem = "its warden was ended" if lost else f"it did not form within {limit_s:g} s"
            raise GateTimeout(
                f"the lab {lab.directory} was given up, {problem}; last seen: {seen}",
                remedy="repeat on a less busy machine, or with a smaller --speed",
            )
        time.sleep(0.05)


def _sshds(lab: Lab) -> dict[str, SshdFiles]:
    """By node, and "bastion"."""
    port = lab.ports.ssh
    found = {node.name: SshdFiles(node.sshd_dir, node.address, port) for node in lab.nodes}
    if lab.topology.bastion:
        found["bastion"] = SshdFiles(lab.bastion_dir, lab.bastion_address, port)
    return found


def _sshd_missing(silent: dict[str, SshdFiles]) -> str | None:
    """Ask those that have not answered yet; who answers is dropped: each time costs sshd a process."""
    for name in [name for name, sshd in silent.items() if sshd.answers()]:
        del silent[name]
    return f"no sshd yet at {', '.join(silent)}" if silent else None


def _end_warden(lab: Lab) -> None:
    """Ask the warden to end, then insist; either way keeper and warden kill what is below them."""
    for number in (SIGTERM, SIGKILL):
        found = [
            pid
            for name in ("warden.pid", "keeper.pid")
            if (pid := read_pid(lab.directory / name, belongs_to=lab.directory)) is not None
        ]
        with suppress(IndexError):
            send(found[0], number)
        for pid in found:
            wait_gone(pid, limit_s=_END_LIMIT_S)
