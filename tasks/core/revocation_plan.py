"""From nodes and a list to a plan that places it, or takes what is there away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from tasks.core.file_names import HA
from tasks.core.findings import Finding, Severity
from tasks.core.keystore_plan import counts_now, primary_first
from tasks.core.model import Cluster, Member, Node
from tasks.core.places import WORK_NAME
from tasks.core.plan import Counts, ListChange, Plan, Step
from tasks.core.revocation import RevocationList, limits_of
from tasks.core.revocation_nodes import list_sha256
from tasks.core.revocation_wish import TASK, ListWish
from tasks.core.snapshot import NodeFiles, Snapshot
from tasks.core.step_kinds import StepKind

_READ = "A list is read at the start of a server only"
_PLAN_WHY = "files alone: no server is restarted"


def nodes_meant(cluster: Cluster, wish: ListWish) -> tuple[Node, ...]:
    """All nodes; for the HA channel those of pairs."""
    members = (member for member in cluster.members if member.is_pair or wish.names is not HA)
    return tuple(node for member in members for node in member.nodes)


def plan_list(
    snapshot: Snapshot,
    wish: ListWish,
    *,
    sha256: str | None,
    found: RevocationList | None,
    findings: Iterable[Finding],
) -> Plan:
    """Plan the change, a step per node, the primary of a pair first (T7); nothing in it restarts a server.

    Args:
        snapshot: Every node seen; of those whose files could not be seen nothing is planned.
        sha256: Of the file that is placed; None where lists are removed.
        found: What is placed; None where lists are removed.
        findings: No error is among them; warnings become notes.

    Returns:
        The plan; without steps if there is nothing to do.
    """
    cluster, counts = snapshot.cluster, counts_now(snapshot)
    changes = dict(_changes(snapshot, wish, sha256))
    return Plan(
        cluster=cluster.key,
        cluster_name=cluster.cluster_name,
        task=TASK,
        why=_PLAN_WHY if changes else _nothing(wish, sha256),
        steps=tuple(_steps(changes, counts, sha256)),
        targets={},
        before={},
        baseline=counts,
        pairs=tuple(m.name for m in cluster.members if m.is_pair),
        addresses={},
        lists=changes,
        notes=_notes(cluster, changes, found, findings, at=snapshot.taken_at) if changes else (),
    )


def _changes(snapshot: Snapshot, wish: ListWish, sha256: str | None) -> Iterator[tuple[str, ListChange]]:
    meant = {node.name for node in nodes_meant(snapshot.cluster, wish)}
    for member in snapshot.cluster.members:
        for name in primary_first(snapshot, member):
            files = snapshot.nodes[name].files
            if name not in meant or not isinstance(files, NodeFiles):
                continue
            before = list_sha256(files, wish.names.crl)
            if before != sha256:
                yield name, ListChange(name=wish.names.crl, old_sha256=before, new_sha256=sha256)


def _steps(
    changes: Mapping[str, ListChange], counts: dict[str, Counts], sha256: str | None
) -> Iterator[Step]:
    kind = StepKind.REMOVE_CRL if sha256 is None else StepKind.PLACE_CRL
    return (Step(kind=kind, target=name, expected=counts) for name in changes)


def _nothing(wish: ListWish, sha256: str | None) -> str:
    if sha256 is None:
        return (
            f"no node has a {wish.names.crl}; a server that was started with one forgets it at its next start"
        )
    return f"{wish.names.crl} of this machine lies on every node; a server reads it at its next start"


def _notes(
    cluster: Cluster,
    changes: Mapping[str, ListChange],
    found: RevocationList | None,
    findings: Iterable[Finding],
    *,
    at: datetime,
) -> tuple[str, ...]:
    touched = [m for m in cluster.members if any(node.name in changes for node in m.nodes)]
    return (
        f"{_READ}: this takes effect with each server's next one, asked for or not (a crash, a reboot): "
        + restart_commands(touched),
        *(_placed_notes(found, at, changes) if found else ()),
        *(_kept_notes(changes)),
        *_warnings(findings),
    )


def restart_commands(members: Iterable[Member]) -> str:
    """One command per member, in inventory order."""
    return ", ".join(f"fab restart {member.name}" for member in members)


def _placed_notes(found: RevocationList, at: datetime, changes: Mapping[str, ListChange]) -> Iterator[str]:
    yield from dict.fromkeys(limits_of(change.name) for change in changes.values())
    if found.next_update is None:
        yield "It has no end of validity"
        return
    days = round((found.next_update - at) / timedelta(days=1))
    yield (
        f"From {found.next_update:%Y-%m-%d %H:%M} UTC on (in {days} days) nobody connects to a server that has "
        "loaded it; before that day: a newer list (--days 90 --place) and a restart of every member again"
    )


def _kept_notes(changes: Mapping[str, ListChange]) -> Iterator[str]:
    if any(change.old_sha256 is not None for change in changes.values()):
        yield f"The former list is kept on the node: DATA/data/{WORK_NAME}/RUN/backup"


def _warnings(findings: Iterable[Finding]) -> Iterator[str]:
    """The same on several nodes once."""
    alike: dict[str, list[str]] = {}
    for one in findings:
        if one.severity is Severity.WARNING:
            alike.setdefault(f"{one.problem} -> {one.remedy}", []).append(one.where)
    return (f"[{', '.join(wheres)}] {text}" for text, wheres in alike.items())
