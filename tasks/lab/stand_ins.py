"""Stand-in executables for service managers: `systemctl`, `docker`, `podman` that drive a lab gateway.

Written into `node.bin`, they are what the node's SSH sessions find first. Each call is recorded.
"""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Literal

from tasks.core.dataclass import dataclass
from tasks.lab.layout import Lab, LabNode

CONTAINER = "IMA"
UNIT = "imaserver"
NAMES = ("systemctl", "docker", "podman")
_PROJECT = Path(__file__).resolve().parents[2]
_SCRIPT = '#!/bin/sh\nexec env PYTHONPATH={project} {python} -m tasks.lab.stand_in {config} {name} "$@"\n'


@dataclass(frozen=True, slots=True)
class StandIns:
    """The executables of one node, and what they were called with."""

    directory: Path
    record: Path

    def calls(self) -> tuple[tuple[str, ...], ...]:
        """Every argv so far, the program's name first."""
        lines = self.record.read_text().splitlines() if self.record.exists() else []
        return tuple(tuple(json.loads(line)) for line in lines)


def service_stand_ins(
    lab: Lab,
    node: LabNode,
    directory: Path,
    *,
    names: tuple[str, ...] = NAMES,
    unit: str = UNIT,
    container: str = CONTAINER,
    policy: Literal["no", "always"] = "no",
    volume: tuple[str, str] | None = None,
) -> StandIns:
    """Write the stand-ins of `names` into the directory.

    Args:
        unit: The one unit that systemctl knows, without ".service".
        container: The one container that docker and podman know.
        policy: "always": an ended container runs again as soon as the engine is next asked for anything.
        volume: Host and container path of its mount, as `inspect` tells them; None: the data directory twice.
    """
    directory.mkdir(parents=True, exist_ok=True)
    record, config = directory / "calls.jsonl", directory / "stand-ins.json"
    data_dir = str(node.data_dir)
    said = {
        "node": str(node.directory),
        "record": str(record),
        "state": str(directory / "container.json"),
        "unit": unit,
        "container": container,
        "policy": policy,
        "volume": list(volume or (data_dir, data_dir)),
    }
    config.write_text(json.dumps(said, indent=2) + "\n")
    words = {"project": _PROJECT, "python": sys.executable, "config": config}
    for name in names:
        quoted = {key: shlex.quote(str(word)) for key, word in words.items()}
        (directory / name).write_text(_SCRIPT.format(**quoted, name=name))
        (directory / name).chmod(0o755)
    return StandIns(directory, record)
