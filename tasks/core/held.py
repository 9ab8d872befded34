"""Certificates and revocation lists with the place that holds them: a process, a node's disk, this machine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from tasks.core.dataclass import dataclass
from tasks.core.file_names import CLUSTER, HA, FileNames
from tasks.core.material import Material, read_material
from tasks.core.revocation_nodes import clock_of, list_file, list_on
from tasks.core.snapshot import FileState, HaFiles, NodeFiles, NodeSnapshot, Snapshot, Unseen, Wire

HERE = "here"  # in place of a node's name
UNREADABLE = "unreadable"  # in place of a file's SHA-256
NOTHING = Material()


class Source(StrEnum):
    SERVED = "served"
    DISK = "on disk"
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Held:
    """What one file holds, or what one process serves.

    Args:
        where: A node, or HERE.
        source: None where nothing of the node could be seen.
        file: "Cluster_cert.pem", "gw-a/Cluster_cert.pem", "port 9104"; "" where nothing could be seen.
        at: Now, by the clock of that place.
        trouble: Why it could not be seen.
    """

    where: str
    source: Source | None
    file: str
    material: Material
    at: datetime
    trouble: Unseen | None = None


def held_by_nodes(snapshot: Snapshot) -> tuple[Held, ...]:
    """Everything on every node, by its own clock; what could not be seen is there with its trouble."""
    return tuple(held for seen in snapshot.nodes.values() for held in held_by(snapshot, seen))


def held_by(snapshot: Snapshot, seen: NodeSnapshot) -> Iterator[Held]:
    """What one process serves, then the files beside it. A standby serves nothing."""
    node = seen.node.name
    at = snapshot.taken_at if isinstance(seen.files, Unseen) else clock_of(snapshot, seen.files)
    if seen.sshd is not None:
        yield Held(node, None, "", NOTHING, at, seen.sshd)
        return
    if isinstance(seen.wire, Wire):
        chain = Material(certificates=seen.wire.chain)
        yield Held(node, Source.SERVED, f"port {seen.control_address[1]}", chain, at)
    elif isinstance(seen.wire, Unseen):
        yield Held(node, Source.SERVED, "", NOTHING, at, seen.wire)
    if isinstance(seen.files, Unseen):
        yield Held(node, Source.DISK, "", NOTHING, at, seen.files)
        return
    for names in (CLUSTER, HA):
        yield from _on_disk(node, seen.files, names, at=at)


def _on_disk(node: str, files: NodeFiles, names: FileNames, *, at: datetime) -> Iterator[Held]:
    own = HaFiles(files.files, files.ca_pem, files.cert_pem) if names is CLUSTER else files.ha
    for name, content in ((names.cert, own.cert_pem), (names.ca, own.ca_pem)):
        state = own.files.get(name)
        if state is not None and state.exists:
            yield _file(node, name, state, content, at=at)
    listed = list_on(files, names)
    if listed is not None:
        yield _file(node, names.crl, list_file(files, names.crl), listed, at=at)


def _file(node: str, name: str, state: FileState | None, content: bytes, *, at: datetime) -> Held:
    if state is not None and state.sha256 == UNREADABLE:
        whose = f"owner {state.owner}, mode {state.mode}"
        trouble = Unseen(f"{name} cannot be read by our login ({whose})", "set `ssh.sudo: true`")
        return Held(node, Source.DISK, name, NOTHING, at, trouble)
    return Held(node, Source.DISK, name, read_material(content), at)


def serves_nothing(snapshot: Snapshot) -> tuple[str, ...]:
    """Nodes whose process listens on no cluster port, and should not: standbys, servers in no cluster."""
    return tuple(n for n, seen in snapshot.nodes.items() if seen.wire is None and seen.sshd is None)
