"""What the bundle runs first: it unpacks itself, once, and begins there. The standard library only.

The archive's `__main__`. Written so that an older Python reads it, and is told.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
import tempfile
import zipfile
import zipimport
from typing import Any

ARCHIVE = os.path.dirname(os.path.abspath(__file__))
PLACE = "AMLEN_BUNDLE_DIR"


def fail(problem: str, remedy: str) -> None:
    """End as any command does that was started wrongly."""
    sys.stderr.write(f"{problem}\n  -> {remedy}\n")
    sys.exit(2)


def refuse_others(release: dict[str, Any]) -> None:
    """A Python, machine or C library for which its compiled parts were not made."""
    version = ".".join(map(str, sys.version_info[:2]))
    first, last = release["pythons"][0], release["pythons"][-1]
    if version not in release["pythons"]:
        fail(
            f"this Python is {version}; the bundle is for {first} to {last}",
            f"start it by another one: python{first} {ARCHIVE}",
        )
    machine = os.uname().machine
    if machine != release["machine"]:
        fail(
            f"this machine is {machine}; the bundle is for {release['machine']}",
            f"build another, where the package index can be reached: make bundle MACHINE={machine}",
        )
    if glibc() < tuple(release["glibc"]):
        wanted = ".".join(map(str, release["glibc"]))
        fail(
            f"the C library here is not glibc {wanted} or newer, which the bundle's compiled parts need",
            "use a machine with a newer distribution",
        )


def glibc() -> tuple[int, ...]:
    """Its version; () if it is another C library."""
    try:
        name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
    except (ValueError, OSError):
        return ()
    return tuple(int(part) for part in version.split(".")) if name == "glibc" else ()


def home() -> str:
    """Where this user's unpacked bundles lie."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.abspath(os.environ.get(PLACE) or os.path.join(cache, "amlen-cluster-tls"))


def unpacked(release: dict[str, Any]) -> str:
    """The directory with all modules; the first start of this build makes it."""
    place = os.path.join(home(), f"{release['version']}-{release['commit']}-{release['digest'][:12]}")
    try:
        if not os.path.isdir(place):
            unpack_to(place)
        found = os.stat(place)
    except (OSError, zipfile.BadZipFile) as error:
        fail(
            f"cannot unpack into {place}: {error}",
            f"it takes 80 MB there, or elsewhere: {PLACE}=DIRECTORY fab ...; a damaged bundle: copy it anew",
        )
    if found.st_uid not in (0, os.getuid()) or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        fail(
            f"{place} may have been changed by somebody else "
            f"(owner {found.st_uid}, mode {stat.S_IMODE(found.st_mode):04o})",
            f"unpack into a directory of your own: {PLACE}=DIRECTORY fab ...",
        )
    return place


def unpack_to(place: str) -> None:
    """It appears by a rename, whole or not at all; of two first starts at once one wins."""
    os.makedirs(os.path.dirname(place), exist_ok=True)
    beside = tempfile.mkdtemp(prefix=".unpacking-", dir=os.path.dirname(place))
    try:
        with zipfile.ZipFile(ARCHIVE) as archive:
            archive.extractall(beside, [name for name in archive.namelist() if name.startswith("site/")])
        os.rename(os.path.join(beside, "site"), place)
    except OSError:
        if not os.path.isdir(place):
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def main() -> None:
    os.umask(
        os.umask(0o022) | 0o022
    )  # also of what is compiled later: whoever could write it could run as we do
    release = json.loads(
        zipimport.zipimporter(ARCHIVE).get_data(os.path.join(ARCHIVE, "site", "release.json"))
    )
    refuse_others(release)
    try:
        place = unpacked(release)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.path[:] = [place, *(entry for entry in sys.path if os.path.abspath(entry or ".") != ARCHIVE)]
    from bundle.program import main as begin

    begin()


if __name__ == "__main__":
    main()
