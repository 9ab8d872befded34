"""A lab whose gateways are shell loops: for what concerns processes, sshds and files."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tasks.core.errors import UsageError
from tasks.lab.accounts import login_user
from tasks.lab.health import status
from tasks.lab.layout import Lab, Topology
from tasks.lab.lifecycle import down, up
from tasks.lab.processes import mentions, started_ticks

SMALL = Topology(members=1, pairs=0)
_STUB = """\
if [ "$3" = --detach ]; then
    setsid /bin/sh "$0" "$1" </dev/null >/dev/null 2>&1 &
    exit 0
fi
echo $$ >"$1/supervisor.pid"
echo $$ >"$1/gateway.pid"
while :; do sleep 0.2; done
"""


def stub_gateway(place: Path) -> tuple[str, ...]:
    """The command of a gateway that writes its pid files and does nothing."""
    script = place / "stub.sh"
    script.write_text(_STUB)
    return ("/bin/sh", str(script))


def make_stub_lab(place: Path, topology: Topology = SMALL, *, owner_pid: int | None = None) -> Lab:
    """The lab place/lab, without a cluster to wait for."""
    command = stub_gateway(place)
    lab = up(place / "lab", topology, owner_pid=owner_pid, gateway=command, missing=lambda lab: None)
    assert eventually(lambda: all(node.gateway_alive for node in status(lab.directory).nodes))
    return lab


@contextmanager
def stub_lab(place: Path, topology: Topology = SMALL, *, owner_pid: int | None = None) -> Iterator[Lab]:
    """A lab that is down, with nothing left, when the block ends."""
    lab = make_stub_lab(place, topology, owner_pid=owner_pid)
    try:
        yield lab
    finally:
        with suppress(UsageError):  # the test has taken it down
            down(lab.directory)
    assert nothing_left(lab)


def nothing_left(lab: Lab) -> bool:
    """Whether neither processes nor directories of the lab are left."""
    return not (lab.directory.exists() or lab.base.exists() or processes_of(lab))


def processes_of(lab: Lab) -> list[int]:
    """Every running process whose command line names the lab's directories."""
    pids = (int(entry) for entry in os.listdir("/proc") if entry.isdigit())
    return [
        pid
        for pid in pids
        if pid != os.getpid()
        and started_ticks(pid) is not None
        and (mentions(pid, lab.directory) or mentions(pid, lab.base))
    ]


def eventually(holds: Callable[[], bool], *, limit_s: float = 10.0) -> bool:
    """Whether it holds within the limit."""
    deadline = time.monotonic() + limit_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def kill(pid: int | None) -> None:
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def ssh_argv(lab: Lab, host: str, *options: str, known_hosts: Path | None = None) -> tuple[str, ...]:
    """The ssh client with the lab's files only; the caller appends the command."""
    said = {
        "UserKnownHostsFile": str(known_hosts or lab.directory / "known_hosts"),
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "BatchMode": "yes",
        "ConnectTimeout": "10",
        "Port": str(lab.ports.ssh),
        "User": login_user(),
    }
    words = [word for key, value in said.items() for word in ("-o", f"{key}={value}")]
    config, key = lab.directory / "ssh_config", lab.directory / "id_ed25519"
    return ("ssh", "-F", str(config), "-i", str(key), *words, *options, host)


def ssh(
    lab: Lab, host: str, *command: str, known_hosts: Path | None = None
) -> subprocess.CompletedProcess[str]:
    argv = (*ssh_argv(lab, host, known_hosts=known_hosts), *command)
    return subprocess.run(
        argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=30, check=False
    )
