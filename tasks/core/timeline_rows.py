"""The rows of a timeline's picture: nodes, connected pairs, members that were apart."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.core.availability_text import seconds_text
from tasks.core.markup import Markup, element
from tasks.core.node_states import NodeState
from tasks.core.timeline import AWAY, ApartBar, Bar, Span, Timeline
from tasks.core.timeline_layout import CHART, LEAST_WIDTH, LEFT, PAIRS_DRAWN, RIGHT, Layout

WORDS = {
    NodeState.READY.value: "ready",
    NodeState.STANDBY.value: "standby, in sync",
    NodeState.WAITING.value: "waiting: up, its gate does not hold yet",
    NodeState.STARTING.value: "starting",
    NodeState.DOWN.value: "down: REST is silent",
    NodeState.STOPPING.value: "stopping",
    NodeState.MAINTENANCE.value: "maintenance",
    NodeState.UNSEEN.value: "could not be asked",
    AWAY: "away",
}
THIN = frozenset({NodeState.READY.value, NodeState.STANDBY.value})  # as it should be: a line, not a bar
_LABEL = 19  # characters of a name that fit


def span_told(what: str, span: Span) -> str:
    return f"{what}: {span.begun_at:%H:%M:%S} to {span.ended_at:%H:%M:%S}, {seconds_text(span.seconds)}"


def _label(text: str, y: float, row: float, *, quiet: str = "") -> Markup:
    short = text if len(text) <= _LABEL else f"{text[: _LABEL - 1]}…"
    size = "label" if row >= 16 else "label small"
    inside = (element("title", text),) if short != text else ()
    return element("text", short, *inside, class_=f"{size}{quiet}", x=0, y=y)


def node_row(bar: Bar, at: Layout, number: int) -> Iterator[Markup]:
    top = at.nodes + number * at.row
    middle = top + at.row / 2
    yield _label(bar.node, middle + 4, at.row)
    for span in bar.spans:
        thick = at.row * (0.22 if span.what in THIN else 0.64)
        told = element("title", span_told(f"{bar.node} {WORDS.get(span.what, span.what)}", span))
        for left, right in at.scale.parts(span):
            yield element(
                "rect",
                told,
                class_=f"state {span.what}",
                x=left,
                width=max(right - left, LEAST_WIDTH),
                y=middle - thick / 2,
                height=thick,
            )


def chart(made: Timeline, at: Layout) -> Iterator[Markup]:
    if not made.nodes:
        return
    top, bottom = at.chart, at.chart + CHART
    yield _label("connected pairs", (top + bottom) / 2 + 4, 24)
    for value, y in ((made.pairs, top), (0, bottom)):
        yield element("line", class_="base", x1=LEFT, x2=RIGHT, y1=y, y2=y)
        yield element("text", str(value), class_="tick", x=LEFT - 6, y=y + 4, text_anchor="end")
    for span in made.connected:
        height = CHART * int(span.what) / max(made.pairs, 1)
        told = element("title", span_told(f"{span.what} of {made.pairs} pairs connected", span))
        for left, right in at.scale.parts(span):
            yield element(
                "rect", told, class_="connected", x=left, width=right - left, y=bottom - height, height=height
            )


def apart_rows(made: Timeline, at: Layout) -> Iterator[Markup]:
    drawn = made.apart[:PAIRS_DRAWN]
    for number, bar in enumerate(drawn):
        middle = at.pairs + number * at.pair_row + at.pair_row / 2
        yield _label(" × ".join(bar.members), middle + 4, at.pair_row)
        yield element("line", class_="base", x1=LEFT, x2=RIGHT, y1=middle, y2=middle)
        yield from _apart_spans(bar, at, middle)
    if len(made.apart) > len(drawn):
        text = (
            f"and {len(made.apart) - len(drawn)} more pairs that were apart for a shorter time: see the table"
        )
        yield element("text", text, class_="label quiet", x=LEFT, y=at.bottom - 5)


def _apart_spans(bar: ApartBar, at: Layout, middle: float) -> Iterator[Markup]:
    height = at.pair_row * 0.6
    for span in bar.spans:
        told = element("title", span_told(f"{' × '.join(bar.members)} apart", span))
        for left, right in at.scale.parts(span):
            wide = max(right - left, LEAST_WIDTH)
            yield element(
                "rect", told, class_="apart", x=left, width=wide, y=middle - height / 2, height=height
            )
