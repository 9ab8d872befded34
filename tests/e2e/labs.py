"""A lab for the command line: brought up, given credentials, and driven by `fab` as an operator would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tasks.effects.creation import Order, create_sets
from tasks.effects.inventory_file import open_inventory
from tasks.effects.secrets import Secrets
from tasks.lab.faults import break_node, mend
from tasks.lab.health import not_formed
from tasks.lab.layout import CLUSTER_KEY, Lab, Topology
from tasks.lab.lifecycle import down, up
from tests import forked_fab
from tests.schemas import conforms

PROJECT = Path(__file__).resolve().parents[2]
FAB = Path(sys.executable).with_name("fab")
SPEED = 50.0
LIMIT_S = 90.0

Journal = tuple[dict[str, Any], ...]
Change = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that ended: exit code, results and progress."""

    code: int
    stdout: str
    stderr: str

    def ok(self) -> Ran:
        """Itself, if it went well."""
        assert self.code == 0, f"exit {self.code}\n{self.stdout}\n{self.stderr}"
        return self


@dataclass(frozen=True, slots=True)
class Rig:
    """One lab, and a home directory in which nothing is configured."""

    lab: Lab
    home: Path

    @property
    def inventory(self) -> Path:
        return self.lab.inventory

    @property
    def credentials(self) -> Path:
        return self.lab.directory / "credentials" / CLUSTER_KEY

    def argv(self, task: str, *args: str, inventory: Path | None = None) -> tuple[str, ...]:
        return (str(FAB), task, "--inventory", str(inventory or self.inventory), *args)

    def fab(self, task: str, *args: str, inventory: Path | None = None) -> Ran:
        """Run a task to its end, from the project's directory, without a terminal."""
        ran = self.run(self.argv(task, *args, inventory=inventory))
        if "--json" in args and "--nagios" not in args:
            conforms(task, ran.stdout)
        return ran

    def run(self, argv: tuple[str, ...]) -> Ran:
        done = forked_fab.run(argv, cwd=PROJECT, env=self.environment(), limit_s=LIMIT_S)
        return Ran(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def going(self, *args: str) -> Iterator[forked_fab.Running]:
        """migrate-cluster in the background, without the start-up time; killed with the block at the latest."""
        process = forked_fab.Running(self.argv("migrate-cluster", *args), cwd=PROJECT, env=self.environment())
        try:
            yield process
        finally:
            process.kill()
            process.wait(LIMIT_S)

    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ}
        return {**kept, "HOME": str(self.home)}

    def migrate(self, *args: str, inventory: Path | None = None) -> Ran:
        """By the documented procedure, unless a strategy is named: it takes the fewest restarts."""
        return self.fab("migrate-cluster", "--yes", *documented(*args), inventory=inventory)

    def resume(self, *args: str, inventory: Path | None = None) -> Ran:
        return self.fab("migrate-cluster", "--resume", *args, inventory=inventory)

    def new_credentials(self) -> None:
        """A fresh shared set in place of the one before: the next migration has everything to do."""
        make_sets(self)

    def status(self) -> dict[str, Any]:
        found = json.loads(self.fab("status", "--json").stdout)
        assert isinstance(found, dict)
        return found

    @property
    def runs(self) -> tuple[Path, ...]:
        return tuple(sorted(path.parent for path in self._runs_dir.glob("*/plan.json")))

    @property
    def _runs_dir(self) -> Path:
        return self.lab.directory / "runs" / CLUSTER_KEY

    def journal(self) -> Journal:
        """The entries of the newest run."""
        path = self.runs[-1] / "journal.jsonl"
        return tuple(json.loads(line) for line in path.read_text().splitlines())

    def changed_inventory(self, name: str, change: Change) -> Path:
        """A changed copy of the inventory beside it."""
        yaml = YAML()
        document = yaml.load(self.inventory.read_text())
        change(document)
        path = self.lab.directory / f"{name}.yaml"
        with path.open("w") as file:
            yaml.dump(document, file)
        return path


@dataclass(slots=True)
class Begun:
    """A task that runs while the test goes on."""

    rig: Rig
    process: subprocess.Popen[bytes] | forked_fab.Running
    out: Path
    seen_before: dict[Path, int] = field(default_factory=dict)  # journal lines, by run

    @property
    def pid(self) -> int:
        return self.process.pid

    def until(self, event: str, step: str) -> None:
        """Wait for a journal line that this task writes."""
        self._await(lambda: any((e["event"], e.get("step")) == (event, step) for e in self._entries()))

    def until_told(self, text: str) -> None:
        """Wait until it says something on stderr."""
        self._await(lambda: text in self.stderr)

    def _await(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + LIMIT_S
        while not holds():
            assert self.process.poll() is None, f"ended early: {self.process.returncode}\n{self.stderr}"
            assert time.monotonic() < deadline, self.stderr
            time.sleep(0.01)

    def _entries(self) -> Iterator[dict[str, Any]]:
        for run in self.rig.runs:
            path = run / "journal.jsonl"
            if path.exists():
                lines = path.read_text().split("\n")[:-1]
                yield from map(json.loads, lines[self.seen_before.get(run, 0) :])

    @property
    def stderr(self) -> str:
        return (self.out / "stderr").read_text()

    def end(self) -> Ran:
        code = self.process.wait(timeout=LIMIT_S)
        return Ran(code, (self.out / "stdout").read_text(), self.stderr)

    def signalled(self, number: int) -> Ran:
        """As from a terminal: the shell, where there is one, and what it runs."""
        if isinstance(self.process, subprocess.Popen):
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)
        return self.end()


def documented(*args: str) -> tuple[str, ...]:
    """A run that is begun, with the prescribed strategy unless another one is named."""
    begins = not {"--strategy", "--resume", "--approve"}.intersection(args)
    return (*args, "--strategy", "prescribed") if begins else args


@contextmanager
def begun(
    rig: Rig,
    *args: str,
    task: str = "migrate-cluster",
    inventory: Path | None = None,
    executable: bool = False,
) -> Iterator[Begun]:
    """A task in the background; ended with the block at the latest.

    Args:
        executable: Start the real `fab` by a real shell, a second later, instead of a forked one.
    """
    out = rig.home / f"begun-{time.monotonic_ns()}"
    out.mkdir()
    before = {run: len((run / "journal.jsonl").read_text().splitlines()) for run in rig.runs}
    with open(out / "stdout", "wb") as stdout, open(out / "stderr", "wb") as stderr:
        words = documented(*args) if task == "migrate-cluster" else args
        argv = rig.argv(task, *words, inventory=inventory)
        process = _started(argv, rig, (stdout.fileno(), stderr.fileno()), executable=executable)
    try:
        yield Begun(rig, process, out, before)
    finally:
        if isinstance(process, subprocess.Popen):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait(timeout=LIMIT_S)


def _started(
    argv: tuple[str, ...], rig: Rig, output: tuple[int, int], *, executable: bool
) -> subprocess.Popen[bytes] | forked_fab.Running:
    environment = rig.environment()
    if not executable:
        return forked_fab.Running(argv, cwd=PROJECT, env=environment, output=output)
    nothing, (stdout, stderr) = subprocess.DEVNULL, output
    return subprocess.Popen(
        ("sh", "-c", 'trap : INT; "$@"; exit $?', "sh", *argv),  # which lets a Ctrl-C reach the command alone
        cwd=PROJECT,
        env=environment,
        stdin=nothing,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
    )


def make_sets(rig: Rig, *, kind: str = "shared") -> None:
    """What `fab credentials.create --force` does, without its start-up time."""
    cluster = open_inventory(str(rig.inventory), None)
    create_sets(cluster, Order(kind), force=True, secrets=Secrets().resolve)


@contextmanager
def rigged(place: Path, topology: Topology, *, credentials: str = "shared") -> Iterator[Rig]:
    """A lab with credential sets made, not yet migrated; gone with the block."""
    home = place / "home"
    home.mkdir()
    lab = up(place / "lab", topology, owner_pid=os.getpid())
    try:
        rig = Rig(lab, home)
        make_sets(rig, kind=credentials)
        yield rig
    finally:
        down(lab.directory)


def back_to_builtin(rig: Rig) -> None:
    """As it was at first: no credential files on the nodes, every server on the built-in pair."""
    if rig.runs and rig.journal()[-1]["event"] not in ("completed", "abandoned"):
        rig.fab("migrate-cluster", "--break-lock", rig.runs[-1].name).ok()
    for node in rig.lab.nodes:
        mend(rig.lab.directory, node.name)
        for path in node.certificates.glob("*/Cluster_*.pem"):
            path.unlink()
    start_anew(rig)


def on_own_set(rig: Rig) -> None:
    """As after a migration, without one: every server runs on its set."""
    for node in rig.lab.nodes:
        for path in rig.credentials.glob("Cluster_*.pem"):
            home = node.certificates / ("truststore" if "cafile" in path.name else "keystore")
            target = home / path.name
            target.write_bytes(path.read_bytes())
            target.chmod(0o600)
            os.chown(target, home.stat().st_uid, home.stat().st_gid)
    start_anew(rig)


def start_anew(rig: Rig) -> None:
    """End every server, start all of them, and wait until the cluster is whole."""
    for node in rig.lab.nodes:
        break_node(rig.lab.directory, node.name, "gateway-down")
    for node in rig.lab.nodes:
        mend(rig.lab.directory, node.name)
    deadline = time.monotonic() + LIMIT_S
    while (missing := not_formed(rig.lab)) is not None:
        assert time.monotonic() < deadline, missing
        time.sleep(0.05)


def small(members: int = 2, *, pairs: int = 0, **options: Any) -> Topology:
    """The least cluster that a rolling migration makes sense on."""
    return Topology(members=members, pairs=pairs, speed=SPEED, **options)
