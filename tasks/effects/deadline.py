"""A limit over a whole exchange, however slowly its bytes drip."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

from tasks.effects.alarm import Alarm

_SHORTEST_S = 0.001  # a socket's timeout of 0 would mean: do not block


class Deadline(Alarm):
    """Within `with`: shuts the watched socket down when the time is over, whoever is reading it.

    A socket's own timeout starts anew with each byte; this one does not.
    """

    def __init__(self, limit_s: float) -> None:
        super().__init__(limit_s, self._cut)
        self._end = time.monotonic() + limit_s
        self._watching = threading.Lock()
        self._sock: socket.socket | None = None
        self.expired = False

    @property
    def left_s(self) -> float:
        """Seconds left, never less than a millisecond."""
        return max(_SHORTEST_S, self._end - time.monotonic())

    def watch(self, sock: socket.socket) -> None:
        """Watch this socket instead of the one before; over time already, it is cut at once."""
        with self._watching:
            self._sock = sock
        if self.expired:
            self._cut()

    def forget(self) -> None:
        with self._watching:
            self._sock = None

    def _cut(self) -> None:
        self.expired = True
        with self._watching, contextlib.suppress(OSError):  # the other side was quicker
            if self._sock is not None:
                self._sock.shutdown(socket.SHUT_RDWR)
