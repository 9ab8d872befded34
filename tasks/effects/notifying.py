"""Whoever the inventory names hears what happens: from threads of their own, so that no run waits for them."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tasks.core.events import Event, EventKind, event_line
from tasks.core.model import Cluster
from tasks.core.notices import Notices
from tasks.core.wanted_notify import WantedNotify
from tasks.effects.clock import Clock
from tasks.effects.hooks import Hook
from tasks.effects.reporting import Events, Reporter
from tasks.effects.secrets import Secrets
from tasks.effects.webhook import Poster

MOST_WAITING = 200  # of one listener; what comes beyond it is lost, and said
Note = Callable[[str, str], None]  # node, text: as Reporter.note


@contextmanager
def notifying(cluster: Cluster, *, note: Note, clock: Clock) -> Iterator[tuple[Reporter, ...]]:
    """While the block runs, the listeners of the inventory; nobody where it names none.

    At its end they have `limit_s` for what is under way, all together.

    Args:
        note: Says, in the run's own thread, what could not be told.
    """
    if cluster.notify.is_silent:
        yield ()
        return
    notifier = Notifier(cluster.notify, note=note)
    try:
        yield (Events(notifier.hear, clock=clock),)
    finally:
        notifier.close()


class Notifier:
    """Hands events to the hooks and to the webhook, and says once what goes wrong with them."""

    def __init__(self, wanted: WantedNotify, *, note: Note) -> None:
        self._note = note
        self._limit_s = wanted.limit_s
        self._notices = Notices(wanted.waiting_long_s)
        self._failures: deque[str] = deque()
        self._said: set[str] = set()
        self._listeners = tuple(_listeners(wanted, self._failures.append))

    def hear(self, event: Event) -> None:
        """Takes no time; a note may come from a signal handler, and is left alone."""
        if event.event is EventKind.NOTE:
            return
        self._say_failures()
        notice = self._notices.of(event)
        if notice is not None:
            for listener in self._listeners:
                listener.take(notice)

    def close(self) -> None:
        end = time.monotonic() + self._limit_s
        for listener in self._listeners:
            listener.close()
        for listener in self._listeners:
            listener.join(max(0.0, end - time.monotonic()))
        self._say_failures()

    def _say_failures(self) -> None:
        while self._failures:
            text = self._failures.popleft()
            if text not in self._said:
                self._said.add(text)
                self._note("", f"notification not delivered: {text}")


class _Listener:
    """One who is told, in order, by a thread that begins with the first event.

    Args:
        kinds: Of the events that it wants.
        deliver: Tells it one; "" or why that failed.
        abandon: Breaks off what is under way.
        failed: Takes such a reason.
    """

    def __init__(
        self,
        kinds: frozenset[str],
        deliver: Callable[[Event], str],
        abandon: Callable[[], None],
        failed: Callable[[str], None],
    ) -> None:
        self._kinds = kinds
        self._deliver = deliver
        self._abandon = abandon
        self._failed = failed
        self._queue: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._over = False
        self._thread: threading.Thread | None = None

    def take(self, event: Event) -> None:
        if event.event not in self._kinds:
            return
        if self._queue.qsize() >= MOST_WAITING:
            self._failed(f"{MOST_WAITING} are waiting already: those before take too long")
            return
        self._queue.put(event)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="notifications", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while (event := self._queue.get()) is not None and not self._over:
            if problem := self._deliver(event):
                self._failed(f"{event.event}: {problem}")

    def close(self) -> None:
        """Nothing more will come."""
        self._queue.put(None)

    def join(self, limit_s: float) -> None:
        """Wait for what is under way; then break it off."""
        if self._thread is None:
            return
        self._thread.join(limit_s)
        if self._thread.is_alive():
            self._over = True
            left = self._queue.qsize()  # beside the one under way; the last is the end
            self._failed(f"the run has ended, and {left} had not been told in time")
            self._abandon()


def _listeners(wanted: WantedNotify, failed: Callable[[str], None]) -> Iterator[_Listener]:
    """One for the commands and one for the webhook: neither waits for the other."""
    commands = dict(wanted.hooks)
    if commands:
        hook = Hook(wanted.folder, limit_s=wanted.limit_s)
        yield _Listener(
            frozenset(commands),
            lambda event: hook.run(commands[event.event], event_line(event)),
            hook.end,
            failed,
        )
    if wanted.webhook is not None:
        poster = Poster(wanted.webhook, limit_s=wanted.limit_s, secrets=Secrets().resolve)
        yield _Listener(
            wanted.webhook.on,
            lambda event: poster.post(event_line(event)),
            lambda: None,  # its thread ends with the process
            failed,
        )
