"""`fab runs.verify`: whether a run's record is what was written; from its directory alone, no node is asked."""

from __future__ import annotations

import re
from pathlib import Path

from tasks.core.errors import RecordAltered, UsageError
from tasks.core.json_text import json_text
from tasks.core.model import Cluster
from tasks.core.verification import SHORTEST_MARK, Kept, Verification, verification_lines, verified
from tasks.effects.console import say
from tasks.effects.record import DAMAGED, fingerprints
from tasks.effects.run_folders import JOURNAL, PLAN
from tasks.effects.sampling import sampled


def verify_run(cluster: Cluster, run: str, *, mark: str = "", json_wanted: bool = False) -> None:
    """Say what the record proves.

    Args:
        run: Its id; "" for the newest.
        mark: A chain value that was noted elsewhere, or its beginning; "" for none.

    Raises:
        UsageError: There is no such run on this machine, or no chain value looks like that.
        RecordAltered: It is not what was written; the lines are shown.
    """
    if mark and not re.fullmatch(rf"[0-9a-f]{{{SHORTEST_MARK},64}}", mark):
        text = f"--chain {mark}: a chain value has 64 digits of 0-9a-f; {SHORTEST_MARK} of them are enough"
        raise UsageError(text, remedy="the run's report and its last line name it")
    directory = _chosen(cluster.runs_dir, run)
    found = verification(directory, mark=mark)
    if json_wanted:
        say(json_text(found), verbatim=True)
    else:
        for line in verification_lines(directory.name, found):
            say(line)
    if found.state == "altered":
        raise RecordAltered(
            f"the record of run {directory.name} is not what was written: {_first(found)}",
            remedy=f"keep {directory} as it is, and ask who was there; what the nodes run with: fab status",
        )


def verification(directory: Path, *, mark: str = "") -> Verification:
    """What the files in a run's directory prove."""
    damaged = directory / f"{Path(JOURNAL).stem}{DAMAGED}"
    return verified(
        Kept(
            journal=_bytes(directory / JOURNAL),
            plans=fingerprints(directory),
            samples=sampled(directory),
            set_aside=len(_bytes(damaged).splitlines()),
            later=directory.name < max(path.name for path in _directories(directory.parent)),
            mark=mark,
        )
    )


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _directories(runs_dir: Path) -> list[Path]:
    """Those of runs, whole or not, oldest first."""
    files = (path for name in (PLAN, JOURNAL) for path in runs_dir.glob(f"*/{name}"))
    return sorted({path.parent for path in files})


def _chosen(runs_dir: Path, run: str) -> Path:
    known = _directories(runs_dir)
    chosen = [path for path in known if run in ("", path.name)][-1:]
    if not chosen:
        what = f"run {run}" if run else "run"
        raise UsageError(f"there is no {what} in {runs_dir}", remedy="fab runs.list names those there are")
    return chosen[0]


def _first(found: Verification) -> str:
    one, more = found.alterations[0], len(found.alterations) - 1
    where = f"line {one.line}: " if one.line else ""
    return f"{where}{one.problem}" + (f"; and {more} more" if more else "")
