"""Simulated publishers: what a gateway holds for the other members, computed when it is asked.

Nothing runs for it. Messages for every known member arrive at a fixed rate; they are forwarded at once
while it is connected, and kept up to a bound while it is not. All seconds are simulated ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tasks.core.dataclass import dataclass

ARRIVAL_PER_S = 20.0  # messages for each member
DRAIN_PER_S = 1000.0  # by which a queue gets shorter while it is forwarded
BOUND = 8000  # messages kept for one member: those of 400 s; what comes after them is discarded
IN_FLIGHT = 3  # fewer than this are on their way in a queue that is forwarded


@dataclass(frozen=True, slots=True)
class Queue:
    """The messages for one member at one moment, and whether they are forwarded from then on."""

    at_s: float
    connected: bool = False
    flows: bool = False
    held: float = 0.0
    lost: float = 0.0

    @property
    def buffered(self) -> int:
        """BufferedMsgs."""
        on_their_way = int(self.at_s * ARRIVAL_PER_S) % IN_FLIGHT if self.flows else 0
        return int(self.held) + on_their_way

    @property
    def discarded(self) -> int:
        """DiscardedMsgs since the process began."""
        return int(self.lost)

    def at(self, now_s: float) -> Queue:
        """The same queue later, if nothing happened in between."""
        passed_s = max(0.0, now_s - self.at_s)
        if self.flows:
            return replace(self, at_s=now_s, held=max(0.0, self.held - DRAIN_PER_S * passed_s))
        come = self.held + ARRIVAL_PER_S * passed_s
        held = min(come, BOUND)
        return replace(self, at_s=now_s, held=held, lost=self.lost + come - held)

    def seen(self, now_s: float, *, connected: bool, stuck: bool, drops: float) -> Queue:
        """The same queue later, and how it goes on.

        Args:
            connected: Whether the member is Active now.
            stuck: Its messages are not forwarded although it is.
            drops: As many are discarded if it has just become connected.
        """
        now = self.at(now_s)
        lost = now.lost + (drops if connected and not self.connected else 0.0)
        return replace(now, connected=connected, flows=connected and not stuck, lost=lost)


class Traffic:
    """The queues of one process. They are gone with it; its publishers come with State 1."""

    def __init__(self) -> None:
        self._began = False
        self._queues: dict[str, Queue] = {}

    def begin(self) -> None:
        """State 1 is reached."""
        self._began = True

    def seen(
        self, connected: Mapping[str, bool], *, now_s: float, stuck: bool, drops: float
    ) -> Mapping[str, Queue]:
        """By ServerUID, the queues of all known members; to be asked whenever a connection changes, too.

        Args:
            connected: By ServerUID, whether the member is Active now.
        """
        if not self._began:
            return {}
        for uid, active in connected.items():
            queue = self._queues.get(uid, Queue(now_s))
            self._queues[uid] = queue.seen(now_s, connected=active, stuck=stuck, drops=drops)
        return dict(self._queues)
