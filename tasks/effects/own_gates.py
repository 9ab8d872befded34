"""Run the operator's own gates around a restart, on this machine: each ends with 0, or the line stops."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from tasks.core.errors import GateTimeout
from tasks.core.events import Event, EventKind
from tasks.core.findings import Finding
from tasks.core.model import Cluster, OwnGates
from tasks.core.own_gates import GateEnd, gate_problem, gates_of, missing_gate
from tasks.core.plan import Step
from tasks.core.step_kinds import ANY_RESTART
from tasks.effects.clock import Clock
from tasks.effects.hooks import environment
from tasks.effects.run import RESUME, Run

_LOOK_S = 0.1  # between two looks at whether it has ended
_LARGEST_BYTES = 4096  # of what it printed last
_ENDING_S = 2.0  # from SIGTERM to SIGKILL


def before_restart(run: Run, step: Step) -> None:
    """Run the member's first gate, unless its restart was asked for already.

    Raises:
        GateTimeout: It did not end with 0, or not in time: nothing was restarted.
    """
    if step.kind in ANY_RESTART and not run.facts(step).get("started_before"):
        _pass(run, step, EventKind.BEFORE_RESTART)


def after_restart(run: Run, step: Step) -> None:
    """Run the member's second gate; the step is not done before it has ended with 0.

    Raises:
        GateTimeout: It did not, or not in time.
    """
    if step.kind in ANY_RESTART:
        _pass(run, step, EventKind.AFTER_RESTART)


def missing_gates(cluster: Cluster) -> Iterator[Finding]:
    """Those whose program is not there, or may not be run."""
    for member in cluster.members:
        gates = gates_of(member)
        for argv in (gates.before_restart, gates.after_restart):
            if argv and (trouble := _trouble(argv[0], cluster.inventory.parent)):
                yield missing_gate(member.name, argv, trouble)


def _trouble(program: str, folder: Path) -> str:
    if "/" not in program:
        return "" if shutil.which(program) else "not in PATH"
    path = folder / program
    if not path.is_file():
        return f"{path} is no file"
    return "" if os.access(path, os.X_OK) else f"{path} is not executable"


def _pass(run: Run, step: Step, kind: EventKind) -> None:
    member = run.member(step.target)
    gates = gates_of(member)
    argv = _argv(gates, kind)
    if not argv:
        return
    event = _event(run, step, kind)
    name = kind.value.replace("_", " ")
    folder = run.site.cluster.inventory.parent
    with tempfile.TemporaryFile() as printed:
        process = _begun(argv, event, folder=folder, printed=printed, node=member.name)
        waited = _waited(run, process, member.name, f"the gate {name} ({argv[0]})", limit_s=gates.limit_s)
        end = GateEnd(waited, _last(printed))
    if problem := gate_problem(argv, end, limit_s=gates.limit_s):
        raise GateTimeout(
            f"gate {name}: {problem}",
            node=member.name,
            remedy=f"mend what it says, or `gates` in the inventory: {RESUME}",
        )
    run.write("noted", step, seen=f"gate {name} passed: {argv[0]}")


def _argv(gates: OwnGates, kind: EventKind) -> tuple[str, ...]:
    return gates.before_restart if kind is EventKind.BEFORE_RESTART else gates.after_restart


def _event(run: Run, step: Step, kind: EventKind) -> Event:
    return Event(
        at=run.site.clock.now(),
        event=kind,
        cluster=run.site.cluster.key,
        task=run.plan.task,
        run=run.record.id,
        step=step.id,
        number=run.plan.steps.index(step) + 1,
        steps=len(run.plan.steps),
        member=run.member(step.target).name,
        node=run.facts(step).get("node", ""),
        resume=run.resume_line,
    )


def _begun(
    argv: Sequence[str], event: Event, *, folder: Path, printed: IO[bytes], node: str
) -> subprocess.Popen[bytes]:
    """The process, in a session of its own: Ctrl-C is the tool's to handle, and ends no gate in the middle."""
    program = str(folder / argv[0]) if "/" in argv[0] else argv[0]
    with tempfile.TemporaryFile() as told:
        told.write(event.model_dump_json().encode() + b"\n")
        told.seek(0)
        try:
            return subprocess.Popen(
                (program, *argv[1:]),
                stdin=told,
                stdout=printed,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=environment(os.environ),
                start_new_session=True,
            )
        except OSError as error:
            raise GateTimeout(
                f"the gate {argv[0]} cannot be run: {error.strerror}",
                node=node,
                remedy=f"correct `gates` in the inventory: {RESUME}",
            ) from error


def _waited(
    run: Run, process: subprocess.Popen[bytes], node: str, awaited: str, *, limit_s: float
) -> int | None:
    """Its exit code; None where its time was over and it, with all that it began, was ended."""
    clock = run.site.clock
    until = clock.monotonic() + limit_s
    try:
        while (code := process.poll()) is None:
            left_s = until - clock.monotonic()
            if left_s <= 0:
                return None
            run.report.waiting(node, awaited, "still at work", left_s=left_s)
            clock.sleep(min(_LOOK_S, left_s))
        return code
    finally:
        _end(process, clock=clock)


def _end(process: subprocess.Popen[bytes], *, clock: Clock) -> None:
    """Whatever it left running in its session goes with it."""
    if process.poll() is not None:
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    until = clock.monotonic() + _ENDING_S
    while process.poll() is None and clock.monotonic() < until:
        clock.sleep(_LOOK_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _last(printed: IO[bytes]) -> str:
    size = printed.seek(0, os.SEEK_END)
    printed.seek(max(0, size - _LARGEST_BYTES))
    return printed.read().decode("utf-8", "replace")
