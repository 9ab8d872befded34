"""Which member is restarted last and watches the others go."""

from __future__ import annotations

from tasks.core.snapshot import Snapshot
from tasks.core.status import Membership


def choose_observer(snapshot: Snapshot, *, asked: str | None, moving: frozenset[str]) -> str:
    """The member restarted last: a single one before a pair, never the only discovery seed.

    Args:
        snapshot: Every node seen.
        asked: By the operator; else the inventory's, else the tool chooses.
        moving: The members that are to be restarted at all; chosen from, unless there is none.
    """
    cluster = snapshot.cluster
    chosen = asked or cluster.observer
    if chosen is not None:
        return chosen
    seed = _only_seed(snapshot)
    members = [m for m in cluster.members if m.name in moving] or list(cluster.members)
    candidates = [m.name for m in members if not m.is_pair] or [m.name for m in members]
    others = [name for name in candidates if name != seed]
    fallback = [m.name for m in members if m.name != seed] or candidates
    return (others or fallback)[-1]


def _only_seed(snapshot: Snapshot) -> str | None:
    seeds: set[str] = set()
    owner: dict[str, str] = {}
    for seen in snapshot.nodes.values():
        if isinstance(seen.membership, Membership):
            seeds |= {item.rsplit(":", 1)[0] for item in seen.membership.discovery_server_list}
            owner[seen.control_address[0]] = seen.node.member
    members = {owner.get(seed, seed) for seed in seeds}
    return members.pop() if len(members) == 1 else None
