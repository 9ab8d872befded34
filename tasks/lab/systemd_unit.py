"""What `systemctl` does to the one unit that a lab node has."""

from __future__ import annotations

import os
import sys

from tasks.core.dataclass import dataclass
from tasks.lab.node_service import NodeService

_STOP_LIMIT_S = 90.0  # TimeoutStopSec of the shipped unit: systemd's default
_FLAGS = {"-q", "--quiet", "--no-pager", "--value", "--no-ask-password"}
_CAT = """\
# /usr/lib/systemd/system/{unit}
[Unit]
Description=Messaging server of the lab

[Service]
ExecStart={directory}/start
Restart=on-failure
"""


@dataclass(frozen=True, slots=True)
class SystemdUnit:
    """A unit of Type=simple whose control group is the start script and the server."""

    name: str  # without ".service"
    service: NodeService

    def run(self, argv: list[str]) -> int:
        """The exit code; answers on stdout, complaints on stderr."""
        flags, properties, words = _parsed(argv)
        if len(words) != 2 or (verb := _VERBS.get(words[0])) is None:
            return _complain(f"Unknown command verb '{words[0] if words else ''}'.", code=1)
        unit = words[1] if "." in words[1] else f"{words[1]}.service"
        if words[0] == "show":
            return self._show(unit, properties, bare="--value" in flags)
        if unit == f"{self.name}.service":
            return verb(self, flags)
        return _unknown(words[0], unit, flags)

    def _is_active(self, flags: set[str]) -> int:
        return _active(self.service.pid is not None, flags)

    def _start(self, _: set[str]) -> int:
        problem = self.service.start()
        return 0 if problem is None else _complain(f"Job for {self.name}.service failed: {problem}", code=1)

    def _stop(self, _: set[str]) -> int:
        """The default KillMode signals the whole control group: the server gets TERM twice (T5)."""
        self.service.end(whole_group=True, limit_s=_STOP_LIMIT_S)
        return 0

    def _restart(self, flags: set[str]) -> int:
        return self._stop(flags) or self._start(flags)

    def _cat(self, _: set[str]) -> int:
        sys.stdout.write(_CAT.format(unit=f"{self.name}.service", directory=self.service.directory))
        return 0

    def _show(self, unit: str, properties: tuple[str, ...], *, bare: bool) -> int:
        known, pid = unit == f"{self.name}.service", self.service.pid
        runs = known and pid is not None
        values = {
            "Id": unit,
            "Type": "simple" if known else "",
            "LoadState": "loaded" if known else "not-found",
            "ActiveState": "active" if runs else "inactive",
            "SubState": "running" if runs else "dead",
            "MainPID": str(pid or 0) if known else "0",
            "ExecMainStartTimestampMonotonic": str(self._started_us() if runs else 0),
            "Restart": "on-failure" if known else "no",
            "KillMode": "control-group",
            "UnitFileState": "enabled" if known else "",
            "FragmentPath": f"/usr/lib/systemd/system/{unit}" if known else "",
        }
        for key in properties or tuple(values):
            if key in values:
                sys.stdout.write(f"{values[key]}\n" if bare else f"{key}={values[key]}\n")
        return 0

    def _started_us(self) -> int:
        return (self.service.started_ticks or 0) * 1_000_000 // os.sysconf("SC_CLK_TCK")

    def _show_all(self, _: set[str]) -> int:
        return self._show(f"{self.name}.service", (), bare=False)


_VERBS = {
    "is-active": SystemdUnit._is_active,
    "start": SystemdUnit._start,
    "stop": SystemdUnit._stop,
    "restart": SystemdUnit._restart,
    "cat": SystemdUnit._cat,
    "show": SystemdUnit._show_all,
}


def _parsed(argv: list[str]) -> tuple[set[str], tuple[str, ...], list[str]]:
    """Flags, the names after -p, and the words."""
    flags: set[str] = set()
    properties: list[str] = []
    words: list[str] = []
    rest = iter(argv)
    for word in rest:
        if word in ("-p", "--property"):
            properties += next(rest, "").split(",")
        elif word.startswith("--property="):
            properties += word.partition("=")[2].split(",")
        elif word in _FLAGS:
            flags.add(word)
        else:
            words.append(word)
    return flags, tuple(properties), words


def _active(active: bool, flags: set[str]) -> int:
    if not flags & {"-q", "--quiet"}:
        sys.stdout.write("active\n" if active else "inactive\n")
    return 0 if active else 3


def _unknown(verb: str, unit: str, flags: set[str]) -> int:
    if verb == "is-active":
        return _active(False, flags)
    if verb == "cat":
        return _complain(f"No files found for {unit}.", code=1)
    if verb == "stop":
        return _complain(f"Failed to stop {unit}: Unit {unit} not loaded.", code=5)
    return _complain(f"Failed to {verb} {unit}: Unit {unit} not found.", code=5)


def _complain(text: str, *, code: int) -> int:
    sys.stderr.write(f"{text}\n")
    return code
