"""A timeline as a picture: inline SVG, styled by classes alone, so that a page's style and its print decide."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tasks.core.availability_text import seconds_text
from tasks.core.markup import Markup, element, joined
from tasks.core.timeline import AWAY, Span, StepMark, Timeline
from tasks.core.timeline_layout import LEAST_WIDTH, LEFT, RIGHT, TOP, WIDTH, Layout, layout
from tasks.core.timeline_rows import THIN, WORDS, apart_rows, chart, node_row, span_told

_LETTER = 5.8  # the width of one
_CUED = 60  # steps; where there are more, their lines would hide the rows


def timeline_svg(made: Timeline, *, title: str) -> Markup:
    """The picture: rounds, steps, a row per node, how many pairs were connected, who was apart.

    Args:
        title: What it is called where it cannot be seen.
    """
    at = layout(made)
    height = at.bottom + 24
    return element(
        "svg",
        element("title", title, id="timeline-title"),
        element("desc", _described(made), id="timeline-desc"),
        *_rounds(made, at),
        *_grid(made, at),
        *_steps(made, at),
        *(part for number, bar in enumerate(made.nodes) for part in node_row(bar, at, number)),
        *chart(made, at),
        *apart_rows(made, at),
        *_pauses(made, at),
        class_="timeline",
        viewBox=f"0 0 {WIDTH:g} {height:g}",
        role="img",
        aria_labelledby="timeline-title timeline-desc",
        xmlns="http://www.w3.org/2000/svg",
    )


def _described(made: Timeline) -> str:
    apart = (
        f"{len(made.apart)} pairs of members were apart at some time" if made.apart else "no two were apart"
    )
    return (
        f"From {_moment(made.begun_at)} to {_moment(made.ended_at)}: a row for each of {len(made.nodes)} nodes, "
        f"a chart of connected pairs of members, at most {made.pairs}; {apart}. The same as tables below."
    )


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _grid(made: Timeline, at: Layout) -> Iterator[Markup]:
    date = f"{made.begun_at:%Y-%m-%d}"
    yield element("text", f"{date}, UTC", class_="date", x=0, y=16)
    ticks = list(at.scale.ticks())
    seconds, day = any(tick.second for tick in ticks), made.begun_at.date()
    for tick in ticks:
        x = at.scale.x(tick)
        yield element("line", class_="grid", x1=x, x2=x, y1=TOP, y2=at.bottom)
        text = f"{tick:%H:%M:%S}" if seconds else f"{tick:%H:%M}"
        if tick.date() != day:
            text, day = f"{tick:%m-%d} {text}", tick.date()
        for y in (16, at.bottom + 16):
            yield element("text", text, class_="tick", x=x, y=y, text_anchor=_anchor(x))


def _anchor(x: float) -> str:
    return "start" if x < LEFT + 24 else "end" if x > RIGHT - 24 else "middle"


def _rounds(made: Timeline, at: Layout) -> Iterator[Markup]:
    for number, one in enumerate(made.rounds):
        told = f"round {one.what}"
        for left, right in at.scale.parts(one):
            yield element(
                "g",
                element("title", span_told(told, one)),
                element(
                    "rect",
                    class_=f"round round-{number % 2}",
                    x=left,
                    width=max(right - left, LEAST_WIDTH),
                    y=TOP,
                    height=at.bottom - TOP,
                ),
                *(
                    [element("text", told, class_="round-name", x=left + 5, y=36)]
                    if right - left > 50
                    else []
                ),
            )


def _steps(made: Timeline, at: Layout) -> Iterator[Markup]:
    yield element("text", "steps", class_="label quiet", x=0, y=62)
    free, few = 0.0, len(made.steps) <= _CUED
    for step in made.steps:
        x = at.scale.x(step.begun_at)
        wrong = step.what in ("failed", "interrupted")
        restart = "restart" in step.step.partition(":")[0]
        kind = "wrong" if wrong else "restart" if restart else "other"
        parts = [
            element("title", _step_told(step)),
            element("line", class_=f"step step-{kind}", x1=x, x2=x, y1=55 if restart or wrong else 58, y2=65),
        ]
        if wrong or (restart and few):
            parts.append(element("line", class_=f"cue cue-{kind}", x1=x, x2=x, y1=65, y2=at.bottom))
        text = step.step.partition(":")[2].partition("@")[0] if restart else step.step if wrong else ""
        if text and x >= free and x + _LETTER * len(text) < RIGHT:
            parts.append(element("text", text, class_=f"step-name {kind}", x=x, y=51))
            free = x + _LETTER * len(text) + 12
        yield element("g", *parts)


def _step_told(step: StepMark) -> str:
    if step.ended_at is None:
        return f"{step.step}: begun {step.begun_at:%H:%M:%S}"
    span = Span(begun_at=step.begun_at, ended_at=step.ended_at, what=step.what)
    return span_told(f"{step.step} ({step.what})", span)


def _pauses(made: Timeline, at: Layout) -> Iterator[Markup]:
    for pause, before, after in zip(made.pauses, at.scale.stretches, at.scale.stretches[1:], strict=False):
        middle = (before.right + after.left) / 2
        yield element(
            "g",
            element("title", span_told("the run was not at work", pause)),
            element(
                "rect",
                class_="pause",
                x=before.right,
                width=after.left - before.right,
                y=TOP,
                height=at.bottom - TOP,
            ),
            element(
                "text",
                f"not at work for {seconds_text(pause.seconds)}",
                class_="pause-name",
                x=middle,
                y=(TOP + at.bottom) / 2,
                text_anchor="middle",
                transform=f"rotate(-90 {middle:.6g} {(TOP + at.bottom) / 2:.6g})",
            ),
        )


def legend() -> Markup:
    """What the colours mean, as a list beside the picture."""
    keys = [
        element("li", _swatch(f"state {word}", thin=word in THIN), f" {text}")
        for word, text in WORDS.items()
        if word != AWAY
    ]
    apart = element("li", _swatch("apart"), " two members apart")
    return element("ul", joined((*keys, apart)), class_="legend")


def _swatch(name: str, *, thin: bool = False) -> Markup:
    height = 4.0 if thin else 12.0
    box = element("rect", class_=name, x=0, y=(12 - height) / 2, width=22, height=height)
    return element("svg", box, class_="swatch", viewBox="0 0 22 12", width=22, height=12, aria_hidden="true")
