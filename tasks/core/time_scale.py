"""From moments to places on a picture: times in which a run was not at work are cut out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from tasks.core.dataclass import dataclass
from tasks.core.timeline import Span

_CUT = 34.0  # how wide a pause is drawn, however long it is; all together take at most a third
_NICE_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
_TICK_WIDTH = 92.0  # a label and some air


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which the run was at work, and where it is drawn."""

    begun_at: datetime
    ended_at: datetime
    left: float
    right: float

    @property
    def seconds(self) -> float:
        return (self.ended_at - self.begun_at).total_seconds()


@dataclass(frozen=True, slots=True)
class Scale:
    """The stretches, from left to right; between two of them is a pause."""

    stretches: tuple[Stretch, ...]

    def x(self, at: datetime) -> float:
        """Where the moment is; one that lies in a pause, or beyond the ends, is at the nearest edge before it."""
        first = self.stretches[0]
        one = next((s for s in reversed(self.stretches) if s.begun_at <= at), first)
        into = (min(max(at, one.begun_at), one.ended_at) - one.begun_at).total_seconds()
        return one.left + (one.right - one.left) * (into / one.seconds if one.seconds else 0.0)

    def parts(self, span: Span) -> Iterator[tuple[float, float]]:
        """From where to where a span is drawn; in several parts where pauses lie in it."""
        for one in self.stretches:
            begun, ended = max(span.begun_at, one.begun_at), min(span.ended_at, one.ended_at)
            if begun < ended:
                yield (
                    self.x(begun),
                    one.left
                    + (one.right - one.left) * ((ended - one.begun_at).total_seconds() / one.seconds),
                )

    def ticks(self) -> Iterator[datetime]:
        """Round times, as many as can be labelled."""
        width = sum(one.right - one.left for one in self.stretches) or 1.0
        seconds = sum(one.seconds for one in self.stretches)
        least = seconds * _TICK_WIDTH / width
        step = next((nice for nice in _NICE_S if nice >= least), _NICE_S[-1] * math.ceil(least / _NICE_S[-1]))
        for one in self.stretches:
            first = math.ceil(one.begun_at.timestamp() / step) * step
            at = datetime.fromtimestamp(first, UTC)
            while at <= one.ended_at:
                yield at
                at += timedelta(seconds=step)


def scale(
    begun_at: datetime, ended_at: datetime, pauses: Sequence[Span], *, left: float, right: float
) -> Scale:
    """Share the width out among the stretches by their lengths.

    Args:
        pauses: In order, none beyond the ends.
    """
    edges = [begun_at, *(at for pause in pauses for at in (pause.begun_at, pause.ended_at)), ended_at]
    times = list(zip(edges[::2], edges[1::2], strict=True))
    total = sum((ended - begun).total_seconds() for begun, ended in times) or 1.0
    cut = min(_CUT, (right - left) / 3 / max(len(pauses), 1))
    width = right - left - cut * len(pauses)
    stretches, x = [], left
    for begun, ended in times:
        wide = width * (ended - begun).total_seconds() / total
        stretches.append(Stretch(begun, ended, x, x + wide))
        x += wide + cut
    return Scale(tuple(stretches))
