"""The plan of a rollback: the migration to the sets of before a run, with the files of that time."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.core.course import Return, Wish
from tasks.core.done import runs_already
from tasks.core.findings import Finding, Severity
from tasks.core.former import FormerSet, Kept, as_it_lies
from tasks.core.model import Member
from tasks.core.observed import loaded_now, standby_started_after_files
from tasks.core.pending import older
from tasks.core.plan import ROLLBACK, Edit, Plan
from tasks.core.planning import plan_migration
from tasks.core.rounds import Running
from tasks.core.server_cfg import diff, parse
from tasks.core.snapshot import NodeFiles, NodeSnapshot, Snapshot, Wire


def plan_return(
    snapshot: Snapshot,
    sets: Mapping[str, FormerSet],
    *,
    undone: Plan,
    run: str,
    kept: Mapping[str, Kept],
    wish: Wish,
) -> Plan:
    """Plan the way back to what the members ran with before a run.

    Args:
        snapshot: Every node seen.
        sets: What each member ran with, by member.
        undone: The plan that the run began with; `run` is its id.
        kept: What was live on each node, by node.
        wish: Observer and strategy asked for.

    Returns:
        A plan without steps where everything is as it was.

    Raises:
        Refused: The strategy asked for is not possible here.
        UsageError: There is no such strategy.
    """
    old = {name: loaded for name, loaded in loaded_now(snapshot).items() if name in sets}
    back = Return(edits=edits_back(snapshot, kept), resting=resting(snapshot, sets))
    plan = plan_migration(snapshot, sets, old=old, wish=wish, back=back)
    builtins = plan.builtins | undone.builtins
    return plan.model_copy(update={"task": ROLLBACK, "undoes": run, "builtins": builtins})


def resting(snapshot: Snapshot, sets: Mapping[str, FormerSet]) -> dict[str, bool]:
    """Members whose process still runs with its former set while other files lie beside it."""
    found = {}
    for name, former in sets.items():
        member = snapshot.cluster.member(name)
        due = Running(former.loaded, former.sha256)
        if not runs_already(snapshot, member, due) and _never_left(snapshot, member, former):
            standby = snapshot.standby(member)
            found[name] = standby is not None and _is_younger(standby, snapshot.active(member))
    return found


def _never_left(snapshot: Snapshot, member: Member, former: FormerSet) -> bool:
    """It serves the former certificate, and every file that is another one now came after its start."""
    active = snapshot.active(member)
    if not isinstance(active.wire, Wire) or not isinstance(active.files, NodeFiles):
        return False
    if active.wire.leaf != former.leaf:
        return False
    states = active.files.files
    other = [name for name, sha in former.sha256.items() if not states[name].is_as(sha)]
    # Of a file that is gone nothing tells when it went; of a pair's CA file, the age tells of the last sync.
    return all(states[name].exists and not older(active, active.files, name) for name in other)


def _is_younger(standby: NodeSnapshot, active: NodeSnapshot) -> bool:
    """A standby that started since has the other files on its messaging listener."""
    return standby_started_after_files(standby, active)


def edits_back(snapshot: Snapshot, kept: Mapping[str, Kept]) -> dict[str, Edit]:
    """By node, the change that makes its server.cfg the former one."""
    found = {}
    for name, was in kept.items():
        files = snapshot.nodes[name].files
        if isinstance(files, NodeFiles) and files.cfg_sha256 != was.cfg_sha256:
            text = was.cfg.decode("utf-8", "surrogateescape")
            former = parse(text)
            found[name] = Edit(
                path=str(files.cfg_path),
                keystore=str(former.keystore) if former.keystore else None,
                truststore=str(former.truststore) if former.truststore else None,
                old_sha256=files.cfg_sha256,
                new_sha256=was.cfg_sha256,
                diff=diff(files.cfg.text, text),
                carried=(),
            )
    return found


def changed_since(snapshot: Snapshot, kept: Mapping[str, Kept], undone: Plan) -> tuple[Finding, ...]:
    """Where server.cfg is neither the former one nor the one that the run wrote: somebody's work would be lost."""
    found = []
    for name, was in kept.items():
        files = snapshot.nodes[name].files
        if not isinstance(files, NodeFiles) or files.cfg_sha256 == was.cfg_sha256:
            continue
        written = undone.edits.get(name)
        if written is None or files.cfg_sha256 != written.new_sha256:
            text = (
                "server.cfg was changed since the run, by somebody else; going back would undo that as well"
            )
            remedy = f"look at the change; {files.cfg_path} as the run left it, then: fab {ROLLBACK}"
            found.append(Finding("former-cfg", Severity.ERROR, name, text, remedy))
    return tuple(found)


def as_kept(
    snapshot: Snapshot, undone: Plan, backups: Mapping[str, Kept | None]
) -> tuple[Mapping[str, Kept], tuple[Finding, ...]]:
    """What was live on each node before the run, and where that is lost.

    Args:
        backups: By node, what the run's backup holds; None where there is none: it may never have come so far.
    """
    found, lost = {}, []
    for name, one in backups.items():
        files = snapshot.nodes[name].files
        if one is not None:
            found[name] = one
        elif isinstance(files, NodeFiles) and as_it_lies(files).files == undone.files_before.get(name):
            found[name] = as_it_lies(files)
        else:
            text = "the backup that the run made here is gone, and other files lie here than before it"
            remedy = "restore it from your own backups; or go forward: fab migrate-cluster"
            lost.append(Finding("former-lost", Severity.ERROR, name, text, remedy))
    return found, tuple(lost)
