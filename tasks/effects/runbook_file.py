"""The file of `fab plan --runbook FILE`: nobody else's is overwritten, and it is never there in part."""

from __future__ import annotations

import os
from pathlib import Path

from tasks.core.errors import UsageError
from tasks.core.runbook import is_ours
from tasks.effects.credential_files import local_error
from tasks.effects.page_file import write_private


def refuse_unfit(path: Path) -> None:
    """Raises UsageError where no runbook can be, or something lies there that is none."""
    try:
        problem, remedy = _unfit(path)
    except OSError as error:
        raise local_error("look at", path, error) from error
    if problem:
        raise UsageError(f"--runbook {path}: {problem}", remedy=remedy)


def _unfit(path: Path) -> tuple[str, str]:
    """What is wrong with it, and what to do; "" if nothing is."""
    again = "fab plan --runbook FILE.md, in a folder that is there"
    if path.is_dir():
        return "it is a folder", f"name a file in it: fab plan --runbook {path}/RUNBOOK.md"
    if not path.parent.is_dir():
        return f"{path.parent} is no folder", again
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return f"{path.parent} may not be written to", again
    if os.path.lexists(path) and (path.is_symlink() or not path.is_file() or not is_ours(_first_line(path))):
        remedy = f"another name, or move it away: mv {path} {path}.old"
        return "what lies there is no runbook, and is not overwritten", remedy
    return "", ""


def _first_line(path: Path) -> str:
    with path.open("rb") as file:
        return file.readline(1000).decode("utf-8", "replace")


def write(path: Path, text: str) -> None:
    """The whole text at once, for its owner alone, or what was there before. Raises UsageError."""
    write_private(path, text)
