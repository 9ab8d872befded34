"""A report as Markdown: tables that hold together, whatever stands in their cells."""

from __future__ import annotations

import re

from tasks.core.report_markdown import report_markdown
from tests.core.long_runs import long_run
from tests.core.reports import hostile, report_of


def _rows(text: str) -> list[list[str]]:
    return [re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines() if line.startswith("|")]


def test_it_begins_with_the_verdict_and_has_every_part() -> None:
    text = report_markdown(report_of(long_run(3)))
    assert text.startswith(
        "# production: migrate\\-cluster\n\n**complete: 4 of 4 steps done, every gate held"
    )
    titles = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert titles == [
        "The run",
        "Timeline",
        "Certificates of the cluster",
        "Steps and their gates",
        "Availability",
        "The record",
        "Journal",
    ]


def test_every_row_of_a_table_has_as_many_cells_as_its_header() -> None:
    for text in map(report_markdown, (report_of(long_run(3)), hostile())):
        table: list[list[str]] = []
        for line in (*text.splitlines(), ""):
            if not line.startswith("|"):
                assert len({len(row) for row in table}) <= 1
                table = []
            else:
                table += _rows(line)


def test_nothing_that_others_wrote_is_markup() -> None:
    text = report_markdown(hostile())
    assert "<script" not in text.replace("<br>", "")
    assert not re.search(r"<(?!br>)", text)
    assert "\x1b" not in text
    assert r"\`" in text
    assert r"\|" in text
