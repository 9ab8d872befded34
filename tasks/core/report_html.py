"""A report as one page that needs nothing else: no network, no scripts, no pictures of its own."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.core.markup import Markup, element
from tasks.core.report_data import SHA256_DIGITS, FullReport
from tasks.core.report_parts import Part, Table, moment, parts
from tasks.core.report_style import STYLE, style_source
from tasks.core.timeline_svg import legend, timeline_svg

_POLICY = f"default-src 'none'; style-src {style_source()}; base-uri 'none'; form-action 'none'"


def report_html(found: FullReport) -> str:
    """The whole page; every text in it that others wrote is escaped."""
    title = f"Run {found.run} of {found.cluster}"
    return "<!DOCTYPE html>\n" + element("html", _head(title), _body(found), lang="en").text + "\n"


def _head(title: str) -> Markup:
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
        element("style", Markup(STYLE)),
    )


def _body(found: FullReport) -> Markup:
    return element(
        "body",
        element(
            "main",
            element("h1", f"{found.cluster}: {found.task}"),
            element("p", f"run {found.run}, begun {moment(found.begun_at)}", class_="lead"),
            element("div", _verdict(found), class_=f"verdict {found.outcome}", role="status"),
            *(_section(part, found) for part in parts(found)),
            element("footer", _closing(found)),
        ),
    )


def _verdict(found: FullReport) -> Markup:
    word, _, rest = found.verdict.partition(": ")
    return element("span", element("b", word), rest)


def _closing(found: FullReport) -> str:
    last = found.journal[-1].at if found.journal else found.last_at
    return (
        f"Made from the run's directory alone, as of its journal's line {len(found.journal)}, {moment(last)}."
    )


def _section(part: Part, found: FullReport) -> Markup:
    inside = [*_facts(part), *(element("p", line) for line in part.lines)]
    if part.key == "timeline":
        inside += _picture(found)
    inside += [_table(table) for table in part.tables]
    name = f"part-{part.key}"
    return element("section", element("h2", part.title, id=name), *inside, aria_labelledby=name)


def _facts(part: Part) -> Iterator[Markup]:
    if part.facts:
        rows = (each for key, text in part.facts for each in (element("dt", key), element("dd", text)))
        yield element("dl", *rows)


def _picture(found: FullReport) -> Iterator[Markup]:
    title = f"Timeline of run {found.run}"
    yield element(
        "div", timeline_svg(found.timeline, title=title), class_="picture", tabindex="0", role="group"
    )
    if found.timeline.nodes:
        yield legend()


def _table(table: Table) -> Markup:
    body = element("tbody", *(_row(row, table.kinds) for row in table.rows))
    head = element("thead", element("tr", *map(_heading, table.header, table.kinds)))
    drawn = element(
        "div",
        element("table", head, body, aria_label=table.caption),
        class_="scroll",
        tabindex="0",
        role="region",
        aria_label=table.caption,
    )
    if table.aside:
        return element("details", element("summary", table.caption), drawn)
    return element("div", element("p", table.caption, class_="quiet"), drawn)


def _heading(text: str, kind: str) -> Markup:
    return element("th", text, scope="col", class_="number" if kind == "number" else "heading")


def _row(cells: tuple[str, ...], kinds: tuple[str, ...]) -> Markup:
    return element("tr", *(_cell(text, kind) for text, kind in zip(cells, kinds, strict=True)))


def _cell(text: str, kind: str) -> Markup:
    """A state has the colour of its first word; of subject and fingerprint only the latter is of fixed width."""
    if kind == "state":
        return element("td", text, class_=f"no-wrap {text.partition(',')[0]}")
    if kind == "sha":
        subject, _, digits = text.rpartition("\n")
        return element("td", *([f"{subject}\n"] if subject else []), _digits(digits), class_="sha")
    if kind == "names":
        return element("td", *_unbroken(text))
    return element("td", text, class_=kind) if kind else element("td", text)


def _digits(text: str) -> Markup:
    return element("span", text, class_="fixed" if len(text) == SHA256_DIGITS else "words")


def _unbroken(text: str) -> Iterator[Markup | str]:
    """No name is broken at its hyphens."""
    for number, line in enumerate(text.split("\n")):
        if number:
            yield "\n"
        for word in line.split(" "):
            yield element("span", word, class_="no-wrap")
            yield " "
