"""Put a node's files right: credentials that a server starts with (T1), the admin endpoint's own (T11)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from tasks.core.credential_set import CredentialSet
from tasks.core.errors import RemoteError
from tasks.core.file_names import CA_FILE
from tasks.core.places import Places, data_of, places
from tasks.core.recovery_choice import Goal
from tasks.core.recovery_keystore import Copied, KeystoreGoal
from tasks.core.server_cfg import edit, file_bytes
from tasks.core.snapshot import NodeFiles
from tasks.effects import recover_scripts
from tasks.effects.file_access import sh
from tasks.effects.files import CFG, Delivery, back_up, clean_up, stage, swap_in
from tasks.effects.looking import look_at_files
from tasks.effects.placing import require_states
from tasks.effects.putting_back import stage_former
from tasks.effects.recover_lock import own_run
from tasks.effects.recover_look import Scene
from tasks.effects.remote import Remote


def kept_in(scene: Scene) -> PurePosixPath:
    """Where the files that are replaced stay on the node; another place for each recovery."""
    node = scene.sight.node
    home = places_on(scene.sight.seen.files, scene).backup.parent
    return home / f"replaced-{scene.snapshot.taken_at:%Y%m%dT%H%M%SZ}-{node.name}"


def places_on(files: object, scene: Scene) -> Places:
    """Where files are staged, and where server.cfg leads.

    Raises:
        RemoteError: server.cfg names no KeyStore or no truststore, or it could not be seen.
    """
    node = scene.sight.node
    if not isinstance(files, NodeFiles) or files.keystore is None or files.truststore is None:
        raise RemoteError(
            "server.cfg names no KeyStore or no truststore (T11), or cannot be seen",
            node=node.name,
            remedy=f"fab config.show; correct it on {node.name}, then: fab recover {node.name}",
        )
    return places(
        files.resolved(data_of(node)),
        run=own_run(node.name),
        keystore=files.resolved(files.keystore),
        truststore=files.resolved(files.truststore),
        cfg=files.cfg_path,
    )


def put_files(remote: Remote, scene: Scene, goal: Goal, wanted: CredentialSet | None) -> str:
    """Keep what lies there, then make the goal's files the live ones in one swap, and read them back.

    Raises:
        RemoteError: A file is not what it must be; nothing was signalled or started.
    """
    files = look_at_files(remote)
    at = places_on(files, scene)
    live = {name: state.path for name, state in files.files.items()}
    back_up(remote, live, to=kept_in(scene), acting=files.acting)
    content = {} if wanted is None else wanted.files()
    from_set = {
        name: sha for name, sha in goal.files.items() if wanted is not None and wanted.sha256[name] == sha
    }
    stage(
        remote,
        [
            Delivery((at.ca_stage if name == CA_FILE else at.key_stage) / name, content[name], sha)
            for name, sha in from_set.items()
        ],
        acting=files.acting,
        owner=files.service_user,
    )
    _stage_the_rest(remote, scene, {n: s for n, s in goal.files.items() if n not in from_set}, at, files)
    swap_in(remote, at, wanted=goal.files, files=files)
    clean_up(remote, at, acting=files.acting)
    require_states(
        remote.node,
        look_at_files(remote).files,
        goal.files,
        remedy=f"fab check; fab recover {remote.node.name}",
    )
    return f"{', '.join(goal.files)} are live and read back"


def _stage_the_rest(
    remote: Remote, scene: Scene, due: Mapping[str, str], at: Places, files: NodeFiles
) -> None:
    """What the open run's plan or its backup on the node holds."""
    record = scene.record
    if record is not None and due:
        undone = record.plan.model_copy(update={"undoes": record.id})
        stage_former(remote, due, at, run=undone, files=files)


def put_keystore_right(remote: Remote, scene: Scene, goal: KeystoreGoal) -> str:
    """Bring the admin endpoint's files and KeyStore together. Raises RemoteError."""
    files = look_at_files(remote)
    if isinstance(goal, Copied):
        args = (goal.source, goal.keystore, files.service_user)
        sh(remote, recover_scripts.COPY_ADMIN, *args, acting=files.acting, what="copy the admin files")
        return f"the admin endpoint's files are in {goal.keystore}"
    seen = files if files.keystore is not None else replace(files, keystore=goal.keystore)
    at = replace(places_on(seen, scene), keystore=goal.keystore)
    content = file_bytes(edit(files.cfg.text, keystore=goal.keystore))
    sha = hashlib.sha256(content).hexdigest()
    back_up(remote, {CFG: files.cfg_path}, to=kept_in(scene), acting=files.acting)
    stage(remote, [Delivery(at.cfg_stage / CFG, content, sha)], acting=files.acting, owner=files.service_user)
    swap_in(remote, at, wanted={CFG: sha}, files=files)
    clean_up(remote, at, acting=files.acting)
    return f"KeyStore leads to {goal.keystore}"
