"""The pins of what is needed to run: the part of requirements.txt that requirements.in marks, with its hashes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_TESTS_BEGIN = "# What its tests and checks need."

Requires = Callable[[str], Iterable[str]]  # a package's name to what its metadata says that it needs


@dataclass(frozen=True, slots=True)
class Pin:
    """One package: `name==version`, and its hashes as pip's options."""

    name: str
    requirement: str
    hashes: tuple[str, ...]

    def line(self) -> str:
        return " \\\n    ".join((self.requirement, *self.hashes)) + "\n"


def runtime_pins(wanted: str, locked: str, *, requires: Requires, python: str) -> tuple[Pin, ...]:
    """The pins of the packages that are needed to run, and of all that they need.

    Args:
        wanted: The text of requirements.in.
        locked: The text of requirements.txt.
        requires: Is asked only for packages that `locked` pins.
        python: Whose pins they are where they differ, as "3.11".

    Raises:
        ValueError: A package of `wanted` is not locked, or the line that begins the tests' part is gone.
    """
    pins = _pins(locked, python=python)
    needed, todo = set[str](), list(_runtime(wanted))
    if missing := [name for name in todo if name not in pins]:
        raise ValueError(f"requirements.txt does not pin {', '.join(missing)}")
    while todo:
        name = todo.pop()
        if name in pins and name not in needed:
            needed.add(name)
            todo.extend(_plain(requires(name)))
    return tuple(pins[name] for name in sorted(needed))


def _runtime(wanted: str) -> list[str]:
    if _TESTS_BEGIN not in wanted:
        raise ValueError(f"requirements.in has no line {_TESTS_BEGIN!r}")
    lines = wanted.split(_TESTS_BEGIN)[0].splitlines()
    return [canonicalize_name(Requirement(line).name) for line in lines if line and not line.startswith("#")]


def _plain(required: Iterable[str]) -> list[str]:
    """Names without those of extras. What another platform needs is not locked, or has a marker there."""
    found = [Requirement(text) for text in required]
    return [canonicalize_name(one.name) for one in found if "extra ==" not in str(one.marker)]


def _pins(locked: str, *, python: str) -> dict[str, Pin]:
    """By name, without markers."""
    found: dict[str, Pin] = {}
    for line in locked.replace("\\\n", " ").splitlines():
        requirement, *hashes = re.split(r"\s+(?=--hash=)", line.strip())
        text, _, marker = (part.strip() for part in requirement.partition(";"))
        if text and not text.startswith("#") and (not marker or _applies(marker, python)):
            name = canonicalize_name(Requirement(text).name)
            found[name] = Pin(name, text, tuple(hashes))
    return found


def _applies(marker: str, python: str) -> bool:
    where = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux"}
    return Marker(marker).evaluate(where)
