"""Whom a member knows: every server that it counts, be it as connected or as disconnected.

A member remembers those it ever met, over restarts; and those who meet tell each other of everybody
they know (the public source: restored servers that are not in view are published to all that are).
So members of two islands that never met count 1/0, and a member that crosses over brings the
knowledge of its island with it.
"""

from __future__ import annotations

from collections.abc import Mapping

from tasks.core.links import links_now, remotes_of, uid_of
from tasks.core.snapshot import Snapshot

Known = Mapping[str, frozenset[str]]  # per member: names of members, and retired ServerUIDs
Peers = Mapping[str, frozenset[str]]  # per member: names of the members it is connected to


def known_now(snapshot: Snapshot) -> Known:
    """Per member, whom it lists in monitor/Cluster; where it could not be asked, all others."""
    cluster = snapshot.cluster
    names = {uid_of(snapshot, member): member.name for member in cluster.members}
    names |= {uid: uid for uid in cluster.retired}
    found, links = {}, links_now(snapshot)
    for member in cluster.members:
        seen = snapshot.active(member)
        if isinstance(seen.remotes, tuple):
            listed = {names[remote.uid] for remote in remotes_of(seen) if remote.uid in names}
        else:
            listed = {other.name for other in cluster.members}
        linked = {other.name for other in cluster.members if frozenset((member.name, other.name)) in links}
        found[member.name] = frozenset(listed | linked) - {member.name}
    return found


def after_meeting(known: Known, peers: Peers) -> Known:
    """What everybody knows once those who are connected have told each other."""
    learnt: dict[str, frozenset[str]] = {}
    for name in known:
        if name not in learnt:
            circle = _circle(name, peers)
            told = circle.union(*(known[one] for one in circle))
            learnt |= {one: told - {one} for one in circle}
    return {name: learnt[name] for name in known}


def _circle(name: str, peers: Peers) -> frozenset[str]:
    """Everybody whom news of a member reaches, itself included: who is connected is so from both ends."""
    found, ahead = {name}, [name]
    while ahead:
        new = peers[ahead.pop()] - found
        found |= new
        ahead += new
    return frozenset(found)
