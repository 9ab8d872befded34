"""The wheels of the pins, for several Pythons at once, and one tree of modules made of them."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

from bundle.pins import Pin

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
GLIBC = (2, 28)
# pip takes the platforms at their word, and not as "this or older".
_POLICIES = (*(f"manylinux_2_{minor}" for minor in range(GLIBC[1], 4, -1)), "manylinux2014", "manylinux1")

Tree = dict[str, bytes]  # by path


def fetch(pins: tuple[Pin, ...], place: Path, *, machine: str) -> tuple[Path, ...]:
    """Every wheel that some of PYTHONS needs, checked against the hashes; asks the package index.

    Raises:
        subprocess.CalledProcessError: pip has said why: not to be had, not a wheel, another hash.
    """
    _download(pins, place, python=PYTHONS[0], machine=machine)
    compiled = _per_python(place)
    for python in PYTHONS[1:]:
        some = tuple(pin for pin in pins if pin.name in compiled)
        _download(some, place, python=python, machine=machine)
    return tuple(sorted(place.glob("*.whl")))


def _per_python(place: Path) -> set[str]:
    """The packages whose wheels are for one Python only; of the others the first one's serves all."""
    tag = "cp" + PYTHONS[0].replace(".", "")
    return {
        path.name.split("-")[0].replace("_", "-")
        for path in place.glob("*.whl")
        if f"-{tag}-{tag}-" in path.name
    }


def _download(pins: tuple[Pin, ...], place: Path, *, python: str, machine: str) -> None:
    place.mkdir(parents=True, exist_ok=True)
    wanted = place / f"wanted-{python}.txt"
    wanted.write_text("".join(pin.line() for pin in pins))
    platforms = [f"--platform={policy}_{machine}" for policy in _POLICIES]
    options = (
        "-qq",
        "--disable-pip-version-check",
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
    )
    where = (f"--python-version={python}", *platforms, f"--dest={place}", f"--requirement={wanted}")
    subprocess.run((sys.executable, "-m", "pip", "download", *options, *where), check=True)
    wanted.unlink()


def merged(wheels: Iterable[Path]) -> Tree:
    """All of them in one tree of modules. Compiled ones carry their Python's tag in their name.

    Raises:
        ValueError: Two wheels hold different files of one name, or a wheel wants more than to be unpacked.
    """
    tree: Tree = {}
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for name in (name for name in archive.namelist() if not name.endswith("/")):
                _add(tree, name, archive.read(name), wheel.name)
    return tree


def _add(tree: Tree, name: str, content: bytes, wheel: str) -> None:
    folder, _, rest = name.partition("/")
    if folder.endswith(".data"):
        raise ValueError(f"{wheel} has {name}: it would have to be installed, not only unpacked")
    differs = tree.setdefault(name, content) != content
    if differs and (not folder.endswith(".dist-info") or rest == "METADATA"):
        raise ValueError(f"{wheel} has another {name} than a wheel before it")
