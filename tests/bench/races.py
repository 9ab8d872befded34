"""The parts in which the tool runs against others on the same nodes, and what a start costs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench import peers
from tests.bench.clocking import Contestant, Times, race, ratio
from tests.bench.nodes import PROJECT, bench_site
from tests.bench.rows import Row

PEAK_MB, MOST_THREADS = (
    150.0,
    128,
)  # of each worker of the pool: itself, one beside it, and what its streams need
_STARTS = 3  # as many rounds of what takes a second or less


@dataclass(frozen=True, slots=True)
class Course:
    """How the parts are run: where, on how many nodes, how often, and whom they tell."""

    place: Path
    nodes: tuple[int, ...]
    rounds: int
    tell: Callable[[str], None]

    def site(self, part: str, number: int) -> Path:
        return self.place / f"{part}-{number}"

    def race(self, contestants: tuple[Contestant, ...], *, times: int = 1) -> tuple[Times, ...]:
        return race(contestants, rounds=self.rounds * times, tell=self.tell)


def status(course: Course) -> Iterator[Row]:
    """`fab status`, cold, against one REST question per node by others; its memory and threads."""
    for number in course.nodes:
        with bench_site(course.site("status", number), number) as site:
            course.tell(f"status, {number} nodes")
            own, *others = course.race(peers.looks(site))
            yield from _compared("status", number, own, others, least={"ansible": 5.0, "xargs ssh curl": 1.0})
        if own.runs:
            yield _below("status", "peak memory of fab status", number, own.peak_mb, "MB", PEAK_MB)
            yield _below("status", "threads of fab status", number, own.threads, "", MOST_THREADS)


def place(course: Course) -> Iterator[Row]:
    """`fab credentials.place` against what else puts three files on every node."""
    for number in course.nodes:
        with bench_site(course.site("place", number), number) as site:
            course.tell(f"place, {number} nodes")
            own, *others = course.race(peers.places(site))
            yield from _compared("place", number, own, others, least={"ansible-playbook": 5.0})


def start(course: Course) -> Iterator[Row]:
    """`fab --list` and `fab --help status` against bare Fabric's `fab --version`."""
    nowhere = course.place / "nowhere"
    nowhere.mkdir(exist_ok=True)
    program = str(peers.FAB)
    bare = Contestant("fab --version, bare", ("sh", "-c", f"cd '{nowhere}' && exec '{program}' --version"))
    asked = (("--list",), ("--help", "status"))
    own = tuple(
        Contestant(f"fab {' '.join(words)}", (program, "-r", str(PROJECT), *words)) for words in asked
    )
    first, *others = course.race((bare, *own), times=_STARTS)
    yield Row("start", first.name, value=first.median_s if first.runs else None, note=first.why_not)
    for each in others:
        found = ratio(each, first)
        met = None if found is None else found <= 1.3
        value = each.median_s if each.runs else None
        yield Row("start", each.name, 0, value, "s", found, "at most 1.3", met, each.why_not)
    for words in asked:
        yield _imported(words)


def _imported(words: tuple[str, ...]) -> Row:
    """By -X importtime."""
    argv = (sys.executable, "-X", "importtime", str(peers.FAB), "-r", str(PROJECT), *words)
    found = peers.imported(argv)
    own = [name for name in found if name.startswith("tasks.")]
    return Row(
        "start",
        f"modules imported by fab {' '.join(words)}",
        value=len(found),
        unit="",
        note=f"{len(own)} of them the tool's; {sum(found.values()):.2f} s in all",
    )


def _compared(
    part: str, number: int, own: Times, others: list[Times], *, least: dict[str, float]
) -> Iterator[Row]:
    yield Row(part, own.name, number, own.median_s if own.runs else None, note=own.why_not)
    for each in others:
        found, wanted = ratio(own, each), least.get(each.name)
        goal = "" if wanted is None else "at most 1" if wanted == 1 else f"at most 1/{wanted:g}"
        met = None if wanted is None or found is None else found <= 1 / wanted
        value = each.median_s if each.runs else None
        yield Row(part, each.name, number, value, "s", found, goal, met, each.why_not)


def _below(part: str, what: str, number: int, value: float, unit: str, most: float) -> Row:
    return Row(part, what, number, value, unit, None, f"below {most:g} {unit}".rstrip(), value < most)
