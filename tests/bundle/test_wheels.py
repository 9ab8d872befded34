"""Wheels for several Pythons in one tree, unless that would lose something."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from bundle.wheels import merged


def wheel(place: Path, name: str, **files: str) -> Path:
    path = place / f"{name}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, content in files.items():
            archive.writestr(file.replace("__", "/"), content)
    return path


def test_compiled_modules_of_two_pythons_lie_side_by_side(tmp_path: Path) -> None:
    first = wheel(
        tmp_path, "a-1-cp311", **{"a__m.py": "x", "a__f.cpython-311.so": "1", "a-1.dist-info__WHEEL": "1"}
    )
    other = wheel(
        tmp_path, "a-1-cp312", **{"a__m.py": "x", "a__f.cpython-312.so": "2", "a-1.dist-info__WHEEL": "2"}
    )
    tree = merged((first, other))
    assert sorted(tree) == ["a-1.dist-info/WHEEL", "a/f.cpython-311.so", "a/f.cpython-312.so", "a/m.py"]


def test_a_module_that_differs_between_them_is_refused(tmp_path: Path) -> None:
    first, other = wheel(tmp_path, "a-cp311", a__m="x"), wheel(tmp_path, "a-cp312", a__m="y")
    with pytest.raises(ValueError, match=r"a-cp312\.whl has another a/m than a wheel before it"):
        merged((first, other))


def test_two_versions_of_a_package_are_refused(tmp_path: Path) -> None:
    first = wheel(tmp_path, "a-cp311", **{"a.dist-info__METADATA": "1"})
    other = wheel(tmp_path, "a-cp312", **{"a.dist-info__METADATA": "2"})
    with pytest.raises(ValueError, match=r"has another a\.dist-info/METADATA"):
        merged((first, other))


def test_a_wheel_with_more_than_modules_is_refused(tmp_path: Path) -> None:
    odd = wheel(tmp_path, "a", **{"a-1.data__scripts__run": "x"})
    with pytest.raises(ValueError, match=r"a\.whl has a-1\.data/scripts/run"):
        merged((odd,))
