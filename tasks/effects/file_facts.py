"""What the script FACTS printed of a node's files, as values."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from tasks.core.file_names import HA, FileNames
from tasks.core.model import ExecFiles, Node
from tasks.core.snapshot import FileState, HaFiles

Facts = Sequence[tuple[str, str]]  # (kind, value)


def facts_of(text: str) -> Facts:
    """One fact per line; its kind is the first word."""
    split = (line.partition(" ") for line in text.split("\n"))  # a name may hold whatever else ends lines
    return tuple((kind, value) for kind, space, value in split if space)


def paths_said(facts: Facts, kind: str) -> tuple[PurePosixPath, ...]:
    """The paths of one kind, in the order of the script's arguments."""
    return tuple(PurePosixPath(value) for key, value in facts if key == kind)


def marker_of(node: Node, facts: Facts) -> str:
    """In the /tmp that the server has; a container's is not seen from the host."""
    found = next((value for key, value in facts if key == "marker"), "free")
    return found if node.container is None or isinstance(node.files_by, ExecFiles) else "unseen"


def set_files(
    facts: Facts, names: FileNames, *, keystore: PurePosixPath, truststore: PurePosixPath
) -> HaFiles:
    """One set as it lies there."""
    return HaFiles(
        files=file_states(facts, names, keystore=keystore, truststore=truststore),
        ca_pem=content_of(facts, names.ca),
        cert_pem=content_of(facts, names.cert),
        trust_extras=frozenset(value for key, value in facts if key == "ha" and names is HA),
        crl=content_of(facts, names.crl),
        crl_file=_crl_state(facts, names, truststore=truststore),
    )


def file_states(
    facts: Facts, names: FileNames, *, keystore: PurePosixPath, truststore: PurePosixPath
) -> Mapping[str, FileState]:
    """The files of one set, by name."""
    states = {}
    for key, value in facts:
        name, _, rest = value.partition(" ")
        if key == "file" and name in names.in_order:
            states[name] = _state((truststore if name == names.ca else keystore) / name, rest.split(" "))
    return states


def _crl_state(facts: Facts, names: FileNames, *, truststore: PurePosixPath) -> FileState | None:
    for key, value in facts:
        name, _, rest = value.partition(" ")
        if key == "file" and name == names.crl:
            return _state(truststore / name, rest.split(" "))
    return None


def _state(path: PurePosixPath, words: Sequence[str]) -> FileState:
    if words[0] == "absent":
        return FileState(path=path, sha256=None)
    sha, owner, mode, changed, label, can = words
    return FileState(path, sha, owner, mode, can == "yes", float(changed), label if ":" in label else "")


def content_of(facts: Facts, name: str) -> bytes:
    """The content of a file of certificates; b"" if it is not there."""
    values = (value.partition(" ") for key, value in facts if key == "content64")
    return next((base64.b64decode(content) for file, _, content in values if file == name), b"")
