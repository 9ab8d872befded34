"""Whether a server would be connected with anybody after a start, by what lies on its disk (AMLEN.md §2)."""

from __future__ import annotations

from datetime import timedelta

from tasks.core.certificates import Certificate
from tasks.core.observed import ca_on_disk, loaded_now
from tasks.core.pending import will_load
from tasks.core.revocation_reading import ListFault, parse_list
from tasks.core.snapshot import NodeFiles, NodeSnapshot, Snapshot
from tasks.core.trust import Loaded, dial_refusal


def alone_after_start(snapshot: Snapshot, seen: NodeSnapshot, chain: tuple[Certificate, ...]) -> str:
    """Why no connection would come up, by chain, EKU or dates; "" if one would, or if nothing can be said.

    Neither with what the others run with, nor with what a restart would make them load, nor with a second
    server of the same files. By the node's own clock.

    Args:
        chain: Of its certificate file, leaf first.
    """
    peers = _peers(snapshot, seen.node.member)
    if not isinstance(seen.files, NodeFiles) or not peers:
        return ""
    disk = Loaded(chain, ca_on_disk(seen.files), _list(seen.files.crl))
    at = snapshot.taken_at + timedelta(seconds=seen.files.clock_offset_s)
    refusals: list[str | None] = []
    for peer in (disk, *peers):
        refusals += (dial_refusal(disk, peer, at=at), dial_refusal(peer, disk, at=at))
    return "" if None in refusals or not disk.trusted else str(refusals[0])


def _peers(snapshot: Snapshot, member: str) -> tuple[Loaded, ...]:
    """What the other members run with, and what a restart of theirs would load."""
    others = [other for other in snapshot.cluster.members if other.name != member]
    now = loaded_now(snapshot)
    running = [now[other.name] for other in others if other.name in now]
    coming = [loads for other in others if (loads := will_load(snapshot, other)) is not None]
    return tuple(dict.fromkeys((*running, *coming)))


def _list(crl: bytes) -> bytes | None:
    try:
        return parse_list(crl).der if crl else None
    except ListFault:
        return None
