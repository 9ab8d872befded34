"""How a simulated server leaves its process."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import NoReturn

from tasks.core.dataclass import dataclass
from tasks.lab.host import Host

RESTART = 75  # exit code: start again
STOP = 0
KILLED = 1


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a settled server ends: the process's exit code, and whether somebody waits for an answer."""

    code: int
    announced: bool  # by REST: the process goes on for three seconds


def end_process(host: Host, code: int) -> NoReturn:
    """Leave the process. A restart needs the start script's marker, else nothing comes back."""
    if code == RESTART and not _mark_restart(host):
        code = STOP
    os._exit(code)


def _mark_restart(host: Host) -> bool:
    if host.disturbances.has("no_return"):
        return False
    with suppress(OSError):
        (host.directory / "restart_inited").touch(exist_ok=False)
        return True
    return False
