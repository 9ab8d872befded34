"""Files on the nodes: look at them, stage, back up, swap in, clean up.

Content travels on the standard input of one command that runs as the files' owner, and is read
back by hash; a key never rests anywhere else and never in an argument.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from tasks.core.dataclass import dataclass
from tasks.core.errors import RemoteError
from tasks.core.file_names import ABSENT, CLUSTER, FileNames
from tasks.core.places import Places
from tasks.core.snapshot import NodeFiles
from tasks.effects import shell_scripts, stage_scripts
from tasks.effects.file_access import on_node, sh
from tasks.effects.remote import Completed, Remote


@dataclass(frozen=True, slots=True)
class Delivery:
    """One file on its way: where it is staged, what it holds, its final mode."""

    path: PurePosixPath
    content: bytes
    sha256: str
    mode: str = "600"

    def __repr__(self) -> str:
        return f"Delivery({self.path}, {len(self.content)} bytes)"


def stage(remote: Remote, deliveries: Sequence[Delivery], *, acting: str, owner: str) -> None:
    """Write the files to their staging places and read them back by hash; safe to repeat.

    Raises:
        RemoteError: A file could not be written or reads back otherwise.
    """
    args = [arg for d in deliveries for arg in (d.path, str(len(d.content)), d.mode)]
    content = b"".join(d.content for d in deliveries)
    done = sh(remote, stage_scripts.STAGE, owner, *args, acting=acting, stdin=content, what="place files")
    compare(remote, done, {d.path: d.sha256 for d in deliveries})


def back_up(remote: Remote, live: Mapping[str, PurePosixPath], *, to: PurePosixPath, acting: str) -> None:
    """Keep what is live now, once per run; what does not exist is noted as absent."""
    pairs = [arg for pair in live.items() for arg in pair]
    sh(remote, shell_scripts.BACKUP, to, *pairs, acting=acting, what="back up the live files")


@dataclass(frozen=True, slots=True)
class MovedFrom:
    """The keystore and truststore of before, where server.cfg is edited to name others."""

    keystore: PurePosixPath | None = None
    truststore: PurePosixPath | None = None


STAYS = MovedFrom()


def swap_in(
    remote: Remote,
    at: Places,
    *,
    wanted: Mapping[str, str],
    moved_from: MovedFrom = STAYS,
    files: NodeFiles,
    names: FileNames = CLUSTER,
) -> None:
    """Make the staged files the live ones: CA file, certificate, key, then server.cfg.

    Args:
        remote: The node.
        at: Its places.
        wanted: SHA-256 that each live file must have afterwards, by file name.
        moved_from: The old directories, where they move: their other files go along (T11).
        files: What was seen of the node (who acts, who owns).
        names: What the credential files are called.

    Raises:
        RemoteError: A file is not what it must be; the server has not been restarted.
    """
    done = sh(
        remote,
        shell_scripts.SWAP,
        files.service_user,
        *(at.ca_stage / names.ca, at.truststore / names.ca),
        *(at.key_stage / names.cert, at.keystore / names.cert),
        *(at.key_stage / names.key, at.keystore / names.key),
        *(at.cfg_stage / CFG, at.server_cfg),
        *(old or "" for old in (moved_from.keystore, moved_from.truststore)),
        acting=files.acting,
        what="swap in the staged files",
    )
    live = {name: at.keystore / name for name in (names.key, names.cert)}
    live |= {names.ca: at.truststore / names.ca, CFG: at.server_cfg}
    compare(remote, done, {live[name]: sha for name, sha in wanted.items()})


CA, CERT, KEY, CFG = *CLUSTER.in_order, "server.cfg"


def compare(remote: Remote, done: Completed, wanted: Mapping[PurePosixPath, str]) -> None:
    """The lines of sha256sum against what must be there."""
    seen = {line[66:]: line[:64] for line in done.text.split("\n") if len(line) > 66}
    for wanted_path, sha in wanted.items():
        path = str(on_node(remote.node, wanted_path))
        if seen.get(path, ABSENT) != sha:
            raise RemoteError(
                f"{path} reads back as {seen.get(path, 'nothing')[:12]}, wanted {sha[:12]}",
                node=remote.node.name,
                remedy="fab check; look for a full file system or somebody else at work on the node",
            )


def clean_up(remote: Remote, at: Places, *, acting: str) -> None:
    """Remove the staging directories; backups stay."""
    sh(remote, shell_scripts.CLEAN, *at.stages, acting=acting, what="clean up")
