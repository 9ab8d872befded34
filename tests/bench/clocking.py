"""Commands against each other: in turns, so that what slows the machine down slows all of them; medians, and ratios
pair by pair.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

LIMIT_S = 900.0
_LOOK_S = 0.02  # for threads


def _nothing() -> None:
    """Before most commands nothing has to be put back."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """One command line that is timed.

    Args:
        codes: The exit codes of one that did what was asked.
        feed: A file for its standard input; None for none.
        before: Put things back as they were; not timed.
        why_not: Why it takes no part; "" where it does.
    """

    name: str
    argv: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    codes: frozenset[int] = frozenset({0})
    feed: Path | None = None
    before: Callable[[], None] = _nothing
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Ran:
    """One run: seconds, and seconds of CPU with its children; peak memory and threads of the process alone."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    threads: int


@dataclass(frozen=True, slots=True)
class Times:
    """All runs of one contestant; `why_not` where there are none."""

    name: str
    runs: tuple[Ran, ...] = ()
    why_not: str = ""

    @property
    def median_s(self) -> float:
        return statistics.median(run.wall_s for run in self.runs)

    @property
    def cpu_s(self) -> float:
        return statistics.median(run.cpu_s for run in self.runs)

    @property
    def peak_mb(self) -> float:
        return max(run.peak_mb for run in self.runs)

    @property
    def threads(self) -> int:
        return max(run.threads for run in self.runs)


def ratio(ours: Times, theirs: Times) -> float | None:
    """The median of ours/theirs, each of one round; None where one of them took no part."""
    if not ours.runs or not theirs.runs:
        return None
    pairs = zip(ours.runs, theirs.runs, strict=True)
    return statistics.median(mine.wall_s / other.wall_s for mine, other in pairs)


def race(contestants: Sequence[Contestant], *, rounds: int, tell: Callable[[str], None]) -> tuple[Times, ...]:
    """Every contestant once per round, each round begun by another one; a first round for nothing warms caches.

    One that fails takes no further part.
    """
    out = {each.name: each.why_not for each in contestants}
    runs: dict[str, list[Ran]] = {each.name: [] for each in contestants}
    for turn in range(-1, rounds):
        at = turn % len(contestants)
        for each in (*contestants[at:], *contestants[:at]):
            if out[each.name]:
                continue
            try:
                ran = timed(each)
            except (AssertionError, OSError) as error:
                out[each.name] = str(error)[:300]
                tell(f"  {each.name}: {error}")
                continue
            if turn >= 0:
                runs[each.name].append(ran)
                tell(f"  round {turn + 1}: {each.name} {ran.wall_s:.2f} s")
    return tuple(
        Times(each.name, () if out[each.name] else tuple(runs[each.name]), out[each.name])
        for each in contestants
    )


def timed(contestant: Contestant) -> Ran:
    """Run it once.

    Raises:
        AssertionError: It did not do what was asked, or not within 15 minutes; with the end of what it said.
    """
    contestant.before()
    with tempfile.TemporaryFile() as said, open(contestant.feed or os.devnull, "rb") as feed:
        began = time.monotonic()
        process = subprocess.Popen(
            contestant.argv,
            stdin=feed,
            stdout=said,
            stderr=said,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", **contestant.environment},
        )
        with _watched(process) as seen:
            _, status, usage = os.wait4(process.pid, 0)
            wall_s = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        ended = f"{contestant.name}: exit {process.returncode}: {said.read()[-300:].decode(errors='replace')}"
        assert process.returncode in contestant.codes, ended
    peak_mb = max((kb for kb, _ in seen), default=0) / 1024
    threads = max((number for _, number in seen), default=1)
    return Ran(wall_s, usage.ru_utime + usage.ru_stime, peak_mb, threads)


@contextmanager
def _watched(process: subprocess.Popen[bytes]) -> Iterator[list[tuple[int, int]]]:
    """Its peak memory (KB; of itself alone) and its threads, looked at again and again; one that hangs is killed."""
    seen: list[tuple[int, int]] = []
    ended = threading.Event()

    def look() -> None:
        until = time.monotonic() + LIMIT_S
        while not ended.wait(_LOOK_S):
            with suppress(OSError, LookupError):  # it has ended
                lines = Path(f"/proc/{process.pid}/status").read_text().split("\n")
                facts = dict(line.split(":", 1) for line in lines if line)
                seen.append((int(facts["VmHWM"].split()[0]), int(facts["Threads"])))
            if time.monotonic() > until:
                os.kill(process.pid, signal.SIGKILL)
                return

    watching = threading.Thread(target=look, daemon=True)
    watching.start()
    try:
        yield seen
    finally:
        ended.set()
        watching.join()
