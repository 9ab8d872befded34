"""What every settled member must show, from who trusts whom and who knows whom; restart by restart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import cached_property

from tasks.core.acquaintance import Known, Peers, after_meeting, known_now
from tasks.core.dataclass import dataclass
from tasks.core.expected_counts import counts_of
from tasks.core.links import links_now
from tasks.core.plan import Counts
from tasks.core.snapshot import Snapshot
from tasks.core.trust import Links, Loaded, can_connect, connected_members


@dataclass(frozen=True)
class Forecast:
    """One moment of a run; without slots, so that many steps that do not change it share its counts.

    Members that are still untouched by the run are connected as they were seen to be at its start,
    however they came to trust each other. Members gone for good stay among the known.

    Args:
        loaded: What each member's process uses, by member name.
        untouched: Members that run with what they had at the start.
        links: Who was connected with whom at the start.
        known: Whom each member counts.
        at: By which clock the dates of certificates are judged.
        peers: Whom each member is connected to.
    """

    loaded: Mapping[str, Loaded]
    untouched: frozenset[str]
    links: Links
    known: Known
    at: datetime
    peers: Peers

    @cached_property
    def counts(self) -> dict[str, Counts]:
        return counts_of(self.known, self.peers)

    def after_restart(self, member: str, loads: Loaded) -> Forecast:
        """Once the member has restarted and has loaded that; those who meet tell each other whom they know."""
        loaded = {**self.loaded, member: loads}
        untouched = self.untouched - frozenset({member})
        peers = self._peers_with(member, loads)
        known = after_meeting(self.known, peers)
        return replace(self, loaded=loaded, untouched=untouched, known=known, peers=peers)

    def _peers_with(self, member: str, loads: Loaded) -> Peers:
        """Among the others nothing changes; with the member, the certificates decide from now on."""
        others = {name: one for name, one in self.loaded.items() if name != member}
        meets = frozenset(name for name, one in others.items() if can_connect(loads, one, at=self.at))
        peers = {
            name: self.peers[name] | {member} if name in meets else self.peers[name] - {member}
            for name in others
        }
        return {name: meets if name == member else peers[name] for name in self.loaded}


def forecast_now(snapshot: Snapshot, loaded: Mapping[str, Loaded]) -> Forecast:
    """Before the first step: every member is as it was seen."""
    links, untouched = links_now(snapshot), frozenset(loaded)
    return Forecast(
        loaded=loaded,
        untouched=untouched,
        links=links,
        known=known_now(snapshot),
        at=snapshot.taken_at,
        peers=connected_members(loaded, observed=untouched, links=links, at=snapshot.taken_at),
    )
