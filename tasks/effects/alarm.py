"""Limits that are watched from outside of whoever works within them: one thread keeps all of them.

A `threading.Timer` is a thread each, and nearly every one is made only to be cancelled.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Alarm:
    """Within `with`: calls `ring`, in a thread of its own, once the time is over; never after the block has ended.

    Args:
        limit_s: From the beginning of the block.
    """

    def __init__(self, limit_s: float, ring: Callable[[], None]) -> None:
        self._limit_s = limit_s
        self._ring: Callable[[], None] | None = ring
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        _KEEPER.keep(time.monotonic() + self._limit_s, self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:  # waits for one that is ringing
            self._ring = None

    @property
    def is_over(self) -> bool:
        return self._ring is None

    def due(self) -> None:
        with self._lock:
            if self._ring is not None:
                self._ring()


class _Keeper:
    """All alarms, the next one first; those whose block has ended are dropped when they would be due."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._alarms: list[tuple[float, int, Alarm]] = []
        self._number = itertools.count()
        self._thread: threading.Thread | None = None

    def keep(self, at: float, alarm: Alarm) -> None:
        with self._changed:
            heapq.heappush(self._alarms, (at, next(self._number), alarm))
            if self._thread is None or not self._thread.is_alive():  # the other side of a fork has none
                self._thread = threading.Thread(target=self._run, name="alarms", daemon=True)
                self._thread.start()
            elif self._alarms[0][2] is alarm:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                alarm = self._next()
            if alarm is not None:
                threading.Thread(target=alarm.due, name="alarm", daemon=True).start()

    def _next(self) -> Alarm | None:
        """The one that is due; None after a wait in which others may have come before it."""
        while self._alarms and self._alarms[0][2].is_over:
            heapq.heappop(self._alarms)
        left_s = self._alarms[0][0] - time.monotonic() if self._alarms else None
        if left_s is not None and left_s <= 0:
            return heapq.heappop(self._alarms)[2]
        self._changed.wait(left_s)
        return None


_KEEPER = _Keeper()
