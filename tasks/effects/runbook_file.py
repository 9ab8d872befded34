"""The file of `fab plan --runbook FILE`: nobody else's is overwritten, and it is never there in part."""

from __future__ import annotations

import os
from pathlib import Path

from tasks.core.errors import UsageError
from tasks.core.runbook import is_ours
from tasks.effects.credential_files import local_error


def refuse_unfit(path: Path) -> None:
    """Raises UsageError where no runbook can be, or something lies there that is none."""
    again = "fab plan --runbook FILE.md, in a folder that is there, and a name that is free"
    if not path.parent.is_dir():
        raise UsageError(f"--runbook {path}: {path.parent} is no folder", remedy=again)
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise UsageError(f"--runbook {path}: {path.parent} may not be written to", remedy=again)
    if not os.path.lexists(path):
        return
    if not path.is_file() or path.is_symlink() or not is_ours(_first_line(path)):
        raise UsageError(
            f"--runbook {path}: what lies there is no runbook, and is not overwritten",
            remedy=f"another name, or move it away: mv {path} {path}.old",
        )


def _first_line(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.readline(1000).decode("utf-8", "replace")
    except OSError as error:
        raise local_error("read", path, error) from error


def write(path: Path, text: str) -> None:
    """The whole text at once, or what was there before. Raises OperatorError."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        try:
            with beside.open("x", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise local_error("write", path, error) from error
