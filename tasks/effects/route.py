"""Which way leads to a node's ports: through its SSH connection, by a command there, or from here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tasks.core.errors import ForwardingRefused, RemoteError
from tasks.core.model import Via

T = TypeVar("T")
_ORDER = (Via.TUNNEL, Via.EXEC, Via.DIRECT)


class ToolMissing(RemoteError):
    """The node lacks curl or openssl, or one that is new enough."""


class Route:
    """The first way that is open, remembered once an answer came by it.

    Attributes:
        via: Via.AUTO until then.
    """

    def __init__(self, via: Via) -> None:
        self.via = via

    def go(self, attempt: Callable[[Via], T]) -> T:
        """What `attempt` returns by the first way that exists.

        Raises:
            RemoteError: As `attempt` raised it; only ForwardingRefused and ToolMissing lead to the next way.
        """
        ways = _ORDER if self.via is Via.AUTO else (self.via,)
        for way in ways[:-1]:
            try:
                return self._came(way, attempt(way))
            except (ForwardingRefused, ToolMissing):
                continue
        return self._came(ways[-1], attempt(ways[-1]))

    def _came(self, way: Via, answer: T) -> T:
        self.via = way
        return answer
