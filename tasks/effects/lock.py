"""One operator at a time: a directory on every node, made atomically, that names its holder."""

from __future__ import annotations

import getpass
import json
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from tasks.core.answer import clean
from tasks.core.errors import Locked, RemoteError
from tasks.core.places import WORK_NAME, data_of
from tasks.core.plan import MIGRATE
from tasks.effects import lock_scripts
from tasks.effects.file_access import run_script, shown
from tasks.effects.remote import Remote

HELD = 7


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lock."""

    run: str
    owner: str
    host: str
    since: str
    task: str = MIGRATE

    def __str__(self) -> str:
        return f"run {self.run} of {self.owner}@{self.host} since {self.since}"


UNKNOWN = Holder("(unknown)", "(unknown)", "(unknown)", "(unknown)")


def lock(
    remotes: Sequence[Remote], *, run: str, at: datetime, acting: dict[str, str], task: str = MIGRATE
) -> None:
    """Take the lock on every node for `run` of `task`; a lock that the same run holds is taken over.

    Raises:
        Locked: Another run holds it; what was taken here is given back.
        RemoteError: A node could not be asked.
    """
    line = json.dumps(
        {
            "run": run,
            "owner": _login(),
            "host": socket.gethostname(),
            "since": f"{at:%FT%TZ}",
            "task": task,
        },
        separators=(",", ":"),
    )
    taken: list[Remote] = []
    for remote in remotes:
        try:
            holder = _take(remote, line, acting=acting[remote.node.name])
        except RemoteError:
            unlock(taken, run=run, acting=acting)
            raise
        if holder is None:
            taken.append(remote)
        elif holder.run != run:
            unlock(taken, run=run, acting=acting)
            raise _locked(remote, holder)


def operator() -> str:
    """Who runs this, and where from: "ops@bastion"."""
    return f"{_login()}@{socket.gethostname()}"


def _login() -> str:
    """Who we are; containers may run as a uid without a name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def _locked(remote: Remote, holder: Holder) -> Locked:
    if holder is UNKNOWN:
        remedy = "look for its owner; if there is none: rm -r "
        remedy += f"{shown(remote.node, _work(remote) / 'lock')} on {remote.node.name}"
    else:
        remedy = (
            f"wait for it, or where it was started: fab {holder.task} --resume; "
            f"if it is dead for sure: fab {holder.task} --break-lock {holder.run}"
        )
    return Locked(f"another run works on this cluster: {holder}", node=remote.node.name, remedy=remedy)


def _work(remote: Remote) -> PurePosixPath:
    return data_of(remote.node) / WORK_NAME


def _take(remote: Remote, line: str, *, acting: str) -> Holder | None:
    content = line.encode() + b"\n"
    done = run_script(remote, lock_scripts.LOCK, _work(remote), acting=acting, stdin=content)
    if done.exit_status == 0:
        return None
    if done.exit_status == HELD:
        return _holder(done.text)
    raise RemoteError(
        f"the lock could not be taken: {done.error_text}",
        node=remote.node.name,
        remedy="fab check shows rights and space on the node",
    )


def _holder(text: str) -> Holder:
    try:
        raw = json.loads(text)
        run, owner, host, since = (clean(str(raw[key])) for key in ("run", "owner", "host", "since"))
        return Holder(run, owner, host, since, clean(str(raw.get("task", MIGRATE))))
    except (ValueError, KeyError, TypeError, RecursionError):
        return UNKNOWN


def holders(remotes: Sequence[Remote]) -> dict[str, Holder]:
    """Who holds the lock, by node; nodes that are free are left out. Raises RemoteError."""
    found = {}
    for remote in remotes:
        done = run_script(remote, lock_scripts.HOLDER, _work(remote))
        if done.exit_status == 0:
            found[remote.node.name] = _holder(done.text)
    return found


def unlock(remotes: Sequence[Remote], *, run: str, acting: dict[str, str]) -> tuple[str, ...]:
    """Give the lock of `run` back everywhere; the nodes where that failed are returned by name."""
    left = []
    for remote in remotes:
        by = acting.get(remote.node.name, "")
        try:
            done = run_script(remote, lock_scripts.UNLOCK, _work(remote), run, acting=by)
        except RemoteError:
            left.append(remote.node.name)
            continue
        if done.exit_status != 0:
            left.append(remote.node.name)
    return tuple(left)
