"""A file that an operator asked for, written whole or not at all, and for its owner alone."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tasks.core.errors import UsageError


def write_private(path: Path, text: str) -> Path:
    """Write it, 0600, in the place of what was there.

    Returns:
        Where it is, from the root on.

    Raises:
        UsageError: It cannot be written there.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with open(handle, "w", encoding="utf-8") as part:
                part.write(text)
                part.flush()
                os.fsync(part.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror}",
            remedy=f"name another file, or: ls -ld {path.parent}",
        ) from error
    return path.resolve()
