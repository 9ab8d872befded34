"""Look at keystores and truststores: what lies in them, whose it is; never what is in a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from tasks.core.dataclass import dataclass
from tasks.core.folders import CfgTimes, Folder, Item, Kind, State
from tasks.core.model import ExecFiles, Node
from tasks.core.snapshot import NodeFiles
from tasks.effects import keystore_scripts
from tasks.effects.file_access import root_of, seen_by_server, sh, understood
from tasks.effects.remote import Remote


@dataclass(frozen=True, slots=True)
class Folders:
    """Directories of one node by the paths that were asked for, and the times of its server.cfg."""

    by_path: dict[PurePosixPath, Folder]
    cfg: CfgTimes


def look_at_folders(remote: Remote, files: NodeFiles, paths: Sequence[PurePosixPath]) -> Folders:
    """Look through these directories.

    Args:
        files: What was seen of the node before: its service user and its server.cfg.
        paths: As the server names them; absent ones are said to be so.

    Raises:
        RemoteError: The command failed, or a path cannot be reached from the node's host.
    """
    wanted = tuple(dict.fromkeys(paths))
    said = sh(
        remote,
        keystore_scripts.LIST,
        files.service_user,
        str(root_of(remote.node)),
        files.cfg_path,
        *wanted,
        acting=files.service_user if isinstance(remote.node.files_by, ExecFiles) else "",
        what="look at the keystore",
    ).text
    with understood(remote, "look at the keystore"):
        lines = said.split("\n")[:-1]  # a name may hold whatever else ends lines
        root, cfg = PurePosixPath(lines[0].partition(" ")[2]), _times(lines[1])
        found = _folders(remote.node, lines[2:], paths=wanted, root=root)
        return Folders({folder.path: folder for folder in found}, cfg)


def _times(line: str) -> CfgTimes:
    _, modified, changed, owner, mode = line.split(" ")
    return CfgTimes(float(modified), float(changed), owner, mode)


def _folders(
    node: Node, lines: Sequence[str], *, paths: Sequence[PurePosixPath], root: PurePosixPath
) -> Iterator[Folder]:
    starts = [number for number, line in enumerate(lines) if line.startswith("folder ")]
    for path, start, end in zip(paths, starts, [*starts[1:], len(lines)], strict=True):
        _, state, owner, mode, reach, kind, real = lines[start].split(" ", 6)
        yield Folder(
            path=path,
            real=seen_by_server(node, PurePosixPath(real), root=root),
            state=State(state),
            owner=owner,
            mode=mode,
            reachable=reach == "yes",
            file_system=kind,
            items=tuple(_item(line) for line in lines[start + 1 : end]),
        )


def _item(line: str) -> Item:
    _, kind, sha, size, owner, mode, readable, name = line.split(" ", 7)
    return Item(name, Kind(kind), sha, int(size), owner, mode, readable == "yes")
