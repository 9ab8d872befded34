"""Everything that `fab recover` wants to know of one node before it says what is wrong. Nothing is changed."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import PurePosixPath

from tasks.core.dataclass import dataclass
from tasks.core.errors import RemoteError, UsageError
from tasks.core.former import Kept
from tasks.core.model import ExecFiles, Node
from tasks.core.nearest import one_of
from tasks.core.open_run import OpenRun
from tasks.core.recovery import Sight
from tasks.core.recovery_keystore import Holding
from tasks.core.recovery_process import Processes, parse_processes
from tasks.core.server_log import DEFAULT_LOG
from tasks.core.snapshot import NodeFiles, Snapshot, Unseen
from tasks.core.start_load import start_findings
from tasks.core.task_names import RECOVER
from tasks.effects import recover_scripts
from tasks.effects.file_access import run_script, sh
from tasks.effects.key_look import look_at_keys
from tasks.effects.lock import holders
from tasks.effects.look import take_snapshot
from tasks.effects.putting_back import kept_by
from tasks.effects.record import RunRecord, unfinished
from tasks.effects.remote import Remote
from tasks.effects.server_logs import tail_of_log
from tasks.effects.service_managers import start_argv
from tasks.effects.site import Site

BEGUN, ENDED = "recovering", "recovered"  # in the journal of the open run


@dataclass(frozen=True, slots=True)
class Scene:
    """The node, the cluster around it, and the open run of this machine."""

    sight: Sight
    snapshot: Snapshot
    record: RunRecord | None


def node_named(site: Site, name: str) -> Node:
    """Raises UsageError where the inventory has none of that name."""
    for node in site.cluster.nodes:
        if node.name == name:
            return node
    what = f"{name} is no node of {site.cluster.key}" if name else "no node is named"
    raise UsageError(what, remedy=f"fab recover NODE; {one_of(name, [n.name for n in site.cluster.nodes])}")


def look(site: Site, node: Node) -> Scene:
    """Look at every node, and closer at this one.

    Raises:
        RemoteError: SSH does not reach it, or a command failed there.
    """
    snapshot = take_snapshot(site)
    seen = snapshot.nodes[node.name]
    if seen.sshd is not None:
        raise RemoteError(seen.sshd.problem, node=node.name, remedy=seen.sshd.remedy)
    record, remote = unfinished(site.cluster.runs_dir), site.remote(node)
    partner = next((n for n in site.cluster.member(node.member).nodes if n.name != node.name), None)
    keys = look_at_keys(site, snapshot, (node,))
    sight = Sight(
        node=node,
        seen=seen,
        processes=look_at_processes(remote, seen.files),
        control_port=node.membership.control_port,
        start=shlex.join(start_argv(node.start_by)),
        log=tail_of_log(remote, DEFAULT_LOG),
        faults=tuple(start_findings(snapshot, (node,), keys)),
        partner=snapshot.nodes[partner.name] if partner else None,
        run=OpenRun(record.id, record.plan, record.progress()) if record else None,
        broken_off=_broken_off(remote, record),
    )
    return Scene(sight, snapshot, record)


def look_at_processes(remote: Remote, files: NodeFiles | Unseen) -> Processes:
    """The server's processes on the node. Raises RemoteError.

    Args:
        files: Tell the service user. A container's root may lack the right to look at another user's process.
    """
    inside = isinstance(remote.node.files_by, ExecFiles)
    acting = files.service_user if inside and isinstance(files, NodeFiles) else ""
    cfg = remote.node.paths.server_cfg
    said = sh(remote, recover_scripts.LOOK, cfg, acting=acting, what="look at the server's process")
    return parse_processes(said.text, seen_as=acting)


def _broken_off(remote: Remote, record: RunRecord | None) -> bool:
    """Its lock is held by a recovery, or the open run's journal says that one was begun and not ended."""
    name = remote.node.name
    held = holders((remote,)).get(name)
    if held is not None and held.task == task_of(name):
        return True
    entries = record.entries() if record else ()
    events = [e.event for e in entries if e.event in (BEGUN, ENDED) and e.facts.get("node") == name]
    return events[-1:] == [BEGUN]


def task_of(node: str) -> str:
    """As the lock names it: what the operator types."""
    return f"{RECOVER} {node}"


def kept_before(site: Site, scene: Scene) -> Kept | None:
    """What the open run's backup on the node holds; None where there is no run, or no backup."""
    files = scene.sight.seen.files
    if scene.record is None or not isinstance(files, NodeFiles):
        return None
    return kept_by(site.remote(scene.sight.node), files, scene.record.id)


def look_for_admin_files(remote: Remote, places: Sequence[PurePosixPath]) -> Holding:
    """Which of the admin endpoint's files each of the directories holds. Raises RemoteError."""
    done = run_script(remote, recover_scripts.HOLDING, *places)
    lines = [line.split() for line in done.text.splitlines()]
    if done.exit_status != 0 or len(lines) != len(places):
        raise RemoteError(
            f"look for the admin endpoint's files: exit {done.exit_status}: {done.error_text}",
            node=remote.node.name,
            remedy="fab check shows rights and paths on the node",
        )
    held = (None if words[:1] == ["none"] else frozenset(words[1:]) for words in lines)
    return dict(zip(places, held, strict=True))
