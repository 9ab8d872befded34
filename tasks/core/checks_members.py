"""Checks of who sees whom: the counts, and every ServerUID that a member knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tasks.core.acquaintance import known_now
from tasks.core.findings import Finding, Severity
from tasks.core.islands import islands_of, products_of
from tasks.core.links import explained_by_trust, remotes_of, uid_of
from tasks.core.snapshot import NodeSnapshot, Snapshot
from tasks.core.status import NodeStatus

GROW_UP = "wait until it has settled, then: fab status"


def cluster_active(snapshot: Snapshot) -> Iterator[Finding]:
    """Counts as the baseline says: everybody connected but the retired ones.

    Halves that the certificates explain are what a migration leaves when it is given up half way:
    not healthy, but a start that a plan can be made from.
    """
    wanted = len(snapshot.cluster.members) - 1
    off = {}
    for member in snapshot.cluster.members:
        seen = snapshot.active(member)
        if not isinstance(seen.status, NodeStatus) or seen.status.is_standby:
            continue  # a standby speaks for nobody: its primary was not seen, and that is said
        cluster = seen.status.cluster
        if cluster.status != "Active":
            text = f"Cluster status {cluster.status}, wanted Active"
            yield _error("cluster-status", seen.node.name, text, GROW_UP)
            continue
        gone = sum(1 for r in remotes_of(seen) if r.uid in snapshot.cluster.retired)
        found, due = f"{cluster.connected}/{cluster.disconnected}", f"{wanted}/{gone}"
        if found != due:
            off[member.name] = (seen, found, due)
    yield from _off(snapshot, off)


def _off(snapshot: Snapshot, off: Mapping[str, tuple[NodeSnapshot, str, str]]) -> Iterator[Finding]:
    """Other counts than due: of two islands, of halves that the certificates explain, or unexplained."""
    explained, known = explained_by_trust(snapshot), known_now(snapshot)
    home = {name: len(island.members) - 1 for island in islands_of(snapshot) for name in island.members}
    for name, (seen, found, due) in off.items():
        problem = f"connected/disconnected is {found}, wanted {due}"
        if name in home and found == f"{home[name]}/{len(known[name]) - home[name]}":
            yield from _on_island(snapshot, seen, problem)
            continue
        peers = len(explained.get(name, ()))
        by_trust = bool(explained) and found == f"{peers}/{len(known[name]) - peers}"
        yield _counts(seen, problem, explained=by_trust)


def _on_island(snapshot: Snapshot, seen: NodeSnapshot, problem: str) -> Iterator[Finding]:
    """A legal start where the inventory says so, and then one finding for the whole cluster."""
    if not snapshot.cluster.islands:
        text = f"{problem}: it is connected with the members of its own product only"
        remedy = "if both products still run on their built-in pairs: set `islands: true` for the cluster"
        yield _error("counts", seen.node.name, text, remedy)


def _counts(seen: NodeSnapshot, problem: str, *, explained: bool) -> Finding:
    if explained:
        text = f"{problem}: the certificates in use keep it apart from the others, each half works"
        remedy = "fab migrate-cluster joins the halves (an open run: --resume)"
        return Finding("apart", Severity.WARNING, seen.node.name, text, remedy)
    remedy = "bring the missing members back, or list those gone for good under `retired:` by ServerUID"
    return _error("counts", seen.node.name, problem, remedy)


def members_known(snapshot: Snapshot) -> Iterator[Finding]:
    """Every ServerUID that a member sees is in the inventory or retired, and each sees all others.

    Members on two islands may never have met; what keeps them apart is judged by their counts.
    """
    uids = {m.name: uid_of(snapshot, m) for m in snapshot.cluster.members}
    strangers, products = _strangers(snapshot, uids), products_of(snapshot)
    may_be_strangers = snapshot.cluster.islands or bool(islands_of(snapshot))
    for member in snapshot.cluster.members:
        seen = snapshot.active(member)
        if not isinstance(seen.remotes, tuple):
            continue
        yield from _remotes(seen, strangers)
        for name, uid in uids.items():
            other_island = may_be_strangers and products[name] is not products[member.name]
            if name != member.name and uid and uid not in _uids(seen) and not other_island:
                text = f"does not know member {name}"
                yield _error("member-unseen", seen.node.name, text, "is it in the same cluster?")
    yield from _same_uid_twice(uids)


def _remotes(seen: NodeSnapshot, strangers: frozenset[str]) -> Iterator[Finding]:
    for remote in remotes_of(seen):
        if remote.uid in strangers:
            yield _error(
                "unknown-member",
                seen.node.name,
                f"sees server {remote.uid} ({remote.name}, {remote.status}), which is not in the inventory",
                "add it to `members:`, or to `retired:` if it is gone for good",
            )
        elif remote.status == "Connecting":
            text = f"{remote.name} ({remote.uid}) is Connecting: control is up, forwarding is not"
            remedy = "look at port 9105 between the two, then: fab status"
            yield _error("forwarding", seen.node.name, text, remedy)


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


def _uids(seen: NodeSnapshot) -> frozenset[str]:
    return frozenset(remote.uid for remote in remotes_of(seen))


def _error(name: str, where: str, problem: str, remedy: str) -> Finding:
    return Finding(name, Severity.ERROR, where, problem, remedy)
