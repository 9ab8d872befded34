"""A revocation list onto one node, or off it: in force with the server's next start, which nothing here asks for."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath

from tasks.core.errors import OperatorError, RemoteError
from tasks.core.model import Node
from tasks.core.plan import ListChange, Step
from tasks.core.revocation_nodes import list_file, list_sha256
from tasks.core.snapshot import NodeFiles
from tasks.effects import list_scripts
from tasks.effects.file_access import sh
from tasks.effects.files import Delivery, back_up, stage
from tasks.effects.list_files import read_list
from tasks.effects.looking import look_at_files
from tasks.effects.placing import places_of
from tasks.effects.primary_first import primary_before
from tasks.effects.run import RESUME, Run


def change_list(run: Run, step: Step) -> str:
    """Place the planned list on the node, or remove the one there; the former one is backed up. Safe to repeat.

    Raises:
        RemoteError: Another list lies there than planned, or what was placed cannot be read by the server.
        OperatorError: The list of this machine is another one than planned.
    """
    node = run.site.cluster.node(step.target)
    for first in primary_before(run, node, run.plan.lists):
        _change(run, first)
    return _change(run, node)


def _change(run: Run, node: Node) -> str:
    change, remote = run.plan.lists[node.name], run.remote(node)
    files = look_at_files(remote)
    seen = list_sha256(files, change.name)
    if seen != change.new_sha256:
        _refuse_other(run, node, change, seen)
        _put(run, node, files, change)
        files = look_at_files(remote)
    _require(node, files, change)
    return f"{change.name} {_DONE[change.new_sha256 is None]}; {'as before' if seen == change.new_sha256 else _WHEN}"


_DONE = {False: "is there and read back", True: "is gone"}
_WHEN = "in force with the next restart"


def _refuse_other(run: Run, node: Node, change: ListChange, seen: str | None) -> None:
    """What lies there must be what the plan saw; in a pair a sync may have brought the other node's (T7)."""
    member = run.member(node.member)
    planned = {one.old_sha256 for n in member.nodes if (one := run.plan.lists.get(n.name)) is not None}
    if seen not in planned:
        raise RemoteError(
            f"{change.name} is another than the plan saw: somebody has changed it since",
            node=node.name,
            remedy=f"look who; fab migrate-cluster --break-lock {run.record.id}, "
            f"then a new plan: fab {run.plan.command} --plan",
        )


def _put(run: Run, node: Node, files: NodeFiles, change: ListChange) -> None:
    remote, at = run.remote(node), places_of(run.record, node, files)
    live = at.truststore / change.name
    back_up(remote, {live.parent.name + ".pem": live}, to=at.backup, acting=files.acting)
    staged: PurePosixPath | str = ""
    if change.new_sha256 is not None:
        staged = at.ca_stage / (live.parent.name + ".pem")
        content = _content(run.site.cluster.credentials, change)
        delivery = Delivery(staged, content, change.new_sha256)
        stage(remote, (delivery,), acting=files.acting, owner=files.service_user)
    what = "place the revocation list" if staged else "remove the revocation list"
    args = (files.service_user, staged, live)
    sh(remote, list_scripts.CHANGE_LIST, *args, acting=files.acting, what=what)


def _content(credentials: Path, change: ListChange) -> bytes:
    path = credentials / change.name
    content = read_list(path)
    if content is None or hashlib.sha256(content).hexdigest() != change.new_sha256:
        raise OperatorError(
            f"{path} is not the list that this run was planned with",
            remedy="put the former one back, then --resume; or give the run up: fab status names it",
        )
    return content


def _require(node: Node, files: NodeFiles, change: ListChange) -> None:
    state = list_file(files, change.name)
    seen = state.sha256 if state else None
    trouble = ""
    if seen != change.new_sha256:
        trouble = f"is {(seen or 'absent')[:12]}, wanted {(change.new_sha256 or 'absent')[:12]}"
    elif state is not None and seen is not None and not state.readable:
        trouble = (
            f"cannot be read by the service user (owner {state.owner}, mode {state.mode}): T1 at a restart"
        )
    if trouble:
        remedy = f"mend it on the node before anything restarts; {RESUME}"
        raise RemoteError(f"{change.name} {trouble}", node=node.name, remedy=remedy)
