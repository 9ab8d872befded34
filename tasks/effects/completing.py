"""Answers a shell that completes a command line: fast, without asking any node, silent whatever is wrong.

Run by the scripts of `fab completion`, without Fabric: importing that alone would take longer than all of this.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from tasks.core.completing import (
    Kind,
    Line,
    Tasks,
    TaskWords,
    fitting,
    names_for,
    read_line,
    wanted,
    words_for,
)
from tasks.core.inventory_names import ClusterNames, names_in

HOME = Path(__file__).resolve().parents[2]  # the tool's own directory
_TABLE = HOME / "tasks" / "options.json"
_LARGEST_BYTES = 1_000_000
_OF_NAMES = (Kind.CLUSTER, Kind.MEMBER, Kind.PAIR, Kind.NODE)


def main() -> None:
    """Print what may stand in the place of the last word, one a line.

    The first argument is "value" where the shell splits `--cluster=x` at the sign, as bash does; "whole" where it
    does not.
    """
    with suppress(OSError, ValueError, LookupError):
        shape, *words = sys.argv[1:]
        found = complete(words) if shape == "whole" else complete(_joined(words), value_only=True)
        sys.stdout.write("".join(f"{each}\n" for each in found))


def complete(words: Sequence[str], *, value_only: bool = False, cwd: Path | None = None) -> tuple[str, ...]:
    """What may stand in the place of the last of the words, which follow `fab`; nothing for another project's.

    Args:
        value_only: Of "--cluster=x" the shell wants what follows the sign.
    """
    if not _is_ours(cwd or Path.cwd()):
        return ()
    tasks = _tasks()
    *before, typed = words or ("",)
    option, equals, value = typed.partition("=")
    if typed.startswith("-") and equals:
        line = read_line([*before, option], tasks)
        head = "" if value_only else f"{option}="
        return tuple(f"{head}{each}" for each in fitting(_candidates(line, value, tasks), value))
    return fitting(_candidates(read_line(before, tasks), typed, tasks), typed)


def _joined(words: Sequence[str]) -> list[str]:
    """What bash has split at "=": --cluster = x."""
    found: list[str] = []
    for word in words:
        if found and (word == "=" or found[-1].endswith("=")) and found[-1].startswith("--"):
            found[-1] += word
        else:
            found.append(word)
    return found


def _candidates(line: Line, typed: str, tasks: Tasks) -> tuple[str, ...]:
    kind = wanted(line, typed)
    if kind in _OF_NAMES:
        return names_for(line, kind, _clusters(line))
    if kind is Kind.RUN:
        return _below(line, "*/plan.json", lambda path: path.parent.name)
    if kind is Kind.PLAN:
        return _below(line, "plans/*.json", lambda path: path.stem)
    return words_for(line, kind, tasks)


def _tasks() -> Tasks:
    table = json.loads(_TABLE.read_text())
    return {name: TaskWords(said["options"], tuple(said["words"])) for name, said in table.items()}


def _inventory(line: Line) -> Path:
    """By the same rules as the tasks; those of a lab have its own."""
    if line.task.startswith("lab."):
        return Path(line.given.get("--dir", ".lab")) / "inventory.yaml"
    named = line.given.get("--inventory") or os.environ.get("AMLEN_INVENTORY") or "inventory.yaml"
    return Path(named).expanduser()


def _clusters(line: Line) -> tuple[ClusterNames, ...]:
    with _inventory(line).open("rb") as stream:
        return names_in(stream.read(_LARGEST_BYTES).decode("utf-8-sig", "replace"))


def _is_ours(folder: Path) -> bool:
    """Whether `fab` would work with our tasks there: it takes the nearest fabfile upwards."""
    if (HOME / "release.json").exists():  # of a bundle: its tasks are there from everywhere
        return True
    ours = HOME / "fabfile.py"
    for each in (folder, *folder.parents):
        if (each / "fabfile.py").exists():
            return ours.exists() and ours.samefile(each / "fabfile.py")
        if (each / "fabfile").is_dir():
            return False
    return True


def _below(line: Line, pattern: str, name: Callable[[Path], str]) -> tuple[str, ...]:
    """Of the runs beside the inventory, newest first."""
    runs = _inventory(line).parent / "runs"
    cluster = line.given.get("--cluster", "*")
    return tuple(sorted({name(path) for path in runs.glob(f"{cluster}/{pattern}")}, reverse=True))
