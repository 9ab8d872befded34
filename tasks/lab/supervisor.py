"""The start script of a simulated gateway: `python -m tasks.lab.supervisor NODE_DIR SERVER_CFG`.

Runs one server process after the other until one ends without asking for a restart. It belongs to
its parent, or with `--detach --warden PID` to that process, and ends with it.
"""

from __future__ import annotations

import argparse
import os
import select
import signal
import sys
import traceback
from contextlib import suppress
from pathlib import Path

from tasks.lab import leash
from tasks.lab.ending import KILLED, RESTART, end_process
from tasks.lab.gateway import Gateway
from tasks.lab.host import open_host
from tasks.lab.processes import call_myself
from tasks.lab.settings import GatewaySettings

_LOOK_UP_MS = 200


class Supervisor:
    """The loop, and the child that runs at the moment."""

    def __init__(self, directory: Path, settings: GatewaySettings, *, owner: int | None) -> None:
        self._directory = directory
        self._settings = settings
        self._owner = owner  # a descriptor that tells its end
        self._child = 0

    def run(self) -> None:
        """Until a server stays down, or the owner is gone."""
        (self._directory / "supervisor.pid").write_text(f"{os.getpid()}\n")
        signal.signal(signal.SIGTERM, self._pass_on)
        try:
            while self._one_life() and self._may_restart():
                pass
        finally:
            for name in ("gateway.pid", "supervisor.pid"):
                (self._directory / name).unlink(missing_ok=True)

    def _one_life(self) -> bool:
        """Whether the server process asked for another one."""
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        self._child = os.fork()
        if self._child == 0:
            _live(self._directory, self._settings, parent=os.getppid())
        _replace(self._directory / "gateway.pid", f"{self._child}\n")
        child = os.pidfd_open(self._child)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        try:
            if not self._outlives_owner(child):
                os.kill(self._child, signal.SIGKILL)
            pid, self._child = self._child, 0
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == RESTART
        finally:
            os.close(child)

    def _outlives_owner(self, child: int) -> bool:
        """Wait for the child's end; False if the owner's came first."""
        poll = select.poll()
        for descriptor in (child, self._owner):
            if descriptor is not None:
                poll.register(descriptor, select.POLLIN)
        while not (ended := poll.poll(_LOOK_UP_MS)):
            pass  # a signal that comes just before the wait does not end it, and is heard now
        return child in {descriptor for descriptor, _ in ended}

    def _may_restart(self) -> bool:
        try:
            (self._directory / "restart_inited").unlink()
        except OSError:
            return False
        return True

    def _pass_on(self, *_: object) -> None:
        if self._child:
            with suppress(ProcessLookupError):
                os.kill(self._child, signal.SIGTERM)


def _live(directory: Path, settings: GatewaySettings, *, parent: int) -> None:
    """The child's whole life; never returns."""
    code = KILLED
    try:
        leash.die_with(parent)
        call_myself("imaserver")  # as the real one is called
        host = open_host(directory, settings)
        code = Gateway(host).live()
        end_process(host, code)
    finally:
        if sys.exc_info()[0] is not None:
            traceback.print_exc()
        os._exit(code)


def _replace(path: Path, text: str) -> None:
    beside = path.with_suffix(".new")
    beside.write_text(text)
    os.replace(beside, path)


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="supervisor", description="runs one simulated gateway")
    parser.add_argument("node_dir", type=Path)
    parser.add_argument(
        "server_cfg", nargs="?", help="tells whose process it is, as the real one's arguments do"
    )
    parser.add_argument("--detach", action="store_true", help="leave the session of the caller")
    parser.add_argument("--warden", type=int, help="the process to end with; without it: the parent")
    options = parser.parse_args(arguments)
    directory = options.node_dir.resolve()
    settings = GatewaySettings.read(directory / "gateway.json")
    if options.detach and os.fork():
        return
    try:
        if options.detach:
            os.setsid()
        owner = _owner(options.warden, detached=options.detach)
        leash.become(settings.run_as)
        Supervisor(directory, settings, owner=owner).run()
    except leash.OwnerGone:
        return


def _owner(warden: int | None, *, detached: bool) -> int | None:
    if warden is not None:
        return leash.watch(warden)
    return None if detached else leash.watch_parent()


if __name__ == "__main__":
    main()
