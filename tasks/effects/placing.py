"""Place: stage and verify on every instance. Swap in: make a member's staged files the live ones."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import PurePosixPath

from tasks.core.errors import RemoteError
from tasks.core.file_names import ABSENT, CA_FILE, CERT_FILE, KEY_FILE
from tasks.core.model import Node
from tasks.core.places import Places, data_of, places
from tasks.core.plan import Edit, Step
from tasks.core.server_cfg import edit, file_bytes
from tasks.core.snapshot import FileState, NodeFiles
from tasks.core.step_kinds import StepKind
from tasks.effects.files import CFG, Delivery, MovedFrom, back_up, clean_up, stage, swap_in
from tasks.effects.looking import look_at_files
from tasks.effects.putting_back import stage_former
from tasks.effects.record import RunRecord
from tasks.effects.run import RESUME, Run
from tasks.effects.site import Site

NAMES = (CA_FILE, CERT_FILE, KEY_FILE)


def places_of(record: RunRecord, node: Node, files: NodeFiles, *, round: int | None = None) -> Places:
    """Where the run's files lie on the node, and where they go.

    Args:
        round: In which; before the round that edits server.cfg they go where it leads now. None: after all.
    """
    change = _edit_in(record, node, round=round)
    keystore = PurePosixPath(change.keystore) if change and change.keystore else files.keystore
    truststore = PurePosixPath(change.truststore) if change and change.truststore else files.truststore
    if keystore is None or truststore is None:
        raise RemoteError(
            "server.cfg names no KeyStore or no truststore (T11)",
            node=node.name,
            remedy="set `keystore:` and `truststore:` of the node in the inventory; fab check",
        )
    return places(
        files.resolved(data_of(node)),
        run=record.id,
        keystore=files.resolved(keystore),
        truststore=files.resolved(truststore),
        cfg=files.cfg_path,
    )


def _edit_in(record: RunRecord, node: Node, *, round: int | None) -> Edit | None:
    """The change of its server.cfg, if that is made in this round or was made before."""
    change = record.plan.edits.get(node.name)
    due = record.plan.edit_rounds.get(node.name, 0)
    return change if round is None or round >= due else None


def place(run: Run, step: Step) -> str:
    """Back up what is live, stage what is new, read it back. Changes nothing that is in use."""
    return _stage(run, step, run.site.cluster.node(step.target))


def _stage(run: Run, step: Step, node: Node) -> str:
    remote = run.remote(node)
    files = look_at_files(remote)
    at = places_of(run.record, node, files, round=step.round)
    live = {name: state.path for name, state in files.files.items()} | {"server.cfg": files.cfg_path}
    back_up(remote, live, to=at.backup, acting=files.acting)
    if run.plan.undoes:
        return _stage_former(run, step, node, files, at)
    deliveries = _deliveries(run, step, node, files, at)
    stage(remote, deliveries, acting=files.acting, owner=files.service_user)
    return f"{len(deliveries)} files staged and read back in {at.key_stage}"


def _deliveries(run: Run, step: Step, node: Node, files: NodeFiles, at: Places) -> tuple[Delivery, ...]:
    change = _edit_in(run.record, node, round=step.round)
    moves = change is not None and files.cfg_sha256 != change.new_sha256
    wanted = run.target(step, node.member).files
    found = [
        Delivery((at.ca_stage if name == CA_FILE else at.key_stage) / name, content, wanted[name])
        for name in _to_be_placed(run, wanted, files, all_of_them=moves)
        for content in (_content(run, node, name, wanted[name]),)
    ]
    if change is not None and moves:
        text = edit(files.cfg.text, keystore=change.keystore, truststore=change.truststore)
        content = file_bytes(text)
        _refuse_other_cfg(node, files, change.old_sha256)
        found.append(Delivery(at.cfg_stage / "server.cfg", content, hashlib.sha256(content).hexdigest()))
    return tuple(found)


def _to_be_placed(
    run: Run, wanted: Mapping[str, str], files: NodeFiles, *, all_of_them: bool
) -> tuple[str, ...]:
    """Of several rounds each places what changes in it; key and certificate go together."""
    if all_of_them or not run.plan.rounds:
        return tuple(name for name in NAMES if name in wanted)
    return _other_than_live(wanted, files)


def _other_than_live(wanted: Mapping[str, str], files: NodeFiles) -> tuple[str, ...]:
    other = {name for name, sha in wanted.items() if not files.files[name].is_as(sha)}
    if other & {CERT_FILE, KEY_FILE}:
        other |= {CERT_FILE, KEY_FILE}
    return tuple(name for name in NAMES if name in other)


def _stage_former(run: Run, step: Step, node: Node, files: NodeFiles, at: Places) -> str:
    """Of a rollback: from the node's own backups."""
    change = _edit_in(run.record, node, round=step.round)
    moves = change is not None and files.cfg_sha256 != change.new_sha256
    wanted = run.target(step, node.member).files
    due = {name: wanted[name] for name in (wanted if moves else _other_than_live(wanted, files))}
    if change is not None and moves:
        _refuse_other_cfg(node, files, change.old_sha256)
        due[CFG] = change.new_sha256
    stage_former(run.remote(node), due, at, run=run.plan, files=files)
    return f"{len(due)} files staged and read back in {at.key_stage}"


def _content(run: Run, node: Node, name: str, sha256: str) -> bytes:
    """The new set's own file, or a CA file that is in force for some rounds only.

    Raises:
        RemoteError: Neither: the node has another file than the plan was made from.
    """
    new = run.sets[node.member]
    if new.sha256[name] == sha256:
        return new.files()[name]
    if sha256 in run.plan.bundles:
        return run.plan.bundles[sha256].encode()
    raise RemoteError(
        f"{name} on the node is not the one that the plan was made from (SHA-256 {sha256:.12})",
        node=node.name,
        remedy="look who changed it, put it back, then: fab migrate-cluster --resume",
    )


def _refuse_other_cfg(node: Node, files: NodeFiles, planned_sha256: str) -> None:
    if files.cfg_sha256 != planned_sha256:
        raise RemoteError(
            "server.cfg was changed since the plan was made",
            node=node.name,
            remedy="look at the change, then make a new plan: fab plan",
        )


def swap(run: Run, step: Step) -> str:
    """Swap in on the member's nodes, the primary first (T7), and see that the server can read them."""
    member = run.member(step.target)
    if member.is_pair:
        roles = run.roles(member)
        order: tuple[Node, ...] = (roles.primary, roles.standby)
    else:
        order = member.nodes
    for node in order:
        _swap_once_more(run, step, node)
    for node in (
        order if member.is_pair else ()
    ):  # one that went down in between was given the other's files (T7)
        require_live(run, step, node)
    return f"live on {', '.join(node.name for node in order)}; nothing loads them before a restart"


def _swap_once_more(run: Run, step: Step, node: Node) -> None:
    """What was swapped in before and lost since is not staged any more: it is staged again."""
    try:
        _swap_node(run, step, node)
    except RemoteError:
        placed = step.model_copy(update={"kind": StepKind.PLACE, "target": node.name})
        if placed.id not in run.record.progress().done:
            raise
        _stage(run, step, node)
        _swap_node(run, step, node)


def _swap_node(run: Run, step: Step, node: Node) -> None:
    remote = run.remote(node)
    files = look_at_files(remote)
    change = _edit_in(run.record, node, round=step.round)
    moved = files.cfg_sha256 == change.new_sha256 if change else True
    wanted = dict(run.target(step, node.member).files)
    wanted["server.cfg"] = change.new_sha256 if change else files.cfg_sha256
    if change and not moved:
        _refuse_other_cfg(node, files, change.old_sha256)
    going = change if change and not moved and not run.plan.undoes else None
    moved_from = MovedFrom(
        keystore=files.keystore if going and going.keystore else None,
        truststore=files.truststore if going and going.truststore else None,
    )
    at = places_of(run.record, node, files, round=step.round)
    swap_in(remote, at, wanted=wanted, moved_from=moved_from, files=files)
    require_live(run, step, node)


def require_live(run: Run, step: Step, node: Node) -> None:
    """The member's files are live on the node and the service user can read each of them (T2, T7).

    Raises:
        RemoteError: One is other, absent or unreadable.
    """
    seen = look_at_files(run.remote(node)).files
    mended = (
        f"fab recover {node.name}" if run.member(node.member).is_pair else "fab check"
    )  # lost to a sync (T7)
    require_states(node, seen, run.target(step, node.member).files, remedy=f"{mended}; {RESUME}")


def require_states(
    node: Node, seen: Mapping[str, FileState], wanted: Mapping[str, str], *, remedy: str
) -> None:
    """Every wanted file, SHA-256 by name, is as wanted and readable. Raises RemoteError."""
    for name, sha in wanted.items():
        state = seen[name]
        if not state.is_as(sha):
            has = f"has SHA-256 {state.sha256:.12}" if state.exists else "is absent"
            trouble = f"{has}, wanted {sha:.12}" if sha != ABSENT else "is there, and is to be absent"
        elif state.exists and not state.readable:
            trouble = f"cannot be read by the service user (owner {state.owner}, mode {state.mode})"
        else:
            continue
        raise RemoteError(f"{state.path} {trouble}", node=node.name, remedy=remedy)


def clean_node(site: Site, record: RunRecord, node: Node) -> None:
    """Remove the run's staging directories from the node; backups stay."""
    files = look_at_files(site.remote(node))
    clean_up(site.remote(node), places_of(record, node, files), acting=files.acting)
