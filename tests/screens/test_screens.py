"""docs/screens: pictures of real output, small, without a network, and without what is of one machine."""

from __future__ import annotations

import getpass
import re
import socket
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.screens.drawing import COLUMNS, folded, picture, shown

ROOT = Path(__file__).parents[2]
NAMES = ("failure", "migrate", "plan", "status")
WORDS = {
    "failure": "serves the BUILT-IN certificate",
    "migrate": "members serve the planned certificates",
    "plan": "fingerprint",
    "status": "healthy: 4 members, 5 nodes",
}


def text_of(name: str) -> str:
    """What can be read in the picture, line by line."""
    tree = ElementTree.fromstring((ROOT / "docs" / "screens" / f"{name}.svg").read_text())
    lines: dict[float, str] = {}
    for element in tree.iter("{http://www.w3.org/2000/svg}text"):
        at = float(element.get("y", "0"))
        lines[at] = lines.get(at, "") + "".join(element.itertext())
    return "\n".join(lines[at] for at in sorted(lines)).replace("\xa0", " ")


def test_there_is_a_picture_of_each_screen() -> None:
    assert sorted(path.stem for path in (ROOT / "docs" / "screens").glob("*")) == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_shows_what_it_is_named_after(name: str) -> None:
    assert WORDS[name] in text_of(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_small_and_asks_no_network(name: str) -> None:
    drawn = (ROOT / "docs" / "screens" / f"{name}.svg").read_text()
    assert len(drawn) < 60_000
    assert re.findall(r"https?://[^\"' )]+", drawn) == ["http://www.w3.org/2000/svg"]
    assert re.search(r"<script|<image|@import|url\((?!#)", drawn) is None


@pytest.mark.parametrize("name", NAMES)
def test_no_line_is_wider_than_a_hundred_columns(name: str) -> None:
    assert max(map(len, text_of(name).splitlines())) <= COLUMNS


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_knows_no_machine(name: str) -> None:
    seen = text_of(name)
    paths = [path for path in re.findall(r"(?<![\w.])/[\w.-]+(?:/[\w.-]+)+", seen) if path[:9] != "/tmp/lab/"]
    assert paths == []
    assert str(ROOT) not in seen
    assert socket.gethostname() not in seen
    assert re.search(rf"\b{re.escape(getpass.getuser())}@", seen) is None


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_on_a_page(name: str) -> None:
    pages = (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))
    assert any(f"screens/{name}.svg)" in page.read_text() for page in pages)


def test_what_is_left_out_is_said() -> None:
    lines = [str(number) for number in range(10)]
    cut = shown(lines, begin="2", head=2, tail=1)
    assert [re.sub(r"\x1b\[[\d;]*m", "", line).strip() for line in cut] == [
        "… 2 lines are left out here …",
        "2",
        "3",
        "… 5 lines are left out here …",
        "9",
    ]
    assert shown(lines, begin="", head=0, tail=10) == lines


def test_a_long_line_is_broken_between_words() -> None:
    assert folded("word " * 30)[1].startswith("  word")
    assert folded("short") == ["short"]


def test_colours_are_drawn_and_steering_is_not() -> None:
    drawn = picture("fab status", ["\x1b[1;31mBUILT-IN\x1b[0m & <b>"], name="one")
    ElementTree.fromstring(drawn)
    assert "\x1b" not in drawn
    assert "&lt;b&gt;" in drawn
