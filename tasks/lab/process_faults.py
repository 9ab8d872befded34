"""Faults of a node's sshd and of its server process, injected from outside."""

from __future__ import annotations

import time
from collections.abc import Callable

from tasks.core.errors import RemoteError, UsageError
from tasks.lab.fault_case import Fault, FaultCase
from tasks.lab.health import warden_pid
from tasks.lab.keys import write_private
from tasks.lab.processes import kill_tree, read_pid, wait_gone

_LIMIT_S = 10.0


def _stop_sshd(case: FaultCase) -> None:
    if (pid := read_pid(case.sshd.pid_file, belongs_to=case.lab.base)) is not None:
        kill_tree(pid)
        wait_gone(pid, limit_s=_LIMIT_S)


def _start_sshd(case: FaultCase) -> None:
    _ask_warden(case, "sshd")
    _await(case, case.sshd.answers, "its sshd does not answer")


def _forbid_forwarding(case: FaultCase) -> None:
    _set_forwarding(case, "no")


def _allow_forwarding(case: FaultCase) -> None:
    _set_forwarding(case, "yes")


def _set_forwarding(case: FaultCase, word: str) -> None:
    """Rewrite the one line, and start the sshd anew: sessions that are open end."""
    lines = case.sshd.config.read_text().splitlines()
    kept = [f"AllowTcpForwarding {word}", *(line for line in lines if "AllowTcpForwarding" not in line)]
    write_private(case.sshd.config, "".join(f"{line}\n" for line in kept).encode())
    _stop_sshd(case)
    _start_sshd(case)


def _kill_gateway(case: FaultCase) -> None:
    for name in ("supervisor.pid", "gateway.pid"):
        if (pid := read_pid(case.node.directory / name, belongs_to=case.node.directory)) is not None:
            kill_tree(pid)
            wait_gone(pid, limit_s=_LIMIT_S)


def _start_gateway(case: FaultCase) -> None:
    _ask_warden(case, "gateway")
    pid_file = case.node.directory / "gateway.pid"
    _await(
        case,
        lambda: read_pid(pid_file, belongs_to=case.node.directory) is not None,
        "its gateway does not start",
    )


def _ask_warden(case: FaultCase, thing: str) -> None:
    if warden_pid(case.lab) is None:
        raise UsageError(f"the lab {case.lab.directory} is down", remedy="fab lab.up")
    with open(case.lab.directory / "control", "w") as control:
        control.write(f"{thing} {case.node.name}\n")


def _await(case: FaultCase, holds: Callable[[], bool], problem: str) -> None:
    deadline = time.monotonic() + _LIMIT_S
    while not holds():
        if time.monotonic() > deadline:
            raise RemoteError(
                f"{problem} within {_LIMIT_S:g} s", remedy="see warden.log of the lab", node=case.node.name
            )
        time.sleep(0.02)


PROCESS_FAULTS: dict[str, Fault] = {
    "ssh-down": Fault("sshd and all its sessions are killed", _stop_sshd, _start_sshd),
    "ssh-no-forwarding": Fault("sshd forbids port forwarding", _forbid_forwarding, _allow_forwarding),
    "gateway-down": Fault("the server is killed and does not come back", _kill_gateway, _start_gateway),
}
