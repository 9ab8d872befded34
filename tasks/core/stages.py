"""Who can connect to whom, moment by moment of a migration: links, directions, groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import permutations

from tasks.core.dataclass import dataclass
from tasks.core.findings import Finding, Severity
from tasks.core.forecast import Forecast
from tasks.core.links import links_now
from tasks.core.plan import TrustStage
from tasks.core.snapshot import Snapshot
from tasks.core.trust import Links, Loaded, can_dial

NOW = "now"
FEW = 4  # pairs that a finding names
Direction = tuple[str, str]  # who dials, who accepts
Dials = frozenset[Direction]


@dataclass(frozen=True, slots=True)
class Stage:
    """One moment.

    Args:
        after: "now", or the id of the step that led to it.
        links: Who is connected with whom; between members not restarted yet, as they say themselves.
        dials: The directions that come up by what the processes have loaded.
    """

    after: str
    links: Links
    dials: Dials

    @property
    def one_way(self) -> tuple[Direction, ...]:
        """Of the pairs that are connected by one direction only, that direction."""
        return tuple(
            sorted(d for d in self.dials if d[::-1] not in self.dials and frozenset(d) in self.links)
        )


def stage_now(snapshot: Snapshot, loaded: Mapping[str, Loaded]) -> Stage:
    """Links as the members see them; directions between those whose certificates were seen."""
    return Stage(NOW, links_now(snapshot), _dials(loaded, at=snapshot.taken_at))


def one_way_findings(stage: Stage) -> tuple[Finding, ...]:
    """A warning where one direction alone keeps members connected: counts do not show it (T4)."""
    if not stage.one_way:
        return ()
    pairs = ", ".join(f"{dialer} > {acceptor}" for dialer, acceptor in stage.one_way[:FEW])
    left = len(stage.one_way) - FEW
    text = (
        f"connected by one direction only (who dials > who accepts): {pairs}"
        f"{f' and {left} more' if left > 0 else ''}; all counts look healthy, and two such members would be "
        "apart (T4)"
    )
    remedy = "a CA file is missing or another one on one side (fab credentials.matrix): fab migrate-cluster mends it"
    return (Finding("one-direction", Severity.WARNING, "", text, remedy),)


def stages_of(now: Forecast, later: Iterable[tuple[str, Forecast]]) -> tuple[Stage, ...]:
    """How it stands now, and after each step (by its id) that changes it."""
    stage = Stage(NOW, _links(now), _dials(now.loaded, at=now.at))
    found, before = [stage], now
    for step, forecast in later:
        if forecast is before:
            continue
        changed = frozenset(m for m, one in forecast.loaded.items() if one != before.loaded.get(m))
        links = _links_after(stage.links, before, forecast)
        stage = Stage(step, links, _after(stage.dials, forecast, changed=changed))
        if (stage.links, stage.dials) != (found[-1].links, found[-1].dials):
            found.append(stage)
        before = forecast
    return tuple(found)


def _links(forecast: Forecast) -> Links:
    return frozenset(frozenset((one, peer)) for one, peers in forecast.peers.items() for peer in peers)


def _links_after(links: Links, before: Forecast, forecast: Forecast) -> Links:
    """The same as `_links`, of what has changed alone: most members stay connected as they are."""
    was, is_now = before.peers, forecast.peers
    if was.keys() != is_now.keys():
        return _links(forecast)
    gone = {frozenset((one, peer)) for one, peers in is_now.items() for peer in was[one] - peers}
    new = {frozenset((one, peer)) for one, peers in is_now.items() for peer in peers - was[one]}
    return (links - gone) | new


def _dials(loaded: Mapping[str, Loaded], *, at: datetime) -> Dials:
    return frozenset(
        (one, other) for one, other in permutations(loaded, 2) if can_dial(loaded[one], loaded[other], at=at)
    )


def _after(before: Dials, forecast: Forecast, *, changed: frozenset[str]) -> Dials:
    """The directions anew where an end of them has changed."""
    touched = {
        direction
        for member in changed
        for other in forecast.loaded
        if other != member
        for direction in ((member, other), (other, member))
    }
    loaded, at = forecast.loaded, forecast.at
    return (before - touched) | {d for d in touched if can_dial(loaded[d[0]], loaded[d[1]], at=at)}


def compact(stage: Stage, members: Iterable[str]) -> TrustStage:
    """As it is kept in a plan: groups in place of links."""
    members = tuple(members)
    peers = _peers(stage.links, members)
    groups = _groups(peers, members)
    apart = tuple(
        (one, other)
        for group in groups
        for place, one in enumerate(group)
        if not peers[one].issuperset(group[place + 1 :])
        for other in group[place + 1 :]
        if other not in peers[one]
    )
    return TrustStage(after=stage.after, groups=groups, one_way=stage.one_way, apart=apart)


def groups_of(links: Links, members: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Members that hang together, directly or by others; each in the members' order."""
    members = tuple(members)
    return _groups(_peers(links, members), members)


def _peers(links: Links, members: tuple[str, ...]) -> Mapping[str, set[str]]:
    """Per member, whom it is connected with."""
    found: dict[str, set[str]] = {member: set() for member in members}
    for one, other in links:
        found[one].add(other)
        found[other].add(one)
    return found


def _groups(peers: Mapping[str, set[str]], members: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    left = dict.fromkeys(members)
    found = []
    while left:
        group, waiting = set(), [next(iter(left))]
        while waiting:
            one = waiting.pop()
            if one in group:
                continue
            group.add(one)
            left.pop(one, None)
            waiting += peers[one] & left.keys()
        found.append(tuple(member for member in members if member in group))
    return tuple(found)
