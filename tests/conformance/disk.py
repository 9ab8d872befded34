"""The files of one node under test: changed, looked at, and put back as they were found."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from tasks.core.file_names import HA
from tasks.core.places import data_of
from tasks.core.snapshot import NodeFiles
from tasks.effects.file_access import sh
from tasks.effects.files import CA, CERT, CFG, KEY, Delivery, back_up, stage
from tasks.effects.looking import look_at_files
from tasks.effects.remote import Remote

WORK = ".conformance"  # in the data directory, outside data/certificates: what was found there at first

_REMOVE = 'rm -rf -- "$@"'
_MODE = 'stat -c %a -- "$1"'
_CHMOD = 'chmod "$1" -- "$2"'
_COPY_TREE = 'rm -rf -- "$2" && cp -pR -- "$1" "$2"'
_COPY_BACK = 'live=$(readlink -f -- "$2") && cp -p -- "$1" "$live.part" && mv -f -- "$live.part" "$live"'
_SIZE = 'if [ -e "$1" ]; then wc -c < "$1"; else echo 0; fi'
_SUM = '[ ! -e "$1" ] || sha256sum < "$1"'
_FROM = '[ ! -e "$1" ] || tail -c "+$2" -- "$1"'

# args: backup directory, keystore and its mode, how many paths of ours follow, these, then (name,
# live path) per file that was kept.
_RESTORE = r"""
set -eu
umask 077
dir=$1 keystore=$2 mode=$3 ours=$4
shift 4
[ -e "$dir/complete" ] || { echo "no complete backup in $dir" >&2; exit 10; }
chmod "$mode" -- "$keystore"
while [ "$ours" -gt 0 ]; do rm -rf -- "$1"; shift; ours=$((ours - 1)); done
while [ $# -gt 0 ]; do
    if [ -e "$dir/$1.absent" ]; then rm -f -- "$2"
    else cp -p -- "$dir/$1" "$2.part"; mv -f -- "$2.part" "$2"
    fi
    shift 2
done
"""


@dataclass(slots=True)
class Disk:
    """One node's keystore, truststore and server.cfg, with the credentials of the HA channel."""

    remote: Remote
    found: NodeFiles = field(repr=False)
    keystore: PurePosixPath
    truststore: PurePosixPath
    mode: str

    @classmethod
    def was_left(cls, remote: Remote) -> bool:
        """Whether a run that was killed left its changes, and what it had found."""
        path = str(_backup(remote) / "complete")
        return remote.run(("test", "-e", path), privileged=True).exit_status == 0

    @classmethod
    def open(cls, remote: Remote) -> Disk:
        """Look, and keep what is there; after a run that was killed, what that run had found."""
        if cls.was_left(remote):
            paths = (str(_backup(remote) / CFG), str(remote.node.paths.server_cfg))
            sh(remote, _COPY_BACK, *paths, what="restore server.cfg")
        found = look_at_files(remote)
        assert found.keystore is not None, f"[{remote.node.name}] server.cfg names no KeyStore"
        assert found.truststore is not None, f"[{remote.node.name}] server.cfg names no truststore"
        mode = sh(remote, _MODE, str(found.keystore), what="look at the keystore").text.strip()
        disk = cls(remote, found, found.keystore, found.truststore, "700" if mode == "0" else mode)
        back_up(remote, disk.live, to=disk.backup, acting=found.acting)
        return disk

    @property
    def backup(self) -> PurePosixPath:
        return _backup(self.remote)

    @property
    def spare(self) -> PurePosixPath:
        """A place for a second keystore."""
        return data_of(self.remote.node) / WORK / "keystore"

    @property
    def live(self) -> Mapping[str, PurePosixPath]:
        paths = {name: self.keystore / name for name in (KEY, CERT, HA.key, HA.cert)}
        return {**paths, **{name: self.truststore / name for name in (CA, HA.ca)}, CFG: self.found.cfg_path}

    @property
    def cfg_text(self) -> str:
        """server.cfg as it was found."""
        return self.found.cfg.text

    def put(self, *files: tuple[PurePosixPath, bytes]) -> None:
        """Write files that the service user owns."""
        deliveries = [
            Delivery(path, content, hashlib.sha256(content).hexdigest(), "644" if path.name == CFG else "600")
            for path, content in files
        ]
        stage(self.remote, deliveries, acting=self.found.acting, owner=self.found.service_user)

    def place(self, files: Mapping[str, bytes | None]) -> None:
        """Make these the live files, by name; None: there is none. The others stay."""
        if gone := [self.live[name] for name, content in files.items() if content is None]:
            self.remove(*gone)
        self.put(*((self.live[name], content) for name, content in files.items() if content is not None))

    def sha256(self, name: str) -> str:
        """Of the live file, lower case; "" where there is none."""
        path = str(self.live[name])
        return sh(self.remote, _SUM, path, acting=self.found.acting, what="hash a file").text[:64].strip()

    def remove(self, *paths: str | PurePosixPath) -> None:
        sh(self.remote, _REMOVE, *map(str, paths), acting=self.found.acting, what="remove files")

    def chmod(self, path: PurePosixPath, mode: str) -> None:
        sh(self.remote, _CHMOD, mode, str(path), acting=self.found.acting, what="change a mode")

    def copy_keystore(self) -> PurePosixPath:
        """A second keystore with every file of the first; returns where."""
        acting = self.found.acting
        sh(self.remote, _COPY_TREE, str(self.keystore), str(self.spare), acting=acting, what="copy")
        return self.spare

    def log_size(self, name: str) -> int:
        return int(
            sh(self.remote, _SIZE, str(self.remote.node.paths.log_dir / name), what="look at a log").text
        )

    def log_from(self, name: str, size: int) -> str:
        """What was written to the log since it had that size."""
        path = str(self.remote.node.paths.log_dir / name)
        return sh(self.remote, _FROM, path, str(size + 1), what="read a log").text

    def restore(self) -> None:
        """Everything as it was found."""
        ours = [str(path) for path in (*(self.keystore / name.lower() for name in (KEY, CERT)), self.spare)]
        pairs = [text for name, path in self.live.items() for text in (name, str(path))]
        args = (str(self.backup), str(self.keystore), self.mode, str(len(ours)), *ours, *pairs)
        sh(self.remote, _RESTORE, *args, acting=self.found.acting, what="restore")

    def forget(self) -> None:
        """Remove our own directory."""
        self.remove(self.backup.parent)


def _backup(remote: Remote) -> PurePosixPath:
    return data_of(remote.node) / WORK / "found"
