"""Faults of a node's credential files. Nothing is read at run time: they show at the next start."""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import suppress
from pathlib import Path

from tasks.core.errors import UsageError
from tasks.lab.accounts import service_account
from tasks.lab.fault_case import Fault, FaultCase
from tasks.lab.keys import make_key_pem, write_private


def _take_ca_away(case: FaultCase) -> None:
    _keep(case, case.file("Cluster_cafile.pem"))


def _swap_key(case: FaultCase) -> None:
    key, other = case.file("Cluster_key.pem"), make_key_pem()
    _keep(case, key)
    (case.kept / "ours").write_text(hashlib.sha256(other).hexdigest())
    write_private(key, other)
    _own(key, like=key.parent)


def _keep(case: FaultCase, path: Path) -> None:
    """Move the file away, with where it was."""
    case.kept.mkdir()
    (case.kept / "path").write_text(str(path))
    shutil.copy2(path, case.kept / "file")
    path.unlink()


def _put_back(case: FaultCase) -> None:
    """The file as it was; one that somebody else has put in its place since then stays."""
    path, ours = Path((case.kept / "path").read_text()), case.kept / "ours"
    if path.exists() and not (
        ours.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == ours.read_text()
    ):
        return
    beside = path.with_name(f".{path.name}.mended")
    shutil.copy2(case.kept / "file", beside)
    _own(beside, like=path.parent)
    os.replace(beside, path)


def _own(path: Path, *, like: Path) -> None:
    if os.geteuid() == 0:
        os.chown(path, like.stat().st_uid, like.stat().st_gid)


def _lock_key(case: FaultCase) -> None:
    case.file("Cluster_key.pem").chmod(0o000)


def _give_key_away(case: FaultCase) -> None:
    if service_account() is None:
        raise UsageError(
            "only root can give a file to another user",
            remedy="use the fault key-mode, or run the lab as root",
        )
    os.chown(case.file("Cluster_key.pem"), 0, 0)


def _mend_key(case: FaultCase) -> None:
    with suppress(UsageError):  # no key any more: nothing to mend
        key = case.file("Cluster_key.pem")
        key.chmod(0o600)
        _own(key, like=key.parent)


FILE_FAULTS: dict[str, Fault] = {
    "ca-missing": Fault(
        "the CA file is taken away (T3, T4: seen at the next start)", _take_ca_away, _put_back
    ),
    "key-mismatch": Fault(
        "the key is one that fits no certificate (T1 at the next start)", _swap_key, _put_back
    ),
    "key-mode": Fault(
        "the key has mode 000, its owner cannot read it (T2 at the next start)", _lock_key, _mend_key
    ),
    "key-owner": Fault("the key belongs to root, the server cannot read it (T2)", _give_key_away, _mend_key),
}
