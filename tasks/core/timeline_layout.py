"""Where the parts of a timeline's picture are."""

from __future__ import annotations

from tasks.core.dataclass import dataclass
from tasks.core.time_scale import Scale, scale
from tasks.core.timeline import Timeline

WIDTH = 1120.0
LEFT, RIGHT = 132.0, WIDTH - 14.0  # of what has a time; names stand before it
PAIRS_DRAWN = 18  # those that were apart the longest
LEAST_WIDTH = 1.4  # of what lasted for a moment only
TOP = 24.0
CHART = 54.0  # height
_HEAD, _GAP = 74.0, 30.0


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the parts of the picture are, from top to bottom."""

    scale: Scale
    row: float  # the height of one node
    nodes: float  # top of the nodes
    chart: float
    pairs: float
    pair_row: float
    bottom: float


def layout(made: Timeline) -> Layout:
    row = 24.0 if len(made.nodes) <= 12 else 18.0 if len(made.nodes) <= 30 else 14.0
    chart = _HEAD + row * len(made.nodes) + _GAP
    pairs = chart + CHART + _GAP if made.nodes else chart
    drawn = min(len(made.apart), PAIRS_DRAWN)
    pair_row = 18.0 if drawn <= 12 else 15.0
    more = 18.0 if len(made.apart) > PAIRS_DRAWN else 0.0
    bottom = pairs + pair_row * drawn + more
    placed = scale(made.begun_at, made.ended_at, made.pauses, left=LEFT, right=RIGHT)
    return Layout(placed, row, _HEAD, chart, pairs, pair_row, bottom)
