"""One operator at a time: a directory on every node, made atomically, that names its holder."""

from __future__ import annotations

import getpass
import json
import os
import secrets
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import field, replace
from datetime import datetime
from pathlib import PurePosixPath

from tasks.core.answer import clean
from tasks.core.dataclass import dataclass
from tasks.core.errors import Locked, OperatorError, RemoteError
from tasks.core.file_faults import file_fault
from tasks.core.places import WORK_NAME, data_of
from tasks.core.task_names import MIGRATE, RECOVER
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
    token: str = field(default="", repr=False)  # of the process that wrote it

    def __str__(self) -> str:
        return f"run {self.run} of {self.owner}@{self.host} since {self.since}"


UNKNOWN = Holder("(unknown)", "(unknown)", "(unknown)", "(unknown)")


@dataclass(frozen=True, slots=True)
class Claim:
    """What is written into the lock.

    Args:
        run: The run that takes it.
        task: What goes on with that run.
        instead_of: A run whose lock this one may take: the one that it undoes; "" for none.
    """

    run: str
    at: datetime
    task: str = MIGRATE
    instead_of: str = ""
    token: str = field(default_factory=lambda: secrets.token_hex(8), repr=False)  # of this process alone

    @property
    def line(self) -> str:
        said = {
            "run": self.run,
            "owner": _login(),
            "host": socket.gethostname(),
            "since": f"{self.at:%FT%TZ}",
            "task": self.task,
            "token": self.token,
        }
        return json.dumps(said, separators=(",", ":"))


def lock(remotes: Sequence[Remote], claim: Claim, *, acting: dict[str, str]) -> None:
    """Take the lock on every node; one that the same run holds, wherever it is carried on, is taken over.

    Raises:
        Locked: Another run holds it; what was taken here is given back.
        RemoteError: A node could not be asked; the same.
    """
    taken: list[Remote] = []
    turned: list[tuple[Remote, str]] = []
    try:
        for remote in remotes:
            by = acting[remote.node.name]
            said = _take(remote, claim.line, acting=by)
            holder = holder_said(said) if said is not None else None
            if holder is None:
                taken.append(remote)
            elif holder.run in (claim.run, claim.instead_of):
                turned.append((remote, said or ""))  # before: an answer may be lost and the lock be ours
                _take_over(remote, claim.line, of=holder.run, acting=by)
            else:
                raise _locked(remote, holder)
    except OperatorError:
        unlock(taken, run=claim.run, acting=acting)
        for remote, line in turned:
            with suppress(OperatorError):  # whoever resumes either run takes it over again
                _take_over(remote, line.strip(), of=claim.run, acting=acting[remote.node.name])
        raise


def _take_over(remote: Remote, line: str, *, of: str, acting: str) -> None:
    content = line.encode() + b"\n"
    done = run_script(remote, lock_scripts.TAKE_OVER, work_of(remote), of, acting=acting, stdin=content)
    if done.exit_status != 0:
        raise _not_taken(remote, done.error_text or "another run took it just now")


def give_back(remotes: Sequence[Remote], claim: Claim, *, acting: dict[str, str]) -> None:
    """A claim that comes to nothing: the lock is free again, or that of the run which it was to take the place of."""
    if claim.instead_of:
        former = replace(claim, run=claim.instead_of, task=MIGRATE, instead_of=claim.run)
        with suppress(OperatorError):  # whoever goes on with that run takes it over again
            lock(remotes, former, acting=acting)
    else:
        unlock(remotes, run=claim.run, acting=acting)


def require_ours(remote: Remote, claim: Claim) -> None:
    """The lock is still this process's. Raises Locked where another one took the run over since."""
    holder = holders([remote]).get(remote.node.name)
    if holder is None or holder.token != claim.token:
        now = f"by {holder.owner}@{holder.host} since {holder.since}" if holder else "and it is free"
        raise Locked(
            f"the lock of run {claim.run} was taken over {now}: this process stops here",
            node=remote.node.name,
            remedy="go on where it is carried on now; fab status",
        )


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
        remedy += f"{shown(remote.node, work_of(remote) / 'lock')} on {remote.node.name}"
    else:
        recovery = holder.task.split(" ")[0] == RECOVER  # begun again, it goes on
        again, task = (holder.task, MIGRATE) if recovery else (f"{holder.task} --resume", holder.task)
        remedy = (
            f"wait for it, or where it was started: fab {again}; "
            f"if it is dead for sure: fab {task} --break-lock {holder.run}"
        )
    return Locked(f"another run works on this cluster: {holder}", node=remote.node.name, remedy=remedy)


def work_of(remote: Remote) -> PurePosixPath:
    """The directory in which the node's lock stands."""
    return data_of(remote.node) / WORK_NAME


def _take(remote: Remote, line: str, *, acting: str) -> str | None:
    """None if it was free; else the line of who holds it."""
    content = line.encode() + b"\n"
    done = run_script(remote, lock_scripts.LOCK, work_of(remote), acting=acting, stdin=content)
    if done.exit_status == 0:
        return None
    if done.exit_status == HELD:
        return done.text
    raise _not_taken(remote, done.error_text)


def _not_taken(remote: Remote, why: str) -> RemoteError:
    fault = file_fault(why)
    return RemoteError(
        f"{fault.on('the lock could not be taken')}: {why}", node=remote.node.name, remedy=fault.remedy
    )


def holder_said(text: str) -> Holder:
    """The owner's line of a lock; UNKNOWN where it says none."""
    try:
        raw = json.loads(text)
        run, owner, host, since = (clean(str(raw[key])) for key in ("run", "owner", "host", "since"))
        task, token = (clean(str(raw.get(key, other))) for key, other in (("task", MIGRATE), ("token", "")))
        return Holder(run, owner, host, since, task, token)
    except (ValueError, KeyError, TypeError, RecursionError):
        return UNKNOWN


def holders(remotes: Sequence[Remote]) -> dict[str, Holder]:
    """Who holds the lock, by node; nodes that are free are left out. Raises RemoteError."""
    found = {}
    for remote in remotes:
        done = run_script(remote, lock_scripts.HOLDER, work_of(remote))
        if done.exit_status == 0:
            found[remote.node.name] = holder_said(done.text)
    return found


def unlock(remotes: Sequence[Remote], *, run: str, acting: dict[str, str]) -> tuple[str, ...]:
    """Give the lock of `run` back everywhere; the nodes where that failed are returned by name."""
    left = []
    for remote in remotes:
        by = acting.get(remote.node.name, "")
        try:
            done = run_script(remote, lock_scripts.UNLOCK, work_of(remote), run, acting=by)
        except RemoteError:
            left.append(remote.node.name)
            continue
        if done.exit_status != 0:
            left.append(remote.node.name)
    return tuple(left)
