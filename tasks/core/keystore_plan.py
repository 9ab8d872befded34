"""From nodes and wish to a plan that makes the servers read their keystores from another place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from tasks.core.findings import Finding, Severity
from tasks.core.folders import Folder
from tasks.core.keystore_move import Moving
from tasks.core.keystore_wish import DATA
from tasks.core.model import Member
from tasks.core.plan import Counts, Edit, Plan, Step
from tasks.core.server_cfg import diff, file_sha256
from tasks.core.snapshot import Snapshot
from tasks.core.status import NodeStatus
from tasks.core.step_kinds import StepKind

TASK = "config.keystore"


def plan_move(
    snapshot: Snapshot, moving: Iterable[Moving], *, findings: Iterable[Finding], lines: tuple[str, ...]
) -> Plan:
    """Plan the move, a step per node, the primary of a pair first (T7).

    Args:
        snapshot: Every node seen, as if the inventory named the new places.
        moving: The nodes asked for; those whose server.cfg says it already are left alone.
        findings: No error is among them; warnings become notes.
        lines: What the inventory should say of these places, each with its file and line.

    Returns:
        The plan; without steps if there is nothing to do. Nothing in it restarts a server.
    """
    cluster = snapshot.cluster
    found = {one.node.name: one for one in moving if any(move.renames for move in one.moves)}
    ordered = [
        found[name] for member in cluster.members for name in primary_first(snapshot, member) if name in found
    ]
    counts = counts_now(snapshot)
    steps = (Step(kind=StepKind.MOVE_KEYSTORE, target=one.node.name, expected=counts) for one in ordered)
    return Plan(
        cluster=cluster.key,
        cluster_name=cluster.cluster_name,
        task=TASK,
        why="server.cfg is read once, at the start of a server: nothing changes before a restart",
        steps=tuple(steps),
        targets={},
        before={},
        edits={one.node.name: _edit(one) for one in ordered},
        baseline=counts,
        pairs=tuple(m.name for m in cluster.members if m.is_pair),
        addresses={},
        notes=_notes(ordered, findings, lines) if ordered else (),
    )


def primary_first(snapshot: Snapshot, member: Member) -> tuple[str, ...]:
    """The nodes' names in the order in which files go there: a sync takes the primary's (T7)."""
    first = snapshot.active(member).node.name
    return (first, *(node.name for node in member.nodes if node.name != first))


def counts_now(snapshot: Snapshot) -> dict[str, Counts]:
    """What each member shows; those that show nothing are left out: no step needs them."""
    found = {}
    for member in snapshot.cluster.members:
        status = snapshot.active(member).status
        if not isinstance(status, NodeStatus):
            continue
        connected, disconnected = status.cluster.connected, status.cluster.disconnected
        if connected is not None and disconnected is not None:
            found[member.name] = Counts(connected=connected, disconnected=disconnected)
    return found


def _edit(one: Moving) -> Edit:
    old, new = one.files.cfg.text, one.text
    truststore = one.truststore.new.path if one.truststore and one.truststore.renames else None
    return Edit(
        path=str(one.files.cfg_path),
        keystore=str(one.keystore.new.path) if one.keystore.renames else None,
        truststore=None if truststore is None else str(truststore),
        old_sha256=file_sha256(old),
        new_sha256=file_sha256(new),
        diff=diff(old, new),
        carried=tuple(off.name for move in one.moves for off in move.shortfall() if "/" not in off.name),
    )


def _notes(moving: list[Moving], findings: Iterable[Finding], lines: tuple[str, ...]) -> tuple[str, ...]:
    members = ", ".join(f"fab restart {name}" for name in dict.fromkeys(one.node.member for one in moving))
    return (
        f"It takes effect with the next restart, a crash or a reboot included: {members}",
        "Restart soon: until then the running servers write what is uploaded to them into the former keystore",
        "The former directories stay as they are; the way back:",
        *(f"  {line}" for line in back_lines(moving)),
        *_sync_notes(moving),
        *(f"[{f.where}] {f.problem} -> {f.remedy}" for f in findings if f.severity is Severity.WARNING),
        *lines,
    )


def _sync_notes(moving: list[Moving]) -> Iterator[str]:
    for one in moving:
        for move in one.moves:
            if not one.in_pair or not move.renames:
                continue
            was, will = _synced(one, move.old), _synced(one, move.new)
            if was and not will:
                yield (
                    f"[{one.node.name}] HA sync does not cover {move.new.path}, outside of data/certificates: "
                    "keep it alike on both nodes of the pair by hand (this tool places on both)"
                )
            elif will and not was:
                yield (
                    f"[{one.node.name}] {move.new.path} lies in data/certificates: HA sync covers it again, and "
                    "gives the standby the primary's files (T7)"
                )


def _synced(one: Moving, folder: Folder | None) -> bool:
    return folder is not None and one.is_synced(folder.real)


def back_lines(moving: Sequence[Moving]) -> tuple[str, ...]:
    """The commands that make the servers read the former places again; one for all nodes if that is possible."""
    literal = {one.node.name: _command(one, short=False) for one in moving}
    typed = {one.node.name: _command(one, short=True) for one in moving}
    for commands in (literal, typed):
        if len(set(commands.values())) == 1 and len(commands) > 1:
            return (next(iter(commands.values())),)
    return tuple(f"{command} --node {name}" for name, command in literal.items())


def _command(one: Moving, *, short: bool) -> str:
    """Both places of before, also the one that stays: the task wants a keystore."""
    if one.keystore.old is None:
        return f"(none: server.cfg named no keystore) fab {TASK} PATH"
    keystore = _typed(one, one.keystore.old.path, short=short)
    former = one.truststore.old if one.truststore and one.truststore.renames else None
    truststore = f" --truststore {_typed(one, former.path, short=short)}" if former else ""
    return f"fab {TASK} {keystore}{truststore}"


def _typed(one: Moving, path: PurePosixPath, *, short: bool) -> str:
    data = one.node.paths.data_dir
    text = f"{DATA}/{path.relative_to(data)}" if short and path.is_relative_to(data) else str(path)
    return f"'{text}'" if " " in text else text
