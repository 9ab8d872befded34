"""Labs side by side: each process tries chain after chain on one, and takes a new one after a failure."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import tempfile
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NoReturn

from tasks.core.plan_text import ShownPlan
from tasks.lab.layout import Topology
from tests.e2e.labs import Rig, make_sets, on_own_set, rigged
from tests.torture.mounting import alone_with_mounts, give_file_system, may_mount, take_file_system
from tests.torture.points import Case, Chain
from tests.torture.trial import Tried, Verdict, attempt

SPEED = 50.0
TOPOLOGY = Topology(members=1, pairs=1, speed=SPEED)


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    pipe: Connection
    at: Chain  # what it tries, or tried last


def planned_steps(strategies: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The ids of the steps of each strategy's migration, from the plans themselves."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="torture-") as place:
        os.chmod(place, 0o755)
        with rigged(Path(place), TOPOLOGY) as rig:
            on_own_set(rig)
            make_sets(rig)
            for strategy in strategies:
                text = rig.fab("plan", "--json", "--strategy", strategy).ok().stdout
                found[strategy] = tuple(step.id for step in ShownPlan.model_validate_json(text).plan.steps)
    return found


@contextmanager
def ready(place: Path) -> Iterator[Rig]:
    """A lab on user credentials, each node's data on a small file system of its own where that may be."""
    place.mkdir(parents=True, exist_ok=True)
    with rigged(place, TOPOLOGY) as rig:
        small = rig.lab.nodes if may_mount() else ()
        for node in small:
            give_file_system(node)
        try:
            on_own_set(rig)
            yield rig
        finally:
            for node in small:
                take_file_system(node)


def tried(
    chains: Iterable[Chain], *, number: int, report: Callable[[Verdict], None], altered: str = ""
) -> tuple[Verdict, ...]:
    """Every case of the chains, tried in so many processes; what has proven nothing is tried again, each alone."""
    todo = deque(chains)
    verdicts: list[Verdict] = []
    workers = [_employed(altered) for _ in range(min(number, len(todo)))]
    busy: dict[Connection, _Worker] = {}
    while todo or busy:
        for worker in workers:
            if todo and worker.pipe not in busy:
                worker.at = todo.popleft()
                worker.pipe.send(worker.at)
                busy[worker.pipe] = worker
        for pipe in wait(list(busy)):
            worker = busy.pop(pipe)  # type: ignore[call-overload] # of those that were given
            found = _answer(worker)
            if not worker.process.is_alive():
                workers[workers.index(worker)] = _employed(altered)
            todo.extendleft(_apart(found.again, worker.at))
            for verdict in found.verdicts:
                report(verdict)
            verdicts += found.verdicts
    _dismiss(workers)
    return tuple(verdicts)


def _dismiss(workers: Iterable[_Worker]) -> None:
    for worker in workers:
        worker.pipe.send(None)
        worker.process.join(60)


def _apart(again: tuple[Case, ...], chain: Chain) -> list[Chain]:
    """What a whole chain failed to prove is tried case by case; what it only did not come to, in one go."""
    if again and again[0] != chain.cases[0] and len(again) < len(chain.cases) - 1:
        return [Chain(again, chain.back)]
    return [Chain((case,), chain.back) for case in again]


def _answer(worker: _Worker) -> Tried:
    try:
        found = worker.pipe.recv()
        assert isinstance(found, Tried)
        return found
    except EOFError:
        worker.process.join(10)
        return _unjudged(worker.at, "the process that tried it has died")


def _unjudged(chain: Chain, problem: str, said: str = "") -> Tried:
    return Tried((Verdict(chain.cases[0], "", 0.0, problem, said),), chain.cases[1:], spoilt=True)


def _employed(altered: str) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs, altered))
    process.start()
    theirs.close()
    return _Worker(process, ours, Chain(()))


def work(orders: Connection, altered: str) -> None:
    """The life of a worker: chains in, what became of them out, until None comes in."""
    signal.signal(signal.SIGTERM, _leave)
    alone_with_mounts()
    place = Path(tempfile.mkdtemp(prefix="torture-"))
    place.chmod(0o755)
    chain: Chain | None = orders.recv()
    try:
        for number in range(1 << 30):
            if chain is None:
                return
            with ready(place / str(number)) as rig:
                chain = _until_spoilt(rig, orders, chain, altered)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _leave(*_: object) -> NoReturn:
    """Told to end: its lab goes first."""
    raise SystemExit(1)


def _until_spoilt(rig: Rig, orders: Connection, chain: Chain | None, altered: str) -> Chain | None:
    while chain is not None:
        found = _attempted(rig, chain, altered)
        orders.send(found)
        chain = orders.recv()
        if found.spoilt:
            break
    return chain


def _attempted(rig: Rig, chain: Chain, altered: str) -> Tried:
    try:
        return attempt(rig, chain, altered=altered)
    except Exception as error:  # noqa: BLE001 - the matrix goes on, and shows it
        text = f"the matrix itself failed: {type(error).__name__}: {error}"
        return _unjudged(chain, text, traceback.format_exc())
