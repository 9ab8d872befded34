"""The counts that every member is to show, by whom it knows and whom it is connected to."""

from __future__ import annotations

from functools import lru_cache

from tasks.core.acquaintance import Known, Peers
from tasks.core.plan import Counts


def counts_of(known: Known, peers: Peers) -> dict[str, Counts]:
    """Connected are the peers; disconnected is everybody else that a member knows."""
    return {name: _counts(len(peers[name]), len(known[name] - peers[name])) for name in peers}


@lru_cache(maxsize=4096)
def _counts(connected: int, disconnected: int) -> Counts:
    """The same for all who show the same: of a large cluster a plan holds many thousands."""
    return Counts(connected=connected, disconnected=disconnected)
