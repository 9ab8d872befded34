"""The parent of all processes of one lab: `python -m tasks.lab.warden LAB_DIR`.

Two processes. The *warden* starts the sshds and gateways and ends them when it is told to
(SIGTERM), when the lab's owner is gone, or when its maker ends before the lab is formed. The
*keeper* above it does nothing until the warden ends, then kills what the warden left. Both adopt
orphans, so that whatever a process of the lab forks stays below them: killing either of the two
with SIGKILL leaves nothing. A lab that nobody keeps is removed from the disk, too.

On standard input the maker sends "start" and closes it when the lab is formed. Later wishes come
through the fifo LAB/control, a line each: "sshd NODE" or "gateway NODE" starts what is down.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from contextlib import suppress
from dataclasses import field
from pathlib import Path

from tasks.core.dataclass import dataclass
from tasks.core.errors import UsageError
from tasks.lab import processes, remains
from tasks.lab.layout import Lab, LabNode, read_lab
from tasks.lab.sshd_files import SshdFiles

_TICK_S = 0.2


@dataclass(slots=True)
class Warden:
    """The children by pid, and whether it is time to end."""

    lab: Lab
    control: int
    wakeup: int
    listening: set[int]
    children: dict[int, str] = field(default_factory=dict)
    ending: bool = False

    def run(self) -> None:
        """Serve until it is time to end; then kill everything below."""
        while not self.ending:
            ready = select.select(list(self.listening), [], [], _TICK_S)[0]
            self._reap()  # first: what is asked for next may be what has just ended
            for source in ready:
                self._receive(source)
            self._watch_owner()
        processes.kill_descendants()

    def _reap(self) -> None:
        for pid, status in processes.reap():
            if label := self.children.pop(pid, None):
                _log(f"{label} (pid {pid}) ended: {os.waitstatus_to_exitcode(status)}")

    def _receive(self, source: int) -> None:
        content = os.read(source, 4096)
        if source == self.wakeup:
            self.ending = self.ending or int(signal.SIGTERM) in content
        elif content:
            for line in content.decode().splitlines():
                self._obey(line.split())
        else:  # the maker has closed its end, or was killed
            self.listening.discard(source)
            self.ending = self.ending or read_lab(self.lab.directory).state == "building"

    def _obey(self, words: list[str]) -> None:
        match words:
            case ["start"]:
                self._start_all()
            case ["sshd", name]:
                self._start(f"sshd {name}", self._sshd(name).argv)
            case ["gateway", name]:
                self._start_gateway(self.lab.node(name))
            case _:
                _log(f"not understood: {' '.join(words)}")

    def _start_all(self) -> None:
        names = [node.name for node in self.lab.nodes]
        for name in names:
            self._obey(["gateway", name])
        for name in [*names, "bastion"] if self.lab.topology.bastion else names:
            self._obey(["sshd", name])

    def _start_gateway(self, node: LabNode) -> None:
        if processes.read_pid(node.directory / "supervisor.pid", belongs_to=node.directory) is None:
            argv = (*self.lab.gateway, str(node.directory), str(node.server_cfg))
            self._start(f"gateway {node.name}", argv)

    def _sshd(self, name: str) -> SshdFiles:
        if name == "bastion":
            return SshdFiles(self.lab.bastion_dir, self.lab.bastion_address, self.lab.ports.ssh)
        node = self.lab.node(name)
        return SshdFiles(node.sshd_dir, node.address, self.lab.ports.ssh)

    def _start(self, label: str, argv: tuple[str, ...]) -> None:
        if label in self.children.values():
            return
        arm = processes.dying_with(os.getpid())
        pid = os.fork()
        if pid == 0:
            try:
                arm()
                _become(argv)
            finally:
                os._exit(127)
        self.children[pid] = label

    def _watch_owner(self) -> None:
        owner = self.lab.owner
        if owner is not None and processes.started_ticks(owner.pid) != owner.started_ticks:
            self.ending = True


def _become(argv: tuple[str, ...]) -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.closerange(3, 256)
    os.chdir("/")
    os.execv(argv[0], argv)


def _log(message: str) -> None:
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()


def _write_pid(path: Path) -> None:
    beside = path.with_suffix(".new")
    beside.write_text(f"{os.getpid()}\n")
    os.replace(beside, path)


def _be_warden(lab: Lab) -> None:
    processes.adopt_orphans()
    woken, wakeup = os.pipe()
    os.set_blocking(wakeup, False)
    signal.set_wakeup_fd(wakeup)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    os.mkfifo(lab.directory / "control", 0o600)
    control = os.open(lab.directory / "control", os.O_RDWR)  # never at its end
    _write_pid(lab.directory / "warden.pid")
    Warden(lab, control, woken, {0, woken, control}).run()


def _be_keeper(lab: Lab, warden: int) -> None:
    """Wait for the warden's end, then see to it that nothing is left."""
    signal.signal(signal.SIGTERM, lambda *_: processes.send(warden, signal.SIGTERM))
    _write_pid(lab.directory / "keeper.pid")
    with suppress(ChildProcessError):
        while os.wait()[0] != warden:
            pass
    processes.kill_descendants()
    remove_unkept(lab.directory)


def remove_unkept(directory: Path) -> None:
    with suppress(UsageError):  # gone already
        lab = read_lab(directory)
        if lab.is_temporary:
            remains.remove(lab)


def main(directory: Path) -> None:
    """Leave the caller's process tree, then split into keeper and warden."""
    if os.fork():
        return
    lab = read_lab(directory)
    processes.adopt_orphans()
    arm = processes.dying_with(os.getpid(), by=signal.SIGTERM)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # until each of the two has its own
    warden = os.fork()
    if warden:
        _be_keeper(lab, warden)
    else:
        arm()
        _be_warden(lab)
        remove_unkept(directory)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
