"""The two files that are made: `fab`, which runs, and the wheelhouse. The same input gives the same bytes."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import time
import zipfile
from pathlib import Path

from bundle.pins import Pin
from bundle.site import RELEASE, Release
from bundle.wheels import Tree

HERE = Path(__file__).resolve().parent


def write_fab(path: Path, tree: Tree, release: Release) -> None:
    """One executable file: start.sh, then a zip archive of start.py and the tree."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        at = time.gmtime(release.epoch)[:6]
        _put(archive, "__main__.py", (HERE / "start.py").read_bytes(), at)
        for name, content in sorted({**tree, RELEASE: _record(release)}.items()):
            _put(archive, f"site/{name}", content, at)
    _write(path, _header(release) + packed.getvalue(), mode=0o755)


def _put(archive: zipfile.ZipFile, name: str, content: bytes, at: tuple[int, ...]) -> None:
    year, month, day, hour, minute, second = at
    about = zipfile.ZipInfo(name, (year, month, day, hour, minute, second))
    about.external_attr = 0o100644 << 16
    archive.writestr(about, content, zipfile.ZIP_DEFLATED, 9)


def _header(release: Release) -> bytes:
    newest_first = " ".join(f"python{version}" for version in reversed(release.pythons))
    text = (HERE / "start.sh").read_text()
    return text.replace("@CANDIDATES@", newest_first).replace("@PYTHONS@", " ".join(release.pythons)).encode()


def write_wheelhouse(
    path: Path, ours: Tree, pins: tuple[Pin, ...], wheels: tuple[Path, ...], release: Release
) -> None:
    """A tar file of one directory: install.sh, requirements.txt with hashes, wheels, and our files."""
    files = {
        "install.sh": (HERE / "install.sh").read_bytes(),
        "requirements.txt": "".join(pin.line() for pin in pins).encode(),
        **{f"wheels/{wheel.name}": wheel.read_bytes() for wheel in wheels},
        **{f"tree/{name}": content for name, content in {**ours, RELEASE: _record(release)}.items()},
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in sorted(files.items()):
            about = tarfile.TarInfo(f"{release.title}/{name}")
            about.size, about.mtime = len(content), release.epoch
            about.mode = 0o755 if name == "install.sh" else 0o644
            archive.addfile(about, io.BytesIO(content))
    _write(path, gzip.compress(packed.getvalue(), mtime=release.epoch), mode=0o644)


def _record(release: Release) -> bytes:
    return (json.dumps(release.record(), indent=2) + "\n").encode()


def _write(path: Path, content: bytes, *, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content)
    beside.chmod(mode)
    beside.replace(path)
