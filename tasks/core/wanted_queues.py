"""How short the queues towards a returned member must be, and what lost messages mean."""

from __future__ import annotations

from typing import Literal

from tasks.core.dataclass import dataclass

Discarded = Literal["report", "stop"]


@dataclass(frozen=True, slots=True)
class WantedQueues:
    """The `queues` section of a cluster, resolved.

    Args:
        margin: Messages that may wait for a returned member beyond what waited before its restart.
        discarded: Whether messages that were discarded meanwhile are told, or also stop the line.
    """

    margin: int = 100
    discarded: Discarded = "report"


USUAL_QUEUES = WantedQueues()
