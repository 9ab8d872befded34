"""The tool as it is driven by the matrix: started, followed by its journal, ended; what it said is kept."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests import forked_fab
from tests.e2e.labs import PROJECT, Rig
from tests.torture.points import Moment, Point

LIMIT_S = 90.0
LOOK_S = 0.005
# What a run may wait for, in seconds: enough for a busy machine, and short where it waits in vain.
LIMITS = {"restart_s": 10, "sync_s": 5, "return_s": 2, "join_s": 5, "drain_s": 5, "rest_s": 1, "command_s": 8,
          "connect_s": 3, "settle_s": 0.1, "poll_s": 0.05}  # fmt: skip

Process = forked_fab.Running | subprocess.Popen[bytes]


@dataclass(frozen=True, slots=True)
class Said:
    """A command that ended, or was killed."""

    what: str
    code: int
    stdout: str
    stderr: str

    def __str__(self) -> str:
        return f"$ fab {self.what}\nexit {self.code}\n{self.stdout}\n{self.stderr}"


@dataclass(slots=True)
class Driver:
    """Drives one run, over several commands.

    Args:
        altered: The name of a seeded fault of the tool; "" for the tool as it is.
    """

    rig: Rig
    inventory: Path
    altered: str = ""
    process: Process | None = None
    said: list[Said] = field(default_factory=list)
    position: int = 0  # journal lines that were looked at
    named: str = ""  # the node that the line of the last point names, if it does
    out: Path = Path()
    what: str = ""

    def start(self, task: str, *args: str) -> None:
        self.what = " ".join((task, *args))
        self.out = self.rig.home / f"said-{len(self.said)}"
        self.out.mkdir(exist_ok=True)
        with open(self.out / "stdout", "wb") as stdout, open(self.out / "stderr", "wb") as stderr:
            argv = self.rig.argv(task, *args, inventory=self.inventory)
            self.process = self._started(argv, (stdout.fileno(), stderr.fileno()))

    def _started(self, argv: tuple[str, ...], output: tuple[int, int]) -> Process:
        environment = self.rig.environment()
        if not self.altered:
            return forked_fab.Running(argv, cwd=PROJECT, env=environment, output=output)
        command = (sys.executable, "-m", "tests.torture.altered", self.altered, *argv[1:])
        nothing, (stdout, stderr) = subprocess.DEVNULL, output
        return subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdin=nothing, stdout=stdout, stderr=stderr
        )

    def has_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def end(self) -> Said:
        """Wait for it. Raises TimeoutExpired."""
        assert self.process is not None
        code = self.process.wait(LIMIT_S)
        texts = ((self.out / name).read_text(errors="replace") for name in ("stdout", "stderr"))
        said = Said(self.what, code, *texts)
        self.said.append(said)
        self.process = None
        return said

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(LIMIT_S)

    def until(self, point: Point) -> bool:
        """Wait until the run comes to the point; False if its process ended before."""
        deadline = time.monotonic() + LIMIT_S
        while True:
            over = self.has_ended()
            for entry in self._news():
                if _is_at(point, entry):
                    self.named = entry.get("facts", {}).get("node", "")
                    return True
            if over:
                return False
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(self.what, LIMIT_S)
            time.sleep(LOOK_S)

    def _news(self) -> Iterator[dict[str, Any]]:
        for entry in self.journal()[self.position :]:
            self.position += 1
            yield entry

    def journal(self) -> list[dict[str, Any]]:
        """Of the run, as far as it is whole."""
        runs = self.rig.runs
        path = runs[-1] / "journal.jsonl" if runs else Path("/nowhere")
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text().split("\n")[:-1]]


def _is_at(point: Point, entry: dict[str, Any]) -> bool:
    if entry.get("step") != point.step:
        return False
    if point.moment is Moment.BEGUN:
        return bool(entry["event"] == "started")
    return entry["event"] == "noted" and bool(entry.get("facts", {}).get("started_before"))


@contextmanager
def driving(rig: Rig, inventory: Path, *, altered: str = "") -> Iterator[Driver]:
    """A driver whose tool is killed with the block at the latest."""
    driver = Driver(rig, inventory, altered)
    try:
        yield driver
    finally:
        driver.kill()
