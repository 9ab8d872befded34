"""The page: whole, without anything from elsewhere, and with every foreign text as text."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from tasks.core.report_html import report_html
from tasks.core.report_style import STYLE
from tests.core.long_runs import long_run
from tests.core.reports import EVIL, RUN, hostile, report_of

_VOID = {"meta", "br"}
_THREE = report_html(report_of(long_run(3)))


class Page(HTMLParser):
    """Elements with their attributes, the text, and whether all that is opened is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_well_formed_and_tells_what_matters() -> None:
    page = Page(_THREE)
    assert page.open == []
    for text in (
        RUN,
        "complete",
        "Timeline",
        "Certificates",
        "Steps and their gates",
        "Journal",
        "The record",
    ):
        assert text in page.text
    assert [tag for tag, _ in page.elements].count("svg") >= 1


def test_its_policy_allows_the_one_style_by_its_hash_and_nothing_else() -> None:
    page = Page(_THREE)
    (policy,) = (a["content"] for _, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    (style,) = re.findall(r"<style>(.*?)</style>", _THREE, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert style == STYLE


@pytest.mark.parametrize("page", [_THREE, report_html(hostile())], ids=["plain", "hostile"])
def test_nothing_in_it_comes_from_elsewhere_or_runs(page: str) -> None:
    found = Page(page)
    assert found.open == []
    assert not {"script", "img", "link", "iframe", "object", "a", "form", "use", "image"} & {
        t for t, _ in found.elements
    }
    attributes = {name for _, attrs in found.elements for name in attrs}
    assert not {name for name in attributes if name.startswith("on")} | (
        {"style", "href", "src"} & attributes
    )
    assert "http" not in page.replace("http-equiv", "").replace('xmlns="http://www.w3.org/2000/svg"', "")


def test_what_others_wrote_is_shown_as_it_is_and_steers_nothing() -> None:
    page = report_html(hostile())
    shown = EVIL.replace("\x1b", "?").replace("\u202e", "?")
    assert Page(page).text.count(shown) >= 8
    assert "<script" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_a_page_that_did_not_escape_would_be_noticed() -> None:
    torn = _THREE.replace("all as planned", EVIL)
    with pytest.raises(AssertionError, match="assert"):
        Page(torn)


def test_every_bar_has_a_class_that_the_style_knows_and_words_for_those_who_do_not_see_it() -> None:
    page = Page(report_html(report_of(long_run(6, rounds=3, pause_s=9000))))
    kinds = {cls for tag, a in page.elements if tag == "rect" for cls in (a["class"] or "").split()}
    assert kinds >= {
        "ready",
        "down",
        "starting",
        "stopping",
        "waiting",
        "connected",
        "pause",
        "round-0",
        "round-1",
    }
    assert all(f".{kind}" in STYLE for kind in kinds - {"state", "round"})
    (svg,) = (a for tag, a in page.elements if a.get("role") == "img")
    assert svg["aria-labelledby"] == "timeline-title timeline-desc"
    assert "a row for each of 6 nodes" in page.text
    assert "not at work for 2 h 30 m" in page.text
    assert "round 3" in page.text


def test_a_run_of_sixty_members_is_drawn_with_the_longest_partitions_and_says_how_many_more() -> None:
    made = long_run(60, every_s=2.0)
    short = replace(made, samples=made.samples[:200])
    page = report_html(report_of(short))
    assert page.count('class="label small"') >= 60
    assert "more pairs that were apart for a shorter time: see the table" in page
    assert "(the first 300 of " in page


def test_a_run_without_samples_has_its_steps_on_the_line() -> None:
    page = Page(report_html(report_of(replace(long_run(3), samples=()))))
    assert "nothing was sampled" in page.text
    assert "ready" not in {a.get("class") for _, a in page.elements}
    assert "step step-restart" in {a.get("class") for _, a in page.elements}
