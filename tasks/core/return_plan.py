"""The plan of a rollback: the migration to the sets of before a run, with the files of that time."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.core.course import Wish
from tasks.core.course_start import Return
from tasks.core.done import runs_already
from tasks.core.file_names import ABSENT, CA_FILE
from tasks.core.findings import Finding, Severity
from tasks.core.former import FormerSet, Kept, as_it_lies
from tasks.core.model import Member
from tasks.core.observed import ca_on_disk, loaded_now
from tasks.core.pending import older
from tasks.core.plan import Edit, Plan
from tasks.core.planning import plan_migration
from tasks.core.rounds import Running
from tasks.core.server_cfg import diff, parse
from tasks.core.snapshot import NodeFiles, NodeSnapshot, Snapshot, Wire
from tasks.core.status import NodeStatus
from tasks.core.task_names import ROLLBACK


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
    back = returning(snapshot, sets, undone=undone, kept=kept)
    plan = plan_migration(snapshot, sets, old=old, wish=wish, back=back)
    builtins = plan.builtins | undone.builtins
    return plan.model_copy(update={"task": ROLLBACK, "undoes": run, "builtins": builtins})


def returning(
    snapshot: Snapshot, sets: Mapping[str, FormerSet], *, undone: Plan, kept: Mapping[str, Kept]
) -> Return:
    """The changes of server.cfg, and whose process still runs with its former set."""
    edits = edits_back(snapshot, kept)
    edited = {snapshot.cluster.node(name).member for name in edits}
    resting, whole = {}, set()
    for name, former in sets.items():
        member = snapshot.cluster.member(name)
        if runs_already(snapshot, member, Running(former.loaded, former.sha256)):
            continue
        if not _never_left(snapshot, member, former, undone):
            continue
        if name in edited or any(_other(snapshot.nodes[node.name], former) for node in member.nodes):
            resting[name] = _standby_has_others(snapshot, member, former)
        else:
            whole.add(name)
    return Return(edits=edits, resting=resting, whole=frozenset(whole))


def _never_left(snapshot: Snapshot, member: Member, former: FormerSet, undone: Plan) -> bool:
    """It serves the former certificate, and every file that is another one now came after its start."""
    active = snapshot.active(member)
    if not isinstance(active.wire, Wire) or not isinstance(active.files, NodeFiles):
        return False
    if active.wire.leaf != former.leaf or not _names_former(active.wire, former):
        return False
    other = _other(active, former)
    states = active.files.files
    # Of a file that is gone nothing tells when it went; of a pair's CA file, the age tells of the last sync.
    if not all(states[name].exists and not older(active, active.files, name) for name in other):
        return False
    return not (member.is_pair and _ca_may_be_loaded(active.files, member, former, undone))


def _names_former(wire: Wire, former: FormerSet) -> bool:
    """Whether the process accepts whom it accepted then; on the built-in pair it names nobody else."""
    return former.builtin or set(wire.client_cas) == {one.subject for one in former.ca}


def _ca_may_be_loaded(files: NodeFiles, member: Member, former: FormerSet, undone: Plan) -> bool:
    """A round that brought this CA file beside the former certificate, and names that do not tell it apart."""
    names = {one.subject for one in ca_on_disk(files)}
    if not former.builtin and names != {one.subject for one in former.ca}:
        return False  # the process names others
    targets = [one.targets[member.name] for one in undone.rounds if member.name in one.targets]
    lies = files.files[CA_FILE]
    return any(
        t.leaf_sha256 == former.leaf.sha256 and lies.is_as(t.files.get(CA_FILE, ABSENT)) for t in targets
    )


def _other(seen: NodeSnapshot, former: FormerSet) -> list[str]:
    """The files that are not the former ones."""
    if not isinstance(seen.files, NodeFiles):
        return []
    return [name for name, sha in former.sha256.items() if not seen.files.files[name].is_as(sha)]


def _standby_has_others(snapshot: Snapshot, member: Member, former: FormerSet) -> bool:
    """A standby that started since the primary holds other files has them on its messaging listener."""
    active, standby = snapshot.active(member), snapshot.standby(member)
    if standby is None or not isinstance(standby.files, NodeFiles) or not isinstance(active.files, NodeFiles):
        return False
    if not isinstance(standby.status, NodeStatus):
        return False
    started_at = standby.status.server.started_at.timestamp() - standby.files.clock_offset_s
    came_at = [active.files.files[name].changed_at for name in _other(active, former)]
    return any(at - active.files.clock_offset_s < started_at for at in came_at)


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
