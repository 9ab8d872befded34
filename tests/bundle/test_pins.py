"""What is needed to run, out of requirements.txt: all of it, with hashes, and nothing of the tests."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from pathlib import Path

import pytest
from bundle.pins import Pin, runtime_pins

ROOT = Path(__file__).parents[2]
MARK = "# What its tests and checks need.\n"
HASH = "--hash=sha256:" + "0" * 64


def pins_of(
    wanted: str, locked: str, *, python: str = "3.11", requires: Mapping[str, tuple[str, ...]] | None = None
) -> list[str]:
    known = requires or {}
    found = runtime_pins(wanted, locked, requires=lambda name: known.get(name, ()), python=python)
    return [pin.requirement for pin in found]


@pytest.fixture(scope="module")
def ours() -> tuple[Pin, ...]:
    return runtime_pins(
        (ROOT / "requirements.in").read_text(),
        (ROOT / "requirements.txt").read_text(),
        requires=lambda name: importlib.metadata.requires(name) or (),
        python="3.11",
    )


def test_ours_are_those_that_run_the_tool_and_what_they_need(ours: tuple[Pin, ...]) -> None:
    names = {pin.name for pin in ours}
    assert {"fabric", "paramiko", "pydantic-core", "cffi", "ruamel-yaml", "certifi", "wrapt"} <= names
    assert not {"pytest", "mypy", "ruff", "hypothesis", "trustme", "types-requests", "colorama"} & names


def test_each_of_ours_has_its_hashes_and_no_marker(ours: tuple[Pin, ...]) -> None:
    for pin in ours:
        assert pin.hashes
        assert all(one.startswith("--hash=sha256:") for one in pin.hashes)
        assert ";" not in pin.line()


def test_what_a_package_needs_comes_along_however_its_name_is_written() -> None:
    locked = f"a==1 {HASH}\nsome-b==2 {HASH}\nc==3 {HASH}\nd==4 {HASH}\n"
    needs = {"a": ("Some_B>=1",), "some-b": ("c[x]; python_version>'3'",)}
    found = pins_of(f"A==1\n{MARK}d==4\n", locked, requires=needs)
    assert found == ["a==1", "c==3", "some-b==2"]


def test_an_extra_that_nobody_asked_for_is_left_out() -> None:
    assert pins_of(
        f"a==1\n{MARK}", f"a==1 {HASH}\nb==2 {HASH}\n", requires={"a": ('b; extra == "speed"',)}
    ) == ["a==1"]


@pytest.mark.parametrize(("python", "wanted"), [("3.11", "a==1"), ("3.12", "a==2")])
def test_of_two_pins_the_one_for_that_python_is_taken(python: str, wanted: str) -> None:
    older, newer = (
        f"a=={n} ; python_full_version {than} '3.12' \\\n    {HASH}\n" for n, than in ((1, "<"), (2, ">="))
    )
    locked = older + newer
    assert pins_of(f"a\n{MARK}", locked, python=python) == [wanted]


def test_a_package_that_is_not_locked_is_named() -> None:
    with pytest.raises(ValueError, match=r"does not pin b$"):
        pins_of(f"a==1\nb==1\n{MARK}", f"a==1 {HASH}\n")


def test_without_the_line_that_begins_the_tests_part_nothing_is_guessed() -> None:
    with pytest.raises(ValueError, match=r"has no line '# What its tests and checks need\.'"):
        pins_of("a==1\n", f"a==1 {HASH}\n")
