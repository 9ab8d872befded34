"""The pages hang together: links lead somewhere, every page is found from the README, every task and trap is named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import fabfile

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = (README, *sorted((ROOT / "docs").glob("**/*.md")))
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text()


def links(page: Path) -> list[tuple[Path, str]]:
    """Files and anchors that the page leads to; code and addresses of the web left out."""
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(), flags=re.DOTALL)
    found = re.findall(r"\]\(([^)\s]+)\)", text)
    parts = (link.partition("#") for link in found if "://" not in link)
    return [(page if not path else (page.parent / path).resolve(), anchor) for path, _, anchor in parts]


def anchors(page: Path) -> set[str]:
    """As GitHub names them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), flags=re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower() for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}


def broken(page: Path) -> list[str]:
    return [
        f"{path}#{anchor}"
        for path, anchor in links(page)
        if not path.exists() or (anchor and anchor not in anchors(path))
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert broken(page) == []


def test_a_link_to_nothing_would_be_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# One two\n[a](gone.md) [b](#one-two) [c](#three) `[d](code.md)` [e](https://example.com/x)\n"
    )
    assert broken(page) == [f"{tmp_path}/gone.md#", f"{page}#three"]


def test_every_page_is_found_from_the_readme() -> None:
    assert {path for path, _ in links(README)} >= set(PAGES) - {README}


def test_the_readme_is_one_screen_to_the_first_success() -> None:
    lines = README.read_text().splitlines()
    assert len(lines) <= 75
    assert lines.index("make test       # the tests") <= 15


def test_every_task_is_on_the_page_of_tasks() -> None:
    page = (ROOT / "docs" / "tasks.md").read_text()
    assert [task for task in fabfile.ns.task_names if not re.search(rf"`fab {re.escape(task)}\b", page)] == []


def test_every_trap_that_the_tool_names_is_in_the_glossary() -> None:
    explained = re.findall(r"^\| (T\d+) \|", GLOSSARY, flags=re.MULTILINE)
    assert explained == [f"T{number}" for number in range(1, 13)]


def test_the_glossary_is_in_alphabetical_order() -> None:
    terms = re.findall(r"^- \*\*(.+?)\*\*", GLOSSARY, flags=re.MULTILINE)
    assert len(terms) > 50
    assert terms == sorted(terms, key=str.lower)
