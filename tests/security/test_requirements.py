"""What is installed is pinned, and known by its hash."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[A-Za-z0-9.!+_-]+)")


def entries(text: str) -> dict[str, str]:
    """By name and version, all that follows; continued lines joined."""
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
    return {line.split(" ")[0]: line for line in lines}


def unhashed(text: str) -> list[str]:
    return [
        name
        for name, line in entries(text).items()
        if not PIN.fullmatch(name) or not re.search(r"--hash=sha256:[0-9a-f]{64}( |$)", line)
    ]


def pins(text: str) -> dict[str, str]:
    found = (PIN.fullmatch(name) for name in entries(text))
    return {re.sub("[-_.]+", "-", m["name"]).lower(): m["version"] for m in found if m}


def test_every_package_is_pinned_and_has_its_hashes() -> None:
    text = (PROJECT / "requirements.txt").read_text()
    assert len(entries(text)) > 40
    assert unhashed(text) == []


@pytest.mark.parametrize("line", ["x", "x>=1", "x==1", "x==1 --hash=sha256:00", "-e .", "x @ file:///x"])
def test_one_that_is_not_would_be_noticed(line: str) -> None:
    assert len(unhashed(line)) == 1
    assert unhashed(f"x==1 \\\n    --hash=sha256:{'0' * 64}\n") == []


def test_what_is_asked_for_by_hand_is_what_is_installed() -> None:
    asked = pins((PROJECT / "requirements.in").read_text())
    made = pins((PROJECT / "requirements.txt").read_text())
    assert len(asked) > 15
    assert {name: made.get(name) for name in asked} == asked


def test_no_file_of_the_installation_names_an_index() -> None:
    for name in (
        "requirements.in",
        "requirements.txt",
        ".ci/setup",
        ".ci/audit",
        "Makefile",
        "pyproject.toml",
    ):
        assert not re.search(r"https?://|index-url|find-links|trusted-host", (PROJECT / name).read_text()), (
            name
        )


def test_the_installation_wants_the_hashes() -> None:
    assert (
        "pip install --quiet --disable-pip-version-check --require-hashes -r"
        in (PROJECT / ".ci/setup").read_text()
    )
