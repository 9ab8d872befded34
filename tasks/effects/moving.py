"""Move a keystore: carry all of it to its new place, see that it is whole there, then name it in server.cfg.

The former directories stay as they are. Broken off anywhere, server.cfg names a directory that is whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import PurePosixPath

from tasks.core.errors import RemoteError
from tasks.core.folders import State
from tasks.core.keystore_checks import lacking_admin_files
from tasks.core.keystore_move import Move, Moving
from tasks.core.model import Node
from tasks.core.plan import Edit, Step
from tasks.core.server_cfg import file_bytes
from tasks.core.snapshot import NodeFiles
from tasks.effects import keystore_scripts
from tasks.effects.file_access import ABSENT, sh
from tasks.effects.files import Delivery, back_up, stage
from tasks.effects.folders import look_at_folders
from tasks.effects.looking import look_at_files
from tasks.effects.placing import places_of
from tasks.effects.primary_first import primary_before
from tasks.effects.remote import Remote
from tasks.effects.run import RESUME, Run

CFG = "server.cfg"


def move_keystore(run: Run, step: Step) -> str:
    """Make the node's server.cfg name the planned places, once everything lies there; safe to repeat.

    Raises:
        RemoteError: server.cfg is another than planned, or a place is not as it must be; the server reads
            the former places on, or where it says so, the new ones.
    """
    node = run.site.cluster.node(step.target)
    for first in primary_before(run, node, run.plan.edits):
        _move(run, first)
    carried = _move(run, node)
    places = [
        path for path in (run.plan.edits[node.name].keystore, run.plan.edits[node.name].truststore) if path
    ]
    return f"server.cfg names {' and '.join(places)}, {carried}; loaded at the next restart"


def _move(run: Run, node: Node) -> str:
    change = run.plan.edits[node.name]
    remote = run.remote(node)
    files = look_at_files(remote)
    if files.cfg_sha256 == change.new_sha256:
        _require_named(remote, files, change)
        return "as it does already"
    if files.cfg_sha256 != change.old_sha256:
        raise RemoteError(
            "server.cfg was changed since the plan was made",
            node=node.name,
            remedy=f"look at the change; fab migrate-cluster --break-lock {run.record.id}, then a new plan: fab plan",
        )
    moving = moving_of(remote, files)
    number = _carry(remote, moving)
    _switch(run, node, moving)
    _require_named(remote, look_at_files(remote), change)
    return f"{number} files in them"


def moving_of(remote: Remote, files: NodeFiles) -> Moving:
    """What there is to move on a node whose `paths` name the places that shall be.

    Raises:
        RemoteError: The directories cannot be looked at.
    """
    paths = remote.node.paths
    keystore, truststore = paths.keystore or files.keystore or ABSENT, paths.truststore
    named = (files.keystore, keystore, files.truststore if truststore else None, truststore)
    found = look_at_folders(remote, files, [path for path in named if path]).by_path

    def move(what: str, old: PurePosixPath | None, new: PurePosixPath) -> Move:
        return Move(what, found[old] if old else None, found[new])

    return Moving(
        remote.node,
        files,
        move("keystore", files.keystore, keystore),
        move("truststore", files.truststore, truststore) if truststore else None,
    )


def _carry(remote: Remote, moving: Moving) -> int:
    """Copy what is not there yet, and read all of it back. Returns the number of files in the new places."""
    pairs: list[PurePosixPath] = [
        path for move in moving.moves if move.source for path in (move.source.path, move.new.path)
    ]
    if pairs:
        owner = moving.files.service_user
        sh(remote, keystore_scripts.CARRY, owner, *pairs, acting=moving.acting, what="carry the keystore")
    after = moving_of(remote, moving.files)
    for move in after.moves:
        _require_whole(remote, move)
    lacking = lacking_admin_files(after)
    if lacking:
        raise _not_whole(remote, f"{after.keystore.new.path} has no {' and no '.join(lacking)} (T11)")
    return sum(len(move.new.items) for move in after.moves)


def _require_whole(remote: Remote, move: Move) -> None:
    if move.new.state is not State.DIRECTORY or not move.new.reachable:
        raise _not_whole(remote, f"{move.new.path} is {move.new.state}, or the service user cannot get to it")
    for off in move.shortfall():
        raise _not_whole(remote, f"{move.new.path}/{off.name} {off.problem}")


def _not_whole(remote: Remote, problem: str) -> RemoteError:
    return RemoteError(
        f"{problem}; server.cfg still names the former place",
        node=remote.node.name,
        remedy=f"mend it there, then: {RESUME}",
    )


def _switch(run: Run, node: Node, moving: Moving) -> None:
    """Back up server.cfg, stage the new one, and put it in its place by one rename."""
    remote, files = run.remote(node), moving.files
    at = places_of(run.record, node, files)
    back_up(remote, {CFG: files.cfg_path}, to=at.backup, acting=files.acting)
    content = file_bytes(moving.text)
    staged = Delivery(at.cfg_stage / CFG, content, hashlib.sha256(content).hexdigest())
    stage(remote, (staged,), acting=files.acting, owner=files.service_user)
    sh(
        remote,
        keystore_scripts.SWITCH,
        *(staged.path, at.server_cfg),
        acting=files.acting,
        what="name the new place in server.cfg",
    )


def _require_named(remote: Remote, files: NodeFiles, change: Edit) -> None:
    """By the server's own rules, server.cfg names the new places and can be read there."""
    seen: Sequence[tuple[str, str | None, PurePosixPath | None]] = (
        ("KeyStore", change.keystore, files.keystore),
        ("truststore", change.truststore, files.truststore),
    )
    for what, wanted, found in seen:
        if wanted is not None and str(found) != wanted:
            raise RemoteError(
                f"{files.cfg_path} names the {what} {found}, wanted {wanted}",
                node=remote.node.name,
                remedy=f"somebody else changes it: fab config.show; {RESUME}",
            )
    moving = moving_of(remote, files)
    for move in moving.moves:
        _require_whole(remote, move)
