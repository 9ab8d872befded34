"""Which events are worth a notification."""

from __future__ import annotations

from datetime import datetime

from tasks.core.events import Event, EventKind

_TOLD = frozenset({EventKind.START, EventKind.STEP, EventKind.FAILED, EventKind.STOPPED, EventKind.DONE})


class Notices:
    """Of one run: what begins and ends, and, once per wait, that it has become long.

    Args:
        waiting_long_s: From the first look of a wait.
    """

    def __init__(self, waiting_long_s: float) -> None:
        self._limit_s = waiting_long_s
        self._wait: tuple[str, str, str] | None = None
        self._since: datetime | None = None  # None: this wait has been told

    def of(self, event: Event) -> Event | None:
        """The event to be told; None where there is nothing to tell."""
        if event.event is EventKind.WAITING:
            return self._long(event)
        if event.event is not EventKind.NOTE:
            self._wait = None
        return event if event.event in _TOLD else None

    def _long(self, event: Event) -> Event | None:
        wait = (event.step, event.node, event.text)
        if wait != self._wait:
            self._wait, self._since = wait, event.at
        if self._since is None or (event.at - self._since).total_seconds() < self._limit_s:
            return None
        self._since = None
        return event.model_copy(update={"event": EventKind.WAITING_LONG})
