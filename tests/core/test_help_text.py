"""The pages of help, as lines."""

from __future__ import annotations

from tasks.core.help_entry import LONGEST_LINE
from tasks.core.help_tasks import GROUPS, entries
from tasks.core.help_text import Option, help_lines, list_lines


def test_each_task_is_there_once_with_a_line_that_fits_and_an_example() -> None:
    names = [entry.task for entry in entries()]
    assert len(names) == len(set(names))
    assert [entry.task for entry in entries() if not entry.examples] == []
    assert [entry.line for entry in entries() if len(entry.line) > LONGEST_LINE] == []


def test_the_list_is_grouped_and_fits_80_columns() -> None:
    lines = list_lines({entry.task: "x" for entry in entries()})
    assert [line for line in lines if len(line) > 80] == []
    titles = [line for line in lines[1:] if line and not line.startswith(" ")]
    assert titles == [group.title for group in GROUPS]


def test_a_task_without_a_line_of_its_own_is_listed_all_the_same() -> None:
    assert list_lines({"status": "x", "brand-new": "what it does"})[-3:] == (
        "",
        "Others",
        "  brand-new  what it does",
    )


def test_one_collection_is_listed_alone() -> None:
    lines = list_lines({entry.task: "x" for entry in entries()}, under="ha")
    assert [line.split()[0] for line in lines if line.startswith("  ")] == ["ha.create", "ha.migrate"]


def test_a_page_folds_its_texts_and_shows_the_examples_whole() -> None:
    options = [Option("--yes", "do not ask"), Option("--a-very-long-option-of-a-task TEXT", "word " * 20)]
    lines = list(
        help_lines(
            "restart",
            "Restart it.\n\nMore " + "and more " * 20,
            words=["[MEMBER]"],
            options=options,
            columns=60,
        )
    )
    assert lines[0] == "Usage: fab restart [MEMBER] [--options]"
    assert "  --yes  do not ask" in lines
    assert "  fab restart gw-d --node gw-d2" in lines
    assert [line for line in lines if len(line) > 60] == []
