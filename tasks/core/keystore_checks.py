"""What must be right before a keystore moves; every fault at once, and nothing is changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from tasks.core.findings import Finding, Severity
from tasks.core.folders import Folder, Kind, State
from tasks.core.keystore_move import Move, Moving, foreign_owners
from tasks.core.places import WORK_NAME, data_of
from tasks.core.server_cfg import parse
from tasks.core.snapshot import NodeFiles, Snapshot

ADMIN_FILES = ("AdminDefaultCert.pem", "AdminDefaultKey.pem")
FILE_FINDINGS = frozenset({"ssh", "files", "not-writable", "no-space"})  # of `check_cluster`
_CFG_MISSING = frozenset({"cfg-keystore-missing", "cfg-truststore-missing"})
_VOLATILE = frozenset({"tmpfs", "ramfs"})
_ROOM_BYTES = 1024 * 1024  # beside the copies: the staged server.cfg, the backup


def move_findings(snapshot: Snapshot, moving: Iterable[Moving]) -> tuple[Finding, ...]:
    """All findings about the nodes whose keystore shall move, and about those that stay as they are."""
    moves = tuple(moving)
    by_node = {one.node.name: one for one in moves}
    found = [finding for one in moves for finding in _node(snapshot, one)]
    for name, seen in snapshot.nodes.items():
        if name not in by_node and isinstance(seen.files, NodeFiles):
            left = seen.files.cfg.findings(where=f"{name}:{seen.files.cfg_path}")
            found += [f for f in left if f.name in _CFG_MISSING]
    return tuple(found)


def _node(snapshot: Snapshot, one: Moving) -> Iterator[Finding]:
    where = f"{one.node.name}:{one.files.cfg_path}"
    yield from (f for f in parse(one.text).findings(where=where) if f.severity is Severity.ERROR)
    for move in one.moves:
        yield from _target(one, move)
        if move.source is not None:
            yield from _nested(one, move, source=move.source)
            yield from _source(one, move.source)
            yield from _unlike(one, move)
    yield from _apart(one)
    yield from _owners(one)
    yield from _space(one)
    yield from _admin(one)
    yield from _pair(snapshot, one)


def _error(name: str, one: Moving, problem: str, remedy: str) -> Finding:
    return Finding(name, Severity.ERROR, one.node.name, problem, remedy)


def _warning(name: str, one: Moving, problem: str, remedy: str) -> Finding:
    return Finding(name, Severity.WARNING, one.node.name, problem, remedy)


def _target(one: Moving, move: Move) -> Iterator[Finding]:
    new = move.new
    if new.state is State.OTHER:
        yield _error("target-no-directory", one, f"{new.path} is no directory", "name another path")
    elif new.state is State.CLOSED:
        text = f"{new.path} cannot be looked into by our login (owner {new.owner}, mode {new.mode})"
        yield _error("target-unreadable", one, text, "set `ssh.sudo: true`, or correct owner and mode")
    elif not new.reachable:
        text = f"the service user {one.files.service_user} cannot get to {new.path}"
        yield _error("target-unreadable", one, text, "correct owner and mode of it and of what is above it")
    if new.real.is_relative_to(one.files.resolved(data_of(one.node)) / WORK_NAME):
        text = f"{new.path} lies in the work directory of this tool, which is cleaned"
        yield _error("target-nested", one, text, "name another path")
    if new.file_system in _VOLATILE:
        text = f"{new.path} lies on a {new.file_system}: it is empty after a reboot (T11)"
        yield _warning("target-volatile", one, text, "name a path on a disk")


def _nested(one: Moving, move: Move, *, source: Folder) -> Iterator[Finding]:
    for other in one.moves:
        new = other.new
        if _touch(source.real, new.real):
            text = f"{new.path} and the former {move.what} {source.path} lie one in the other"
            yield _error("target-nested", one, text, "name a path beside it: each is carried as a whole")


def _apart(one: Moving) -> Iterator[Finding]:
    """A new keystore and a new truststore are two directories."""
    if one.truststore is None:
        return
    key, trust = one.keystore.new, one.truststore.new
    if key.real == trust.real or _touch(key.real, trust.real):
        text = f"{key.path} and {trust.path} are the same, or lie one in the other"
        yield _error("target-nested", one, text, "give keystore and truststore a directory of their own each")


def _touch(one: PurePosixPath, other: PurePosixPath) -> bool:
    return one != other and (one.is_relative_to(other) or other.is_relative_to(one))


def _source(one: Moving, source: Folder) -> Iterator[Finding]:
    whys = {
        Kind.CLOSED: "a directory that our login may not look into",
        Kind.DEEP: "too deep below the others to be looked through",
        Kind.OTHER: "neither a file nor a directory",
        Kind.DANGLING: "a link to nothing, and is left behind",
    }
    for item in source.items:
        why = whys.get(item.kind, "a file that our login may not read" if item.sha256 == "unreadable" else "")
        if item.kind is Kind.DANGLING:
            yield _warning(
                "link-to-nothing", one, f"{source.path}/{item.name} is {why}", "remove it, or mend it"
            )
        elif why:
            text = f"{source.path}/{item.name} is {why}: it could not be carried"
            yield _error("source-unreadable", one, text, "set `ssh.sudo: true`, or move it away")


def _unlike(one: Moving, move: Move) -> Iterator[Finding]:
    for off in move.shortfall():
        if not off.missing:
            text = f"{move.new.path}/{off.name} {off.problem}; nothing there is ever overwritten"
            remedy = f"look at both; keep what is right in {move.old.path if move.old else ''}, move the other away"
            yield _error("target-differs", one, text, remedy)


def _owners(one: Moving) -> Iterator[Finding]:
    foreign = foreign_owners(one)
    if foreign and one.files.login_uid != 0:
        text = f"only root can keep the owner of {', '.join(foreign)}"
        yield _error("owner-not-kept", one, text, "set `ssh.sudo: true`, or give them to the service user")


def _space(one: Moving) -> Iterator[Finding]:
    size = sum(item.size_bytes for move in one.moves if move.source for item in move.source.items)
    if size + _ROOM_BYTES > one.files.free_bytes:
        text = f"{size // 1024} KiB are to be carried, {one.files.free_bytes // 1024} KiB are free"
        yield _error("no-space", one, text, "make room on the file system of the new place")


def _admin(one: Moving) -> Iterator[Finding]:
    """The admin endpoint's own files, as they would be after the move (T11)."""
    lacking = lacking_admin_files(one)
    if lacking:
        text = (
            f"{one.keystore.new.path} would have no {' and no '.join(lacking)} that the service user can read: "
            "after the next restart the admin API would not come up (T11)"
        )
        yield _error("keystore-without-admin", one, text, "put the admin endpoint's files into it first")


def lacking_admin_files(one: Moving) -> tuple[str, ...]:
    """Those that the new keystore would not have, or that the service user could not read there."""
    move = one.keystore
    there = {**(move.source.by_name if move.source else {}), **move.new.by_name}
    return tuple(
        name
        for name in ADMIN_FILES
        if name not in there or there[name].kind is not Kind.FILE or not there[name].readable
    )


def _pair(snapshot: Snapshot, one: Moving) -> Iterator[Finding]:
    """HA sync gives the standby the primary's tree (T7): both nodes must name the same place in it."""
    if not one.in_pair:
        return
    for other in snapshot.cluster.member(one.node.member).nodes:
        files = snapshot.nodes[other.name].files
        if other.name == one.node.name or not isinstance(files, NodeFiles):
            continue
        there = other.paths.keystore or files.keystore
        if _in_data(one, one.keystore.new.path) == (there and _in_data_of(other.paths.data_dir, there)):
            continue
        inside = one.is_synced(one.keystore.new.real)
        text = f"{other.name}, the other node of the pair, would keep {there}"
        if inside:
            text += (
                ": a sync replaces the standby's tree by the primary's, and one of them loses its keystore"
            )
        remedy = "move both: leave out --node"
        yield (_error if inside else _warning)("pair-unlike", one, text, remedy)


def _in_data(one: Moving, path: PurePosixPath) -> str:
    return _in_data_of(one.node.paths.data_dir, path)


def _in_data_of(data_dir: PurePosixPath, path: PurePosixPath) -> str:
    """A path by what it is below the data directory: the nodes of a pair may have theirs elsewhere."""
    return str(path.relative_to(data_dir)) if path.is_relative_to(data_dir) else str(path)
