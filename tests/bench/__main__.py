"""`make bench`: how fast the tool is, beside what else one would take; writes docs/benchmarks.json and .md.

BENCH="status place" selects parts, BENCH="--quick" takes few nodes and few runs: under three minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from tasks.core.errors import OperatorError
from tests.bench import growth, latency, migration, peers, races
from tests.bench.nodes import PROJECT
from tests.bench.races import Course
from tests.bench.rows import Results, Row, lines, page

DATA, PAGE = PROJECT / "docs" / "benchmarks.json", PROJECT / "docs" / "benchmarks.md"
PARTS: Mapping[str, Callable[[Course], Iterable[Row]]] = {
    "start": races.start,
    "status": races.status,
    "place": races.place,
    "migrate": migration.migrate,
    "latency": latency.latency,
    "growth": growth.growth,
}
_PEERS_IN = {"status", "place"}


def main() -> int:
    options = _options()
    parts = tuple(options.parts) or tuple(PARTS)
    if _PEERS_IN.intersection(parts):
        say("installing the peers into .bench-venv")
        peers.install(say)
    place = Path(tempfile.mkdtemp(prefix="amlen-bench-", dir="/var/tmp"))
    course = Course(place, tuple(options.nodes), options.rounds, say)
    began = time.monotonic()
    try:
        rows = tuple(row for part in parts for row in _run(part, course))
    finally:
        shutil.rmtree(place, ignore_errors=True)
    results = Results(f"{datetime.now(UTC):%F}", _machine(), peers.versions(), options.rounds, rows)
    for line in lines(rows):
        say(line)
    say(
        f"{len(rows)} rows in {time.monotonic() - began:.0f} s; goals missed: {sum(r.met is False for r in rows)}"
    )
    if not options.quick:
        _keep(results, parts)
    return 0


def _run(part: str, course: Course) -> tuple[Row, ...]:
    """One part's rows; a part that breaks has one that says so, and the others go on."""
    found: list[Row] = []
    try:
        found.extend(PARTS[part](course))
    except (OperatorError, AssertionError, OSError) as error:
        found.append(Row(part, "broke off", note=f"{type(error).__name__}: {error}".replace("\n", " ")[:300]))
    return tuple(found)


def _keep(results: Results, parts: Iterable[str]) -> None:
    """Write both files; parts that were not run stay as they were."""
    kept: tuple[Row, ...] = ()
    if DATA.exists():
        before = Results.of(json.loads(DATA.read_text()))
        kept = tuple(row for row in before.rows if row.part not in parts)
    order = list(PARTS)
    rows = tuple(sorted((*kept, *results.rows), key=lambda row: order.index(row.part)))
    whole = Results(results.at, results.machine, results.versions, results.rounds, rows)
    DATA.write_text(json.dumps(whole.data(), indent=1, ensure_ascii=False) + "\n")
    PAGE.write_text(page(whole))
    say(f"written: {DATA.relative_to(PROJECT)}, {PAGE.relative_to(PROJECT)}")


def _machine() -> dict[str, str]:
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    load = os.getloadavg()[0]
    return {
        "processors": f"{len(os.sched_getaffinity(0))} of {model}",
        "memory": f"{memory:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "load before": f"{load:.1f}",
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--nodes", type=int, nargs="+", default=[5, 20, 100])
    parser.add_argument("--rounds", type=int, default=5, help="runs of each that count (default: 5)")
    parser.add_argument("--quick", action="store_true", help="5 nodes, 2 runs; writes nothing")
    given = parser.parse_args()
    if given.quick:
        given.nodes, given.rounds = [5], 2
    return given


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
