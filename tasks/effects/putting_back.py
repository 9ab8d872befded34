"""The former files: what a run's backup holds, and how they are staged again without leaving the node."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from tasks.core.dataclass import dataclass
from tasks.core.file_names import ABSENT, CA_FILE, CERT_FILE, KEY_FILE
from tasks.core.former import Kept
from tasks.core.places import WORK_NAME, Places, data_of
from tasks.core.plan import Plan
from tasks.core.snapshot import NodeFiles
from tasks.effects import kept_scripts
from tasks.effects.file_access import sh
from tasks.effects.files import CFG, Delivery, compare, stage
from tasks.effects.remote import Remote

_NAMES = (CA_FILE, CERT_FILE, KEY_FILE, CFG)
_NOTHING = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class PutBack:
    """One file that is staged from a backup on the node itself: a former key never leaves it."""

    path: PurePosixPath
    sha256: str
    backups: tuple[PurePosixPath, PurePosixPath]
    mode: str = "600"


def _stage_kept(remote: Remote, files: Sequence[PutBack], *, acting: str, owner: str) -> None:
    """Copy the files from the backups to their staging places; safe to repeat.

    Raises:
        RemoteError: No backup holds a file with that SHA-256, or it could not be written.
    """
    args = [arg for f in files for arg in (f.path, f.mode, f.sha256, *f.backups)]
    done = sh(remote, kept_scripts.STAGE_KEPT, owner, *args, acting=acting, what="stage the former files")
    compare(remote, done, {f.path: f.sha256 for f in files})


def stage_former(remote: Remote, due: Mapping[str, str], at: Places, *, run: Plan, files: NodeFiles) -> None:
    """Stage files of before, or CA files that the way back needs, and a mark for each that is to be absent.

    Args:
        due: SHA-256 by file name, or ABSENT.
        at: The places of the run that goes back; its own backup holds what lay there when it began.
        run: Its plan, which names the run that it undoes.
    """
    former = backup_of(files, remote, run.undoes)
    made: list[Delivery] = []
    kept: list[PutBack] = []
    for name, sha in due.items():
        path = {CA_FILE: at.ca_stage, CFG: at.cfg_stage}.get(name, at.key_stage) / name
        if sha == ABSENT:
            made.append(Delivery(path.with_name(f"{name}.absent"), b"", _NOTHING))
        elif sha in run.bundles:
            made.append(Delivery(path, run.bundles[sha].encode(), sha))
        else:
            kept.append(PutBack(path, sha, (former / name, at.backup / name)))
    if kept:
        _stage_kept(remote, kept, acting=files.acting, owner=files.service_user)
    if made:
        stage(remote, made, acting=files.acting, owner=files.service_user)


def backup_of(files: NodeFiles, remote: Remote, run: str) -> PurePosixPath:
    """Where that run keeps on the node what was live before it."""
    return files.resolved(data_of(remote.node)) / WORK_NAME / run / "backup"


def kept_by(remote: Remote, files: NodeFiles, run: str) -> Kept | None:
    """What the backup of that run holds; None where it made none here, or it was removed.

    Raises:
        RemoteError: It could not be read.
    """
    where = backup_of(files, remote, run)
    said = sh(remote, kept_scripts.KEPT, where, *_NAMES, acting=files.acting, what="read the backup").text
    lines = [line.split(" ") for line in said.splitlines()]
    hashes = {words[2]: words[1] for words in lines if words[0] == "kept"}
    hashes |= {words[1]: ABSENT for words in lines if words[0] == "absent"}
    if set(hashes) != set(_NAMES):
        return None
    contents = {words[1]: base64.b64decode(words[2]) for words in lines if words[0] == "content64"}
    return Kept(
        files={name: sha for name, sha in hashes.items() if name != CFG},
        ca_pem=contents.get(CA_FILE, b""),
        cert_pem=contents.get(CERT_FILE, b""),
        cfg=contents.get(CFG, b""),
    )
