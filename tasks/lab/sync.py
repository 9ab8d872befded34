"""The certificate tree of a pair: packed on the primary, put in place of the standby's whole tree."""

from __future__ import annotations

import base64
import io
import os
import shutil
import tarfile
from pathlib import Path


def pack(tree: Path) -> str:
    """The tree as base64 of a tar; what the service user cannot read is left out."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path in sorted(tree.rglob("*")):
            if path.is_symlink() or path.is_dir() or os.access(path, os.R_OK):
                archive.add(path, arcname=str(path.relative_to(tree)), recursive=False)
    return base64.b64encode(buffer.getvalue()).decode()


def replace(tree: Path, packed: str) -> None:
    """Put the packed tree in the place of the one that is there; its own mode stays.

    Raises:
        OSError: The service user may not write beside the tree.
    """
    fresh, old = (tree.with_name(f".{tree.name}.{suffix}") for suffix in ("new", "old"))
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(packed))) as archive:
        # An attribute and no argument: Python 3.11 before 3.11.4, Debian 12's own, knows no filters.
        archive.extraction_filter = getattr(tarfile, "tar_filter", None)
        archive.extractall(fresh)
    fresh.chmod(tree.stat().st_mode & 0o7777)
    os.replace(tree, old)
    os.replace(fresh, tree)
    shutil.rmtree(old, ignore_errors=True)
