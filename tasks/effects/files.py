"""Files on the nodes: look at them, stage, back up, swap in, clean up.

Content travels on the standard input of one command that runs as the files' owner, and is read
back by hash; a key never rests anywhere else and never in an argument.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from tasks.core.errors import RemoteError
from tasks.core.places import Places, data_of, work_dir
from tasks.core.server_cfg import ServerCfg, file_sha256, parse
from tasks.core.snapshot import FileState, NodeFiles
from tasks.effects import shell_scripts
from tasks.effects.remote import Completed, Remote

ABSENT = PurePosixPath("/dev/null/absent")  # a path that cannot exist, for "server.cfg names none"


def sh(remote: Remote, script: str, *args: str, acting: str = "", stdin: bytes = b"", what: str) -> Completed:
    """Run one of our scripts, as `acting` ("uid:gid") where that is not root itself.

    Raises:
        RemoteError: It ended with another status than 0; `what` says what was tried.
    """
    become = ("chroot", f"--userspec={acting}", "/") if acting and acting != "0:0" else ()
    done = remote.run((*become, "sh", "-c", script, "sh", *args), stdin=stdin, privileged=True)
    if done.exit_status != 0:
        raise RemoteError(
            f"{what}: exit {done.exit_status}: {done.error_text or 'no message'}",
            node=remote.node.name,
            remedy="fab check shows rights, space and paths on the node; nothing further was touched",
        )
    return done


@dataclass(frozen=True, slots=True)
class _Config:
    path: PurePosixPath
    clock_offset_s: float
    uid: int
    user: str
    owner: str
    cfg: ServerCfg


def look_at_files(remote: Remote) -> NodeFiles:
    """What lies on the node now.

    Raises:
        RemoteError: server.cfg is not there or not readable, or a command failed.
    """
    node = remote.node
    config = _read_config(remote)
    wanted_key = node.paths.keystore or config.cfg.keystore or ABSENT
    wanted_ca = node.paths.truststore or config.cfg.truststore or ABSENT
    targets = tuple(dict.fromkeys((wanted_key, wanted_ca, config.path.parent)))
    pairs = [str(path) for target in targets for path in (target, work_dir(node, target))]
    keystore, truststore = config.cfg.keystore or ABSENT, config.cfg.truststore or ABSENT
    lines = sh(
        remote, shell_scripts.FACTS, config.user, str(keystore), str(truststore), *pairs, what="look at files"
    ).text.splitlines()
    facts = [line.split(" ", 1) for line in lines if " " in line]
    acting, fault, free = _acting(facts, config)
    return NodeFiles(
        clock_offset_s=config.clock_offset_s,
        cfg_path=config.path,
        cfg=config.cfg,
        cfg_sha256=file_sha256(config.cfg.text),
        keystore=config.cfg.keystore,
        truststore=config.cfg.truststore,
        service_user=config.user,
        acting=acting,
        login_uid=config.uid,
        files=_file_states(facts, keystore=keystore, truststore=truststore),
        ca_pem=_content(facts, "ca64"),
        cert_pem=_content(facts, "cert64"),
        others=tuple(value for key, value in facts if key == "other"),
        crl_present=any(key == "crl" for key, _ in facts),
        free_bytes=free,
        target_fault=fault,
        restart_marker=next((value for key, value in facts if key == "marker"), "free"),
        work_entries=tuple(value for key, value in facts if key == "work" and not value.endswith("/lock")),
    )


def _read_config(remote: Remote) -> _Config:
    paths = remote.node.paths
    asked_at = time.time()
    done = sh(
        remote,
        shell_scripts.READ_CFG,
        str(paths.server_cfg),
        str(data_of(remote.node)),
        what="read server.cfg",
    )
    head, _, content = done.stdout.partition(b"---\n")
    facts = dict(line.split(" ", 1) for line in head.decode().splitlines())
    return _Config(
        path=PurePosixPath(facts["path"]),
        clock_offset_s=float(facts["now"]) + 0.5 - (asked_at + time.time()) / 2,
        uid=int(facts["uid"]),
        user=facts["user"],
        owner=facts["cfgowner"],
        cfg=parse(content.decode("utf-8", "surrogateescape")),
    )


def _acting(facts: Sequence[Sequence[str]], config: _Config) -> tuple[str, str | None, int]:
    """Who writes: the service user where that suffices, else root; and what forbids it."""
    rows = [value.split(" ", 4) for key, value in facts if key == "target"]
    free = min((int(row[3]) for row in rows), default=0) * 1024
    apart = [row[4] for row in rows if row[1] != row[2]]
    if apart:
        return config.user, f"{apart[0]} is on another file system than its work directory", free
    nobody = [row[4] for row in rows if row[0] == "nobody"]
    if nobody:
        return config.user, f"uid {config.uid} may not write to {nobody[0]} as {config.user}", free
    needs_root = any(row[0] == "root" for row in rows) or config.owner != config.user
    if needs_root and config.uid == 0:
        return "0:0", None, free
    if needs_root:
        return config.user, f"server.cfg belongs to {config.owner}, not to {config.user}", free
    return (config.user if config.uid == 0 else ""), None, free


def _file_states(
    facts: Sequence[Sequence[str]], *, keystore: PurePosixPath, truststore: PurePosixPath
) -> Mapping[str, FileState]:
    states = {}
    for key, value in facts:
        if key != "file":
            continue
        name, sha, *rest = value.split(" ")
        path = (truststore if "cafile" in name else keystore) / name
        if sha == "absent":
            states[name] = FileState(path=path, sha256=None)
            continue
        owner, mode, changed, can = rest
        states[name] = FileState(path, sha, owner, mode, can == "yes", float(changed))
    return states


def _content(facts: Sequence[Sequence[str]], kind: str) -> bytes:
    return next((base64.b64decode(value) for key, value in facts if key == kind), b"")


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
    args = [text for d in deliveries for text in (str(d.path), str(len(d.content)), d.mode)]
    content = b"".join(d.content for d in deliveries)
    done = sh(remote, shell_scripts.STAGE, owner, *args, acting=acting, stdin=content, what="place files")
    _compare(remote, done, {str(d.path): d.sha256 for d in deliveries})


def back_up(remote: Remote, live: Mapping[str, PurePosixPath], *, to: PurePosixPath, acting: str) -> None:
    """Keep what is live now, once per run; what does not exist is noted as absent."""
    pairs = [text for name, path in live.items() for text in (name, str(path))]
    sh(remote, shell_scripts.BACKUP, str(to), *pairs, acting=acting, what="back up the live files")


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
) -> None:
    """Make the staged files the live ones: CA file, certificate, key, then server.cfg.

    Args:
        remote: The node.
        at: Its places.
        wanted: SHA-256 that each live file must have afterwards, by file name.
        moved_from: The old directories, where they move: their other files go along (T11).
        files: What was seen of the node (who acts, who owns).

    Raises:
        RemoteError: A file is not what it must be; the server has not been restarted.
    """
    done = sh(
        remote,
        shell_scripts.SWAP,
        files.service_user,
        *(str(at.ca_stage / CA), str(at.truststore / CA)),
        *(str(at.key_stage / CERT), str(at.keystore / CERT)),
        *(str(at.key_stage / KEY), str(at.keystore / KEY)),
        *(str(at.cfg_stage / CFG), str(at.server_cfg)),
        *(str(old or "") for old in (moved_from.keystore, moved_from.truststore)),
        acting=files.acting,
        what="swap in the staged files",
    )
    live = {KEY: at.keystore / KEY, CERT: at.keystore / CERT, CA: at.truststore / CA, CFG: at.server_cfg}
    _compare(remote, done, {str(live[name]): sha for name, sha in wanted.items()})


CA, CERT, KEY, CFG = "Cluster_cafile.pem", "Cluster_cert.pem", "Cluster_key.pem", "server.cfg"


def _compare(remote: Remote, done: Completed, wanted: Mapping[str, str]) -> None:
    """The lines of sha256sum against what must be there."""
    seen = {line[66:]: line[:64] for line in done.text.splitlines() if len(line) > 66}
    for path, sha in wanted.items():
        if seen.get(path) != sha:
            raise RemoteError(
                f"{path} reads back as {seen.get(path, 'nothing')[:12]}, wanted {sha[:12]}",
                node=remote.node.name,
                remedy="fab check; look for a full file system or somebody else at work on the node",
            )


def clean_up(remote: Remote, at: Places, *, acting: str) -> None:
    """Remove the staging directories; backups stay."""
    sh(remote, shell_scripts.CLEAN, *(str(path) for path in at.stages), acting=acting, what="clean up")
