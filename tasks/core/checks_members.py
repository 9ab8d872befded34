"""Checks of who sees whom: the counts, and every ServerUID that a member knows."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.core.findings import Finding, Severity
from tasks.core.model import Member
from tasks.core.snapshot import NodeSnapshot, Snapshot
from tasks.core.status import NodeStatus, RemoteMember

GROW_UP = "wait until it has settled, then: fab status"


def cluster_active(snapshot: Snapshot) -> Iterator[Finding]:
    """Counts as the baseline says: everybody connected but the retired ones."""
    wanted = len(snapshot.cluster.members) - 1
    for member in snapshot.cluster.members:
        seen = snapshot.active(member)
        if not isinstance(seen.status, NodeStatus) or seen.status.is_standby:
            continue  # a standby speaks for nobody: its primary was not seen, and that is said
        cluster = seen.status.cluster
        if cluster.status != "Active":
            text = f"Cluster status {cluster.status}, wanted Active"
            yield _error("cluster-status", seen.node.name, text, GROW_UP)
            continue
        gone = sum(1 for r in _remotes(seen) if r.uid in snapshot.cluster.retired)
        found, due = f"{cluster.connected}/{cluster.disconnected}", f"{wanted}/{gone}"
        if found != due:
            yield _error(
                "counts",
                seen.node.name,
                f"connected/disconnected is {found}, wanted {due}",
                "bring the missing members back, or list those gone for good under `retired:` by ServerUID",
            )


def members_known(snapshot: Snapshot) -> Iterator[Finding]:
    """Every ServerUID that a member sees is in the inventory or retired, and each sees all others."""
    uids = {m.name: _uid(snapshot, m) for m in snapshot.cluster.members}
    strangers = _strangers(snapshot, uids)
    for member in snapshot.cluster.members:
        seen = snapshot.active(member)
        if not isinstance(seen.remotes, tuple):
            continue
        for remote in _remotes(seen):
            if remote.uid in strangers:
                yield _error(
                    "unknown-member",
                    seen.node.name,
                    f"sees server {remote.uid} ({remote.name}, {remote.status}), which is not in the inventory",
                    "add it to `members:`, or to `retired:` if it is gone for good",
                )
            elif remote.status == "Connecting":
                text = f"{remote.name} ({remote.uid}) is Connecting: control is up, forwarding is not"
                yield _error(
                    "forwarding", seen.node.name, text, "look at port 9105 between the two, then: fab status"
                )
        missing = [n for n, uid in uids.items() if n != member.name and uid and uid not in _uids(seen)]
        for name in missing:
            yield _error(
                "member-unseen", seen.node.name, f"does not know member {name}", "is it in the same cluster?"
            )
    yield from _same_uid_twice(uids)


def _same_uid_twice(uids: dict[str, str]) -> Iterator[Finding]:
    by_uid: dict[str, str] = {}
    for name, uid in uids.items():
        if uid and uid in by_uid:
            text = f"has the same ServerUID {uid} as {by_uid[uid]}"
            yield _error(
                "same-server", name, text, "two names for one server: correct the hosts in the inventory"
            )
        by_uid.setdefault(uid, name)


def _strangers(snapshot: Snapshot, uids: dict[str, str]) -> frozenset[str]:
    """ServerUIDs that belong to nobody; each may be that of a member that does not answer."""
    seen = {uid for member in snapshot.cluster.members for uid in _uids(snapshot.active(member))}
    strange = seen - {uid for uid in uids.values() if uid} - snapshot.cluster.retired
    silent = sum(1 for uid in uids.values() if not uid)
    return frozenset(strange) if len(strange) > silent else frozenset()


def _uid(snapshot: Snapshot, member: Member) -> str:
    """Both nodes of a pair report the same one: either will do. "" if none answers."""
    statuses = [snapshot.nodes[node.name].status for node in member.nodes]
    return next((status.server.uid for status in statuses if isinstance(status, NodeStatus)), "")


def _remotes(seen: NodeSnapshot) -> tuple[RemoteMember, ...]:
    return seen.remotes if isinstance(seen.remotes, tuple) else ()


def _uids(seen: NodeSnapshot) -> frozenset[str]:
    return frozenset(remote.uid for remote in _remotes(seen))


def _error(name: str, where: str, problem: str, remedy: str) -> Finding:
    return Finding(name, Severity.ERROR, where, problem, remedy)
