"""A file that an operator asked for, written whole or not at all, and for its owner alone."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from tasks.core.errors import UsageError


def write_private(path: Path, text: str) -> Path:
    """Write it, 0600, in the place of what was there; a link is followed.

    Returns:
        Where it is, from the root on.

    Raises:
        UsageError: It cannot be written there; what is there and no file (a folder, a device) stays.
    """
    try:
        target = path.resolve()
        if target.exists() and not target.is_file():
            raise OSError(errno.EINVAL, "it is there and no file")
        beside = target.with_name(f".{target.name}.{os.getpid()}")
        _fill(beside, text)
        _rename(beside, target)
    except (OSError, RuntimeError) as error:  # the latter: links in a circle
        why = getattr(error, "strerror", None) or "its links lead in a circle"
        raise UsageError(
            f"{path} cannot be written: {why}", remedy=f"name another file, or: ls -ld {path.parent}"
        ) from error
    return target


def _rename(beside: Path, target: Path) -> None:
    try:
        beside.replace(target)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def _fill(beside: Path, text: str) -> None:
    with open(beside, "w", encoding="utf-8", opener=_private) as file:
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            beside.unlink(missing_ok=True)
            raise


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_EXCL, 0o600)
