"""Files of certificates and keys on this machine: a credential set, a CA's folder, or any folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from datetime import datetime
from pathlib import PurePosixPath

from tasks.core.credential_set import load
from tasks.core.dataclass import dataclass
from tasks.core.file_names import CLUSTER, HA, FileNames
from tasks.core.findings import Finding
from tasks.core.held import HERE, NOTHING, Held, Source
from tasks.core.material import read_material
from tasks.core.snapshot import Unseen


@dataclass(frozen=True, slots=True)
class LocalFiles:
    """What was read. Contents show in no repr: there are keys among them.

    Args:
        label: "shared", a member's name, "CA folder ca", or the path that was asked for.
        names: Of a credential set; None for files of any kind.
        members: Whose set it is.
        files: Content by path, relative to the folder that was read.
        unread: What is there and could not be read, by the same path.
    """

    label: str
    names: FileNames | None = None
    members: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    unread: Mapping[str, Unseen] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    def content(self, name: str) -> bytes | None:
        """Of the file of that name, in whatever folder; None where it is not there."""
        found = (content for path, content in self.files.items() if named(path, name))
        return next(found, None)


def named(path: str, name: str) -> bool:
    """Whether it is a file of that name: "gw-a/Cluster_cert.pem" is "Cluster_cert.pem"."""
    return PurePosixPath(path).match(name)


def held_in(local: LocalFiles, *, at: datetime) -> tuple[Held, ...]:
    """Every file with what is in it, then those that could not be read."""
    read = [
        Held(HERE, Source.LOCAL, path, read_material(content), at) for path, content in local.files.items()
    ]
    unread = [Held(HERE, Source.LOCAL, path, NOTHING, at, trouble) for path, trouble in local.unread.items()]
    return (*read, *unread)


def ending_here(found: Iterable[LocalFiles], *, at: datetime) -> tuple[Held, ...]:
    """Every file that can end, once, whoever shares it; key files are left out."""
    all_of = (held for local in found for held in held_in(local, at=at))
    return tuple({held.file: held for held in all_of if _can_end(held)}.values())


def _can_end(held: Held) -> bool:
    only_keys = bool(held.material.keys) and not held.material.certificates
    return not only_keys and not any(named(held.file, names.key) for names in (CLUSTER, HA))


def verdicts(files: Mapping[str, bytes], *, at: datetime) -> Iterator[Finding]:
    """Of every folder that holds a set's files by their names: what the server would make of them."""
    folders = dict.fromkeys(PurePosixPath(path).parent for path in files)
    for folder in folders:
        for names in (CLUSTER, HA):
            own = {name: files[str(folder / name)] for name in names.in_order if str(folder / name) in files}
            if names.cert in own:
                yield from load(own, label=str(folder), at=at, names=names)[1]
