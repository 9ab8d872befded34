"""A report as Markdown, for a ticket or a wiki; what others wrote is shown as it is and formats nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tasks.core.report_data import FullReport
from tasks.core.report_parts import Part, Table, parts
from tasks.core.text_table import printable

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~$-])")


def report_markdown(found: FullReport) -> str:
    """The whole report; pictures are left out, what they show is in the tables."""
    lines = [f"# {_plain(found.cluster)}: {_plain(found.task)}", "", f"**{_plain(found.verdict)}**", ""]
    for part in parts(found):
        lines += [f"## {_plain(part.title)}", "", *_part(part)]
    return "\n".join(lines).rstrip("\n") + "\n"


def _part(part: Part) -> Iterator[str]:
    for key, text in part.facts:
        yield f"- {_plain(key)}: {_plain(text)}"
    for line in part.lines:
        yield f"- {_plain(line)}"
    if part.facts or part.lines:
        yield ""
    for table in part.tables:
        yield from _table(table)


def _table(table: Table) -> Iterator[str]:
    yield f"{_plain(table.caption)}:"
    yield ""
    yield _row(table.header)
    yield _row(tuple("---:" if kind == "number" else "---" for kind in table.kinds), ready=True)
    yield from (_row(row) for row in table.rows)
    yield ""


def _row(cells: tuple[str, ...], *, ready: bool = False) -> str:
    return f"| {' | '.join(cells if ready else map(_plain, cells))} |"


def _plain(text: str) -> str:
    """As one line; no sign of it is taken for markup, nor for HTML."""
    lines = [printable(line) for line in text.split("\n")]
    safe = (line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for line in lines)
    return "<br>".join(_SPECIAL.sub(r"\\\1", line) for line in safe)
