"""The page of a report in a real browser: nothing to complain of, the timeline is there, pictures for a reader.

`make report-pages` keeps the pictures below build/, in light, dark, narrow and for sixty members.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasks.core.report_html import report_html
from tasks.effects.page_file import write_private
from tests.core.long_runs import long_run
from tests.core.reports import hostile, report_of
from tests.effects.chromium import BROWSER, Loaded, load

KEPT = os.environ.get("REPORT_PAGES", "")
PNG = b"\x89PNG"
pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="no chromium here; make report-pages installs it and runs this"
)
only_kept = pytest.mark.skipif(not KEPT, reason="pictures for a reader: make report-pages")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the pictures go: kept, if somebody wants to look at them."""
    made = Path(KEPT) if KEPT else tmp_path
    made.mkdir(parents=True, exist_ok=True)
    return made


def _loaded(folder: Path, name: str, text: str, **how: object) -> Loaded:
    page = write_private(folder / f"{name}.html", text)
    picture = folder / f"{name}.png"
    found = load(page, picture=picture, **how)  # type: ignore[arg-type]
    assert picture.read_bytes().startswith(PNG)
    return found


def _whole(found: Loaded, *, rows: int) -> None:
    assert found.complaints == ()
    assert 'class="timeline"' in found.document
    assert found.document.count('class="state ready"') >= rows
    assert "</html>" in found.document


def test_the_browser_has_nothing_to_complain_of_whatever_others_wrote(folder: Path) -> None:
    found = _loaded(folder, "hostile", report_html(hostile()))
    _whole(found, rows=3)
    assert "<script" not in found.document


def test_a_page_that_breaks_its_policy_is_noticed(folder: Path) -> None:
    text = report_html(report_of(long_run(3)))
    broken = text.replace("<main>", '<main style="color:red"><script>alert(1)</script>').replace(
        "h1{font", "h1{border:0;font"
    )
    found = _loaded(folder, "broken", broken)
    told = "\n".join(found.complaints)
    assert told.count("Content Security Policy") == len(found.complaints) == 3
    assert "inline style" in told
    assert "inline script" in told


@only_kept
@pytest.mark.parametrize(
    ("name", "size", "dark"),
    [("light", (1280, 2600), False), ("dark", (1280, 2600), True), ("narrow", (500, 2600), False)],
)
def test_it_is_drawn_for_every_reader(folder: Path, name: str, size: tuple[int, int], dark: bool) -> None:
    text = report_html(report_of(long_run(5, rounds=2, pause_s=7200)))
    _whole(_loaded(folder, name, text, size=size, dark=dark), rows=5)


@only_kept
def test_sixty_members_are_drawn(folder: Path) -> None:
    _whole(
        _loaded(folder, "sixty", report_html(report_of(long_run(60, every_s=2.0))), size=(1280, 2200)),
        rows=60,
    )
