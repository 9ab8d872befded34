"""Credentials here, on the nodes' disks and in their processes, side by side: what differs is marked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

from tasks.core.certificates import Certificate, is_builtin
from tasks.core.dataclass import dataclass
from tasks.core.file_names import CLUSTER, HA, FileNames
from tasks.core.held import UNREADABLE
from tasks.core.local_files import LocalFiles
from tasks.core.material import read_material
from tasks.core.revocation_nodes import list_on
from tasks.core.snapshot import HaFiles, NodeFiles, NodeSnapshot, Snapshot, Wire
from tasks.core.text_table import TextTable

BUILTIN = "BUILT-IN"


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """One file of one node.

    Args:
        here, on_disk: First digits of fingerprints ("+1": of a chain, one more certificate), "there" for a
            key, "none", "unreadable", "?" where it could not be seen.
        served: What the process serves; beside the CA file, whose clients it accepts. "" where no process
            shows such a thing.
        different: Two of the three are known and not the same.
    """

    member: str
    node: str
    file: str
    here: str
    on_disk: str
    served: str
    different: bool


@dataclass(frozen=True, slots=True)
class _Cell:
    """What is shown, and what is compared; None of what is not known."""

    text: str
    token: object = None


_UNSEEN, _NONE = _Cell("?"), _Cell("none", "none")
_Read = Callable[[bytes], _Cell]


def compare(snapshot: Snapshot, here: Sequence[LocalFiles]) -> tuple[ComparedRow, ...]:
    """Node by node, in inventory order; HA files where a pair has any, here or there."""
    return tuple(
        row
        for seen in snapshot.nodes.values()
        for names in (CLUSTER, HA)
        for row in _rows(seen, _set_of(here, seen.node.member, names), names)
    )


def comparison_table(cluster: str, rows: Sequence[ComparedRow]) -> TextTable:
    """A row per node and file; a node is named in its first one."""
    cells = [
        (
            "" if number and rows[number - 1].node == row.node else row.node,
            row.file.removesuffix(".pem"),
            *(row.here, row.on_disk, row.served),
            "DIFFERENT" if row.different else "",
        )
        for number, row in enumerate(rows)
    ]
    title = f"{cluster}: credentials here, on the nodes' disks, and in their processes"
    return TextTable(title, ("NODE", "FILE", "HERE", "ON DISK", "SERVED / ACCEPTED", ""), tuple(cells))


def _set_of(here: Sequence[LocalFiles], member: str, names: FileNames) -> LocalFiles | None:
    return next((local for local in here if local.names is names and member in local.members), None)


def _rows(seen: NodeSnapshot, local: LocalFiles | None, names: FileNames) -> Iterator[ComparedRow]:
    files = seen.files if isinstance(seen.files, NodeFiles) else None
    if names is HA and local is None and not (files and any(s.exists for s in files.ha.files.values())):
        return
    for file, read in (
        (names.cert, _chain),
        (names.ca, _authorities),
        (names.key, _key),
        (names.crl, _list),
    ):
        mine, theirs = _here(local, file, read), _on_disk(files, names, file, read)
        if file == names.crl and mine.token in (None, "none") and theirs.token in (None, "none"):
            continue
        served = _process(seen, files, file) if names is CLUSTER else _Cell("")
        known = {cell.token for cell in (mine, theirs) if cell.token is not None}
        differs = len(known) > 1 or served.token is False
        yield ComparedRow(
            seen.node.member, seen.node.name, file, mine.text, theirs.text, served.text, differs
        )


def _here(local: LocalFiles | None, file: str, read: _Read) -> _Cell:
    """Where no set is here there is nothing to compare with."""
    if local is None:
        return _Cell("none")
    content = local.content(file)
    return _NONE if content is None else read(content)


def _on_disk(files: NodeFiles | None, names: FileNames, file: str, read: _Read) -> _Cell:
    if files is None:
        return _UNSEEN
    if file == names.crl:
        found = list_on(files, names)
        return _NONE if found is None else read(found)
    own = HaFiles(files.files, files.ca_pem, files.cert_pem) if names is CLUSTER else files.ha
    state = own.files.get(file)
    if state is None or not state.exists:
        return _NONE
    if state.sha256 == UNREADABLE:
        return _UNSEEN
    if file == names.key:
        return _Cell("there", state.sha256)
    return read(own.cert_pem if file == names.cert else own.ca_pem)


def _key(content: bytes) -> _Cell:
    """Keys are compared by their files' digests, and nothing of them is shown."""
    return _Cell("there", hashlib.sha256(content).hexdigest())


def _chain(pem: bytes) -> _Cell:
    found = read_material(pem).certificates
    return _Cell(_chain_text(found), found) if found else _Cell("unreadable", pem)


def _chain_text(found: Sequence[Certificate]) -> str:
    return _named(found[0]) + (f" +{len(found) - 1}" if len(found) > 1 else "")


def _authorities(pem: bytes) -> _Cell:
    """In any order, as the server takes them."""
    found = frozenset(read_material(pem).certificates)
    return _Cell(" ".join(sorted(map(_named, found))), found) if found else _Cell("unreadable", pem)


def _list(content: bytes) -> _Cell:
    found = read_material(content).lists
    if not found:
        return _Cell("unreadable", content)
    until = found[0].next_update
    return _Cell(f"until {until:%Y-%m-%d}" if until else "without end", found[0])


def _named(one: Certificate) -> str:
    return BUILTIN if is_builtin(one) else one.sha256[:8]


def _process(seen: NodeSnapshot, files: NodeFiles | None, file: str) -> _Cell:
    """What the process shows of this file; the token is False where the disk holds something else."""
    if file not in (CLUSTER.cert, CLUSTER.ca):
        return _Cell("")
    if not isinstance(seen.wire, Wire):
        return _Cell("nothing" if seen.wire is None and seen.sshd is None else "?")
    if file == CLUSTER.cert:
        return _Cell(_chain_text(seen.wire.chain), files is None or _serves(seen.wire, files))
    if is_builtin(seen.wire.leaf):
        return _Cell(BUILTIN, True)  # it names nobody else, whatever it has loaded to dial with
    return _Cell(_accepted(seen.wire), files is None or _accepts(seen.wire, files))


def _serves(wire: Wire, files: NodeFiles) -> bool:
    """Without files of the operator's own the built-in pair is what is to be served."""
    if not files.files[CLUSTER.cert].exists:
        return is_builtin(wire.leaf)
    return read_material(files.cert_pem).certificates[:1] == (wire.leaf,)


def _accepted(wire: Wire) -> str:
    count = len(wire.client_cas)
    return "nobody" if not count else f"{count} name" if count == 1 else f"{count} names"


def _accepts(wire: Wire, files: NodeFiles) -> bool:
    return set(wire.client_cas) == {one.subject for one in read_material(files.ca_pem).certificates}
