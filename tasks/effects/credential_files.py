"""Credential sets on this machine's disk, read with their faults.

credentials/<cluster>/Cluster_*.pem            one set for all members
credentials/<cluster>/<member>/Cluster_*.pem   a member's own set; goes before the shared one
credentials/<cluster>/[<pair>/]HA_*.pem        the same for the HA channel of pairs
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from tasks.core.credential_set import CredentialSet, load
from tasks.core.dataclass import dataclass
from tasks.core.errors import OperatorError
from tasks.core.file_names import CLUSTER, HA, FileNames
from tasks.core.findings import Finding, Severity
from tasks.core.stray_keys import ca_keys_in

SHARED = "shared"  # the label of the set that has no member folder
_MAX_BYTES = 1 << 20
_MISSING = {
    name: finding
    for names in (CLUSTER, HA)
    for name, finding in zip(names.in_order, ("ca-missing", "cert-missing", "key-missing"), strict=True)
}


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a member's three files are; members with equal sources share one set."""

    label: str
    names: FileNames
    paths: tuple[tuple[str, Path], ...]


def load_sets(
    folder: Path, members: Sequence[str], at: datetime, *, names: FileNames = CLUSTER
) -> tuple[dict[str, CredentialSet], tuple[Finding, ...]]:
    """Read the set of every member; a member folder goes before the shared set.

    Args:
        folder: The cluster's folder. Key and certificate always come from one place; a member
            without a CA file of its own takes the shared one.
        at: Now by this machine's clock.
        names: What the files of the sets are called.

    Returns:
        The sets by member name, without those that a server would not come up with; all findings.
    """
    if not any(present_in(folder / place, names) for place in (".", *members)):
        text = f"{folder} holds no credential set; wanted: {', '.join(names.in_order)}"
        make = "fab credentials.create" + (" --use ha" if names is HA else "")
        return {}, (_error("credentials-missing", SHARED, text, remedy=make),)
    found = [*_unknown_folders(folder, members, names), *(_ca_keys(folder) if names is CLUSTER else ())]
    loaded: dict[_Source, CredentialSet | None] = {}
    sources = {member: _source(folder, member, names) for member in members}
    for source in dict.fromkeys(sources.values()):
        files, faults = _read_source(source)
        loaded[source], findings = load(files, label=source.label, at=at, names=names)
        found += [*faults.values(), *_unsaid(findings, faults), *_loose_key(source)]
    sets = {member: one for member, source in sources.items() if (one := loaded[source]) is not None}
    return sets, tuple(found)


def set_paths(folder: Path, member: str, *, names: FileNames = CLUSTER) -> tuple[str, Mapping[str, Path]]:
    """The label of a member's set, and by name where each of its files is taken from, if it is there."""
    source = _source(folder, member, names)
    return source.label, dict(source.paths)


def _source(folder: Path, member: str, names: FileNames) -> _Source:
    own = folder / member
    present = present_in(own, names)
    shared = present_in(folder, names)
    both = {names.key, names.cert}
    pair = own if present & both or not shared & both else folder
    authority = own if names.ca in present or names.ca not in shared else folder
    label = member if own in (pair, authority) else SHARED
    places = {names.ca: authority, names.cert: pair, names.key: pair}
    return _Source(label, names, tuple((name, place / name) for name, place in places.items()))


def present_in(folder: Path, names: FileNames) -> frozenset[str]:
    """The files of a set that lie here, by their right names even where the case is wrong."""
    found = {entry.lower() for entry in entries(folder)}
    return frozenset(name for name in names.in_order if name.lower() in found)


def entries(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise local_error("read the folder", folder, error) from error


def _read_source(source: _Source) -> tuple[dict[str, bytes], dict[str, Finding]]:
    """Content of the files that can be read, and per file what is in the way of the others."""
    files: dict[str, bytes] = {}
    faults: dict[str, Finding] = {}
    for name, path in source.paths:
        if os.path.lexists(path):
            try:
                files[name] = read_file(path)
            except OSError as error:
                faults[name] = _unreadable(source.label, path, error)
        elif (other := _misnamed(path)) is not None:
            text = f"{other} is not read by the server: the name must be exactly {name}"
            faults[name] = _error("file-name-case", source.label, text, remedy=f"mv {other} {path}")
    return files, faults


def typed_path(text: str) -> Path:
    """A path as it was typed; the ~ of nobody stays what it is, and nothing lies there."""
    return Path(os.path.expanduser(text))


def read_file(path: Path, *, most_bytes: int = _MAX_BYTES) -> bytes:
    """A regular file of moderate size; raises OSError, with a reason, for all else."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        seen = os.fstat(descriptor)
        if not stat.S_ISREG(seen.st_mode):
            raise OSError(0, "not a regular file")
        if seen.st_size > most_bytes:
            raise OSError(0, f"{seen.st_size} bytes; a PEM file of at most {most_bytes} is wanted")
        return file.read()


def _misnamed(path: Path) -> Path | None:
    """A file that differs from `path` only in case."""
    alike = [entry for entry in entries(path.parent) if entry.lower() == path.name.lower()]
    return path.parent / alike[0] if alike else None


def _unsaid(found: Iterable[Finding], faults: Mapping[str, Finding]) -> Iterator[Finding]:
    """Without the files called missing whose own fault is reported already."""
    said = {_MISSING[name] for name in faults}
    return (finding for finding in found if finding.name not in said)


def _loose_key(source: _Source) -> Iterator[Finding]:
    path = dict(source.paths)[source.names.key]
    with contextlib.suppress(OSError):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            text = f"{path} has mode {mode:04o}; a private key is for its owner alone, 0600"
            yield Finding("key-mode", Severity.WARNING, source.label, text, f"chmod 600 {path}")


def _unknown_folders(folder: Path, members: Sequence[str], names: FileNames) -> Iterator[Finding]:
    for entry in entries(folder):
        if entry not in members and entry[:1] != "." and present_in(folder / entry, names):
            who = "pair" if names is HA else "member"
            text = f"{folder / entry} holds a credential set, but no {who} is named {entry}"
            remedy = f"rename it to one of {', '.join(members)}, or move it away"
            yield Finding("unknown-set-folder", Severity.WARNING, entry, text, remedy)


def _ca_keys(folder: Path) -> Iterator[Finding]:
    """Keys of CAs among the sets: who is given a set would be given the CA."""
    places = (folder, *(folder / entry for entry in entries(folder) if entry[:1] != "."))
    contents: dict[str, bytes] = {}
    for path in (place / name for place in places for name in entries(place)):
        with contextlib.suppress(OSError):
            contents[str(path)] = read_file(path)
    for key, whose in ca_keys_in(contents):
        text = f"{key} is the private key of {whose}: it is for no member's folder"
        remedy = f"move it and its certificate into the CA's own folder: ca/{folder.name}, or ca.folder"
        yield Finding("ca-key-in-set-folder", Severity.WARNING, "", text, remedy)


def _unreadable(label: str, path: Path, error: OSError) -> Finding:
    dangling = path.is_symlink() and not path.exists()
    reason = f"a symbolic link to {os.readlink(path)}, which is not there" if dangling else error.strerror
    text = f"{path} cannot be read: {reason}"
    return _error("file-unreadable", label, text, remedy=f"ls -lL {path}")


def local_error(what: str, path: Path, error: OSError) -> OperatorError:
    return OperatorError(
        f"cannot {what} {path}: {error.strerror}", remedy=f"ls -ld {path.parent}; df {path.parent}"
    )


def _error(name: str, where: str, problem: str, *, remedy: str) -> Finding:
    return Finding(name, Severity.ERROR, where, problem, remedy)
