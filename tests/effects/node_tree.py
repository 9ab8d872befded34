"""A node's directory tree on this machine, and ways to disturb the scripts that work on it.

As root the server's files belong to an unprivileged uid and the scripts really change their user;
else everything belongs to the login user.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pytest

from tasks.core.model import Admin, Paths
from tasks.core.places import Places, data_of, places
from tasks.effects.files import Delivery
from tasks.effects.remote import Completed
from tests.effects.local_remote import LocalRemote, node

ROOT = os.geteuid() == 0
SERVICE, STRANGER = 65534, 65533
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SHELLS = {"dash": ("dash",), "bash --posix": ("bash", "--posix"), "busybox sh": ("busybox", "sh")}
CA, CERT, KEY, CFG = "Cluster_cafile.pem", "Cluster_cert.pem", "Cluster_key.pem", "server.cfg"

needs_root = pytest.mark.skipif(not ROOT, reason="needs root: another user's files")
not_as_root = pytest.mark.skipif(ROOT, reason="root may write everywhere")


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass
class BoundedRemote(LocalRemote):
    """Every command has a limit, and may run as another login user (as root only)."""

    login: tuple[str, ...] = ()

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        privileged: bool = False,
        limit_s: float | None = None,
    ) -> Completed:
        return LocalRemote.run(
            self, (*self.login, *argv), stdin=stdin, privileged=privileged, limit_s=limit_s or 10
        )


def as_stranger(remote: LocalRemote) -> BoundedRemote:
    """The same node for a login that is neither root nor the service user."""
    return BoundedRemote(
        remote.node, path=SYSTEM_PATH, login=("chroot", f"--userspec={STRANGER}:{STRANGER}", "/")
    )


@dataclass(frozen=True)
class Tree:
    """One node's files under `root`; `remote` runs what is asked there."""

    root: Path
    remote: LocalRemote
    uid: int = field(default_factory=lambda: SERVICE if ROOT else os.geteuid())
    gid: int = field(default_factory=lambda: SERVICE if ROOT else os.getegid())

    @property
    def user(self) -> str:
        return f"{self.uid}:{self.gid}"

    @property
    def acting(self) -> str:
        """Who writes where the service user suffices."""
        return self.user if ROOT else ""

    @property
    def data(self) -> Path:
        return self.root / "amlen" / "data"

    @property
    def cfg(self) -> Path:
        return self.data / "config" / CFG

    @property
    def keystore(self) -> Path:
        return self.data / "certificates" / "keystore"

    @property
    def truststore(self) -> Path:
        return self.data / "certificates" / "truststore"

    def own(self, path: Path, *, mode: int, uid: int | None = None) -> Path:
        path.chmod(mode)
        if ROOT:
            owner = self.uid if uid is None else uid
            os.chown(path, owner, owner, follow_symlinks=False)
        return path

    def folder(self, path: Path, *, mode: int = 0o700) -> Path:
        path.mkdir()
        return self.own(path, mode=mode)

    def write(self, path: Path, content: bytes, *, mode: int = 0o600, uid: int | None = None) -> Path:
        path.write_bytes(content)
        return self.own(path, mode=mode, uid=uid)

    def with_paths(self, **paths: Path) -> Tree:
        """The same tree with other paths in the inventory."""
        found = {name: PurePosixPath(path) for name, path in paths.items()}
        changed = dataclasses.replace(self.remote.node.paths, **found)
        remote = dataclasses.replace(self.remote, node=dataclasses.replace(self.remote.node, paths=changed))
        return dataclasses.replace(self, remote=remote)

    def with_path(self, folder: Path) -> Tree:
        """The same tree; commands are looked for in `folder` first."""
        remote = dataclasses.replace(self.remote, path=f"{folder}:{SYSTEM_PATH}")
        return dataclasses.replace(self, remote=remote)

    def places(self, *, run: str = "run-1", keystore: Path | None = None) -> Places:
        return places(
            data_of(self.remote.node),
            run=run,
            keystore=PurePosixPath(keystore or self.keystore),
            truststore=PurePosixPath(self.truststore),
            cfg=PurePosixPath(self.cfg),
        )


@contextmanager
def tree(*, name: str = "node", parent: str | None = None) -> Iterator[Tree]:
    """A node with server.cfg, a live pair and a CA file, all of the service user."""
    top = Path(tempfile.mkdtemp(prefix="node-", dir=parent))
    top.chmod(0o755)
    root = top / name
    root.mkdir(mode=0o755)
    try:
        yield _furnished(root)
    finally:
        shutil.rmtree(top)


def _furnished(root: Path) -> Tree:
    data = PurePosixPath(root) / "amlen"
    paths = Paths(data, data / "data/config" / CFG, data / "diag/logs")
    server = dataclasses.replace(node(Admin("127.0.0.1")), paths=paths)
    made = Tree(root, BoundedRemote(server, path=SYSTEM_PATH))
    made.folder(root / "amlen", mode=0o755)
    for folder in (made.data, made.cfg.parent):
        made.folder(folder, mode=0o755)
    for folder in (made.keystore.parent, made.keystore, made.truststore):
        made.folder(folder)
    text = f"# ours\nKeyStore = {made.keystore}\nTrustedCertificateDir = {made.truststore}\nOther = 1\n"
    made.write(made.cfg, text.encode(), mode=0o640)
    made.write(made.truststore / CA, b"ca old")
    made.write(made.keystore / CERT, b"cert old")
    made.write(made.keystore / KEY, b"key old")
    return made


def deliveries(at: Places, contents: dict[str, bytes]) -> list[Delivery]:
    """The files by name, on their way to their staging places."""
    stages = {CA: at.ca_stage, CERT: at.key_stage, KEY: at.key_stage, CFG: at.cfg_stage}
    return [
        Delivery(stages.get(name, at.key_stage) / name, content, sha256(content))
        for name, content in contents.items()
    ]


def mode(path: Path) -> str:
    return f"{path.stat().st_mode & 0o7777:o}"


def owner(path: Path) -> str:
    return f"{path.stat().st_uid}:{path.stat().st_gid}"


def in_shell(node: Tree, name: str, *options: str) -> Tree:
    """The same node, whose `sh` is another shell; skips where it is not installed."""
    found = shutil.which(name, path=SYSTEM_PATH)
    if found is None:
        pytest.skip(f"{name} is not installed")
    folder = node.root / "shell"
    folder.mkdir(mode=0o755)
    program(folder / "sh", f'exec {" ".join((found, *options))} "$@"')
    return node.with_path(folder)


def program(path: Path, body: str) -> Path:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


WRAPPED = ("mv", "rm", "cp", "mkdir", "chmod", "chown", "sync", "sha256sum", "stat")


@dataclass(frozen=True)
class Disturbed:
    """A folder of stand-in commands that count themselves and do something to the script between."""

    folder: Path

    @property
    def count(self) -> int:
        return int((self.folder / "count").read_text())

    @classmethod
    def make(cls, folder: Path, *, after: str, wrapped: Sequence[str] = WRAPPED) -> Disturbed:
        """Args: after: sh that runs when a command has done its work; $n is its number."""
        folder.mkdir(mode=0o755)
        (folder / "count").write_text("0")
        (folder / "count").chmod(0o666)
        for name in wrapped:
            real = shutil.which(name, path=SYSTEM_PATH)
            counted = f"n=$(($(cat {folder}/count) + 1)); echo $n > {folder}/count"
            program(folder / name, f'{real} "$@"; status=$?\n{counted}\n{after}\nexit $status')
        return cls(folder)
