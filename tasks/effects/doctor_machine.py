"""What `fab doctor` looks at on this machine; nothing is changed, and no file of credentials is opened."""

from __future__ import annotations

import os
import shutil
import ssl
import sys
import tomllib
from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import distributions
from pathlib import Path

from cryptography.hazmat.backends.openssl.backend import backend

from tasks.core.doctor import Row, noted, well
from tasks.core.doctor_machine import (
    RunsPlace,
    dependency_rows,
    needed,
    openssl_row,
    pins,
    plain,
    python_row,
    runs_row,
    year_row,
)
from tasks.core.model import Cluster

HOME = Path(__file__).resolve().parents[2]  # the tool's own directory


def machine_rows(now: datetime, *, home: Path = HOME) -> Iterator[Row]:
    """Versions, dependencies, the clock."""
    yield _tool(home)
    yield python_row(tuple(sys.version_info[:3]), executable=sys.executable)
    yield openssl_row("Python's ssl", ssl.OPENSSL_VERSION)
    yield openssl_row("cryptography", backend.openssl_version_text())
    yield from _dependencies(home / "requirements.txt")
    yield year_row(now)


def _tool(home: Path) -> Row:
    try:
        project = tomllib.loads((home / "pyproject.toml").read_text())["project"]
    except (OSError, ValueError, KeyError):
        return noted("tool", "", f"its version is not known: no pyproject.toml in {home}")
    return well("tool", "", f"{project['name']} {project['version']}, {home}")


def _dependencies(requirements: Path) -> Iterator[Row]:
    installed: dict[str, str] = {}
    requires: dict[str, list[str]] = {}
    for each in distributions():
        name = plain(each.metadata["Name"] or "")
        if name not in installed:  # the first of the path is what is imported
            installed[name], requires[name] = each.version, each.requires or []
    try:
        pinned = pins(requirements.read_text())
    except (OSError, ValueError):
        pinned = None
    return dependency_rows(installed, pinned, wanted=needed(requires))


def runs_rows(cluster: Cluster) -> Row:
    nearest = cluster.runs_dir
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    writable = nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
    place = RunsPlace(str(cluster.runs_dir), str(nearest), writable, _free_bytes(nearest))
    return runs_row(cluster.key, place)


def _free_bytes(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None
