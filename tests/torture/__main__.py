"""The fault matrix, `make torture`: every fault at every step; see docs/faults.md, which a whole one writes."""

from __future__ import annotations

import argparse
import re
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.e2e.labs import PROJECT
from tests.torture.faults import STRIKES
from tests.torture.mounting import may_mount
from tests.torture.points import CHAINS, STRATEGIES, Fault, cases_of, chains_of, points_of
from tests.torture.table import Found, Sort, page
from tests.torture.trial import Verdict
from tests.torture.workers import planned_steps, tried

PAGE = PROJECT / "docs" / "faults.md"


@dataclass(slots=True)
class Notes:
    """Says what becomes of each case, and keeps what the tool said where one does not survive."""

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="torture-kept-")))

    def report(self, verdict: Verdict) -> None:
        end, mark = (verdict.problem, "FAILED") if verdict.problem else (verdict.how, "survived")
        say(f"{mark:8} {verdict.case}: {end} ({verdict.took_s:.0f} s)")
        if verdict.problem:
            path = self.folder / re.sub(r"[^a-z0-9@-]+", "_", str(verdict.case))
            path.write_text(f"{verdict.case}\n{verdict.problem}\n\n{verdict.said}\n")
            say(f"         what was said: {path}")


def main() -> int:
    options = _options()
    began = time.monotonic()
    points = [
        p for s, ids in planned_steps(STRATEGIES).items() for p in points_of(s, ids) if options.at(str(p))
    ]
    skipped = frozenset(() if may_mount() else {Fault.DISK_FULL})
    cases = cases_of((f for f in options.faults if f not in skipped), points)
    verdicts = tried(chains_of(cases, number=options.chains), number=options.workers, report=Notes().report)
    ends = {verdict.case: "" if verdict.problem else verdict.how for verdict in verdicts}
    survived = sum(map(bool, ends.values()))
    if options.is_whole:
        _write(Found(points, ends, skipped, f"{datetime.now(UTC):%F}", _versions()))
    for fault in sorted(skipped.intersection(options.faults)):
        number = len(cases_of((fault,), points))
        say(f"skipped: {number} of {fault}: needs CAP_SYS_ADMIN, to mount a small file system")
    say(f"asked for: {len(cases)} in {time.monotonic() - began:.0f} s")
    say(f"injected: {len(verdicts)}, survived: {survived}")
    return 0 if survived == len(verdicts) == len(ends) == len(cases) else 1


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


@dataclass(frozen=True, slots=True)
class Options:
    faults: Sequence[Fault]
    steps: str
    workers: int
    chains: int

    def at(self, point: str) -> bool:
        return re.search(self.steps, point) is not None

    @property
    def is_whole(self) -> bool:
        return len(self.faults) == len(Fault) and not self.steps


def _options() -> Options:
    parser = argparse.ArgumentParser(prog="torture", description=__doc__)
    parser.add_argument("--only", action="append", choices=list(Fault), help="this fault; may be repeated")
    parser.add_argument(
        "--steps", default="", help="the points that this pattern is found in: 'overlap swap'"
    )
    parser.add_argument("--workers", type=int, default=2, help="labs side by side (default: 2)")
    parser.add_argument("--chains", type=int, default=CHAINS, help="migrations per fault and strategy (6)")
    given = parser.parse_args()
    faults = tuple(fault for fault in Fault if not given.only or fault in given.only)
    return Options(faults, given.steps, given.workers, given.chains)


def _write(found: Found) -> None:
    sorts: Mapping[Fault, Sort] = {
        fault: Sort(strike.what, strike.by_hand) for fault, strike in STRIKES.items()
    }
    PAGE.write_text(page(found, sorts))
    say(f"written: {PAGE.relative_to(PROJECT)}")


def _versions() -> tuple[str, ...]:
    sshd = subprocess.run(("ssh", "-V"), capture_output=True, text=True, check=True).stderr.split(",")[0]
    return (f"Python {sys.version.split()[0]}", sshd, ssl.OPENSSL_VERSION.rsplit(" ", 3)[0])


if __name__ == "__main__":
    sys.exit(main())
