"""A keystore or truststore as it lies on a node: what is in it, whose it is, who can read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import PurePosixPath

from tasks.core.dataclass import dataclass


class Kind(StrEnum):
    """What an entry is; of a symbolic link, what it leads to."""

    FILE = "file"
    DIRECTORY = "directory"
    CLOSED = "closed"  # a directory that our login may not look into
    DEEP = "deep"  # a directory below more others than are looked through
    DANGLING = "dangling"  # a link to nothing
    OTHER = "other"  # a socket, a device


class State(StrEnum):
    DIRECTORY = "directory"
    ABSENT = "absent"
    CLOSED = "closed"
    OTHER = "other"  # something, but no directory


@dataclass(frozen=True, slots=True)
class Item:
    """One entry, by its name below the folder: "Cluster_capath/0a1b2c3d.0"."""

    name: str
    kind: Kind
    sha256: str  # of a file; "unreadable" where our login may not read it, "-" of all else
    size_bytes: int
    owner: str  # "uid:gid"
    mode: str  # octal, "600"
    readable: bool  # by the service user


@dataclass(frozen=True, slots=True)
class Folder:
    """One directory, as server.cfg writes it and as it really is."""

    path: PurePosixPath
    real: PurePosixPath  # without symbolic links, by the server's own name
    state: State
    owner: str
    mode: str
    reachable: bool  # by the service user; of an absent one, what is nearest above it
    file_system: str  # "xfs", "tmpfs", ...
    items: tuple[Item, ...] = ()

    @property
    def by_name(self) -> Mapping[str, Item]:
        return {item.name: item for item in self.items}

    @property
    def top(self) -> tuple[str, ...]:
        """Names of what lies directly in it."""
        return tuple(item.name for item in self.items if "/" not in item.name)


@dataclass(frozen=True, slots=True)
class CfgTimes:
    """When server.cfg was changed, in seconds since the epoch by the node's clock, and whose it is."""

    modified_at: float
    changed_at: float  # its content, name, owner or mode
    owner: str
    mode: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What keeps `new` from standing for `old`: an item that is missing, another, or not readable."""

    name: str
    problem: str
    missing: bool = False


def differences(old: Folder, new: Folder) -> Iterator[Difference]:
    """Every item of the old folder that the new one has not, or otherwise. Links to nothing do not count."""
    there = new.by_name
    for item in old.items:
        if item.kind is Kind.DANGLING:
            continue
        found = there.get(item.name)
        if found is None:
            yield Difference(item.name, "is not there", missing=True)
        elif found.kind is not item.kind:
            yield Difference(item.name, f"is a {found.kind}, in {old.path} a {item.kind}")
        elif found.sha256 != item.sha256:
            was, now = item.sha256[:12], found.sha256[:12]
            yield Difference(item.name, f"has SHA-256 {now}, in {old.path} {was}")
        elif item.readable and not found.readable:
            whose = f"owner {found.owner}, mode {found.mode}"
            yield Difference(item.name, f"cannot be read by the service user ({whose})")
