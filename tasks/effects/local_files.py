"""Read certificates and keys on this machine, to show them: the cluster's sets, or whatever lies at a path."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from tasks.core.errors import UsageError
from tasks.core.file_names import CLUSTER, HA, FileNames
from tasks.core.local_files import LocalFiles, verdicts
from tasks.core.model import Cluster
from tasks.core.snapshot import Unseen
from tasks.effects.credential_files import load_sets, local_error, read_file, set_paths

MOST_FILES = 1000
_FORMER_CAS = ("ca", "ha-ca")  # beside the sets: where CAs were once kept


def read_sets(cluster: Cluster, *, at: datetime) -> tuple[LocalFiles, ...]:
    """The cluster's sets, those of its pairs' HA channel, and the CA folders; nothing where there is none.

    Raises:
        OperatorError: The folder is there and cannot be looked into.
    """
    members = [member.name for member in cluster.members]
    pairs = [member.name for member in cluster.members if member.is_pair]
    sets = (*_sets(cluster, members, CLUSTER, at=at), *_sets(cluster, pairs, HA, at=at))
    folders = (*(cluster.credentials / name for name in _FORMER_CAS), cluster.ca_folder)
    return (*sets, *(one for folder in folders if (one := _authority(folder)).files or one.unread))


def read_path(path: Path, *, at: datetime) -> LocalFiles:
    """Every file at a path: itself, or all below a folder, hidden ones and links to folders left out.

    Raises:
        UsageError: Nothing is there, or more files than anybody would want to read.
        OperatorError: A folder cannot be looked into.
    """
    if not os.path.lexists(path):
        raise UsageError(f"nothing is at {path}", remedy=f"ls -ld {path.parent}")
    found = sorted(_below(path)) if path.is_dir() else [path]
    if len(found) > MOST_FILES:
        raise UsageError(
            f"{path} holds more than {MOST_FILES} files",
            remedy="name the folder of the certificates, or a file",
        )
    local = _local(str(path), found, below=path if path.is_dir() else path.parent)
    return LocalFiles(
        local.label, files=local.files, unread=local.unread, findings=tuple(verdicts(local.files, at=at))
    )


def _sets(
    cluster: Cluster, members: Iterable[str], names: FileNames, *, at: datetime
) -> Iterator[LocalFiles]:
    """One per distinct set, with the findings about it; those about no set belong to the first."""
    folder = cluster.credentials
    by_paths: dict[tuple[str, ...], tuple[str, list[str], list[Path]]] = {}
    for member in members:
        label, paths = set_paths(folder, member, names=names)
        there = [path for path in (*paths.values(), folder / names.crl) if os.path.lexists(path)]
        by_paths.setdefault((label, *map(str, there)), (label, [], there))[1].append(member)
    owned = {key: one for key, one in by_paths.items() if one[2]}
    if not owned:
        return
    findings = load_sets(folder, list(members), at, names=names)[1]
    labels = {label for label, _, _ in owned.values()}
    for number, (label, owners, there) in enumerate(owned.values()):
        local = _local(label, there, below=folder)
        about = tuple(f for f in findings if f.where == label or (number == 0 and f.where not in labels))
        yield LocalFiles(label, names, tuple(owners), local.files, local.unread, about)


def _authority(folder: Path) -> LocalFiles:
    there = sorted(_below(folder)) if folder.is_dir() else []
    return _local(f"CA folder {folder.name}", there, below=folder.parent)


def _local(label: str, paths: Iterable[Path], *, below: Path) -> LocalFiles:
    read = {str(path.relative_to(below)): _content(path) for path in paths}
    files = {name: content for name, content in read.items() if isinstance(content, bytes)}
    unread = {name: why for name, why in read.items() if isinstance(why, Unseen)}
    return LocalFiles(label, files=files, unread=unread)


def _below(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder, onerror=_refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(place) / name for name in names if not name.startswith("."))


def _refuse(error: OSError) -> None:
    path = Path(error.filename)
    raise local_error("read the folder", path, error) from error


def _content(path: Path) -> bytes | Unseen:
    try:
        return read_file(path)
    except OSError as error:
        return Unseen(f"{path} cannot be read: {error.strerror}", f"ls -lL {path}")
