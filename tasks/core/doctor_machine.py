"""Rules about this machine: versions, dependencies, the year, the directory of runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from tasks.core.dataclass import dataclass
from tasks.core.doctor import Row, noted, well, wrong

LEAST_PYTHON = (3, 11)
LEAST_OPENSSL = (1, 1, 1)  # TLS 1.3, and the acceptable CAs of a handshake
SANE_YEARS = range(2025, 2100)  # outside, the clock was never set: certificates would be judged by it
# What the tool cannot start without; what those need is asked of their own metadata.
NEEDED = (
    "cryptography",
    "fabric",
    "invoke",
    "paramiko",
    "pydantic",
    "pyopenssl",
    "requests",
    "rich",
    "ruamel-yaml",
)
LEAST_FREE_BYTES = 10_000_000  # a run writes its journal, its plan and its samples
FEW_FREE_BYTES = 200_000_000

_INSTALL = ".venv/bin/python -m pip install --require-hashes -r requirements.txt"
_PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)", re.MULTILINE)
_REQUIREMENT = re.compile(r"[A-Za-z0-9][\w.-]*")


def plain(name: str) -> str:
    """A package's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def python_row(version: tuple[int, ...], *, executable: str) -> Row:
    text = f"{'.'.join(map(str, version[:3]))}, {executable}"
    if version[:2] >= LEAST_PYTHON:
        return well("Python", "", text)
    return wrong(
        "Python", "", f"{text}: wanted 3.11 or newer", remedy="install python3.11, then: sh .ci/setup"
    )


def openssl_row(user: str, text: str) -> Row:
    """Of Python's own `ssl`, or of the one inside `cryptography`, which makes the handshakes here."""
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", text)
    if found is None:
        return noted("OpenSSL", user, f"{text}: no OpenSSL version")
    if tuple(map(int, found.groups())) >= LEAST_OPENSSL:
        return well("OpenSSL", user, text)
    remedy = "a Python (or a package `cryptography`) that is built with a newer OpenSSL"
    return wrong("OpenSSL", user, f"{text}: wanted 1.1.1 or newer, for TLS 1.3", remedy=remedy)


def pins(requirements: str) -> Mapping[str, frozenset[str]]:
    """The versions that requirements.txt allows, by package; several where they depend on the Python."""
    found: dict[str, frozenset[str]] = {}
    for name, version in _PIN.findall(requirements):
        found[plain(name)] = found.get(plain(name), frozenset()) | {version}
    return found


def needed(requires: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """What the tool needs to run, with what that needs in turn.

    Args:
        requires: By installed package, its requirements as its metadata words them.
    """
    found: set[str] = set()
    left = list(NEEDED)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += [_required(text) for text in requires.get(name, ()) if ";" not in text]
    return frozenset(found)


def _required(text: str) -> str:
    found = _REQUIREMENT.match(text)
    return plain(found[0]) if found else ""


def dependency_rows(
    installed: Mapping[str, str], pinned: Mapping[str, frozenset[str]] | None, *, wanted: frozenset[str]
) -> Iterator[Row]:
    """Installed against pinned; pinned is None where no requirements.txt is there."""
    missing = sorted(name for name in wanted if name not in installed)
    for name in missing:
        yield wrong("package", name, "not installed, and the tool needs it", remedy=_INSTALL)
    if pinned is None:
        text = "no requirements.txt beside the tool: versions are not compared"
        yield noted("package", f"{len(wanted) - len(missing)} packages", text)
        return
    others = {n: v for n, v in installed.items() if n in wanted and n in pinned and v not in pinned[n]}
    for name, version in sorted(others.items()):
        text = f"{version} is installed, {' or '.join(sorted(pinned[name]))} is pinned"
        yield noted("package", name, text, remedy=_INSTALL)
    same = sum(1 for name in wanted if name in installed and name in pinned and name not in others)
    yield well("package", f"{same} packages", "as pinned in requirements.txt")


def year_row(now: datetime) -> Row:
    text = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if now.year in SANE_YEARS:
        return well("clock", "", text)
    remedy = "set the clock (timedatectl, chronyc makestep) before certificates are judged by it"
    return wrong("clock", "", f"{text}: not a year to be in", remedy=remedy)


@dataclass(frozen=True, slots=True)
class RunsPlace:
    """Where a cluster's runs are written.

    Args:
        nearest: The directory itself, or the nearest one above it that exists.
        free_bytes: For this user; None where it cannot be seen.
    """

    path: str
    nearest: str
    writable: bool
    free_bytes: int | None


def runs_row(cluster: str, place: RunsPlace) -> Row:
    """A run that cannot write its journal does not begin, or stops."""
    here = place.path if place.path == place.nearest else f"{place.path} (made by the first run)"
    if not place.writable:
        text = f"{place.nearest} cannot be written by this user, so that there can be no {place.path}"
        return wrong("runs", cluster, text, remedy=f"ls -ld {place.nearest}; runs lie beside the inventory")
    if place.free_bytes is None:
        return noted("runs", cluster, f"{here}: writable; its free space cannot be seen")
    text = f"{here}: writable, {place.free_bytes // 1_000_000} MB free"
    if place.free_bytes < LEAST_FREE_BYTES:
        return wrong("runs", cluster, text, remedy=f"make room: df -h {place.nearest}")
    if place.free_bytes < FEW_FREE_BYTES:
        return noted("runs", cluster, text, remedy=f"make room in time: df -h {place.nearest}")
    return well("runs", cluster, text)
