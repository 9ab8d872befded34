"""`fab credentials.inspect --nodes` and `--served`: the files with their rights, and what processes show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tasks.core.certificates import is_builtin
from tasks.core.dataclass import dataclass
from tasks.core.file_names import CLUSTER, HA
from tasks.core.findings import Finding, Severity
from tasks.core.health import standby_proof
from tasks.core.held import UNREADABLE
from tasks.core.snapshot import FileState, NodeFiles, NodeSnapshot, Snapshot, Wire
from tasks.core.status import NodeStatus
from tasks.core.text_table import NARROW, TextTable, printable

_WANTED = tuple(name for names in (CLUSTER, HA) for name in names.in_order)


@dataclass(frozen=True, slots=True)
class ShownFile:
    """One file on a node; of an absent one, only where it would be.

    Args:
        label: SELinux context; "" where there is none.
        readable: By the service user.
        sha256: Of the file, lower-case; "" of a key, and of what our login may not read.
    """

    node: str
    file: str
    path: str
    exists: bool
    owner: str
    mode: str
    label: str
    readable: bool
    sha256: str


@dataclass(frozen=True, slots=True)
class ShownProcess:
    """What one process serves; `note` says why there is nothing to see.

    Args:
        accepts: Subjects of the CA file it has loaded: whose clients it lets in.
    """

    node: str
    address: str
    protocol: str
    sha256: str
    subject: str
    builtin: bool
    accepts: tuple[str, ...]
    note: str


def shown_files(snapshot: Snapshot) -> tuple[ShownFile, ...]:
    """Every file of a set on every node that could be looked at; HA files where there are any."""
    return tuple(
        _file(name, file, state)
        for name, seen in snapshot.nodes.items()
        if isinstance(seen.files, NodeFiles)
        for file, state in _states(seen.files)
    )


def _states(files: NodeFiles) -> Iterator[tuple[str, FileState]]:
    yield from files.files.items()
    if any(state.exists for state in files.ha.files.values()):
        yield from files.ha.files.items()
    lists = ((CLUSTER.crl, files.crl_file), (HA.crl, files.ha.crl_file))
    yield from ((name, state) for name, state in lists if state is not None and state.exists)


def _file(node: str, file: str, state: FileState) -> ShownFile:
    hidden = file in (CLUSTER.key, HA.key) or state.sha256 in (None, UNREADABLE)
    return ShownFile(
        node=node,
        file=file,
        path=str(state.path),
        exists=state.exists,
        owner=state.owner,
        mode=state.mode,
        label=state.label,
        readable=state.readable,
        sha256="" if hidden else str(state.sha256),
    )


def files_table(cluster: str, files: Sequence[ShownFile], *, width: int) -> TextTable:
    """A row per file, one for a node that has none.

    Below 100 columns of a SELinux label its type only; no such column where no file has one.
    """
    labelled = any(one.label for one in files)
    header = ("NODE", "FILE", "OWNER", "MODE", "READABLE", "SHA-256", *(("LABEL",) if labelled else ()))
    by_node: dict[str, list[ShownFile]] = {}
    for one in files:
        by_node.setdefault(one.node, []).append(one)
    rows: list[tuple[str, ...]] = []
    for node, own in by_node.items():
        cells = [_file_cells(one, wide=width >= NARROW) for one in own]
        if not any(one.exists for one in own):
            cells = [("no file of a set", *[""] * 5)]
        named = ((node, *cells[0]), *(("", *more) for more in cells[1:]))
        rows += [row[: len(header)] for row in named]
    title = f"{cluster}: files on the nodes; READABLE by the service user"
    return TextTable(title, header, tuple(rows))


def _file_cells(one: ShownFile, *, wide: bool) -> tuple[str, ...]:
    if not one.exists:
        return one.file, "absent", "", "", "", ""
    label = one.label if wide else _type_of(one.label)
    return one.file, one.owner, one.mode, "yes" if one.readable else "NO", one.sha256[:8], label


def _type_of(label: str) -> str:
    parts = label.split(":")
    return parts[2] if len(parts) > 2 else label


def misnamed(snapshot: Snapshot) -> Iterator[Finding]:
    """Files in a keystore whose names differ from a set's in case alone: the server does not see them."""
    for node, seen in snapshot.nodes.items():
        if not isinstance(seen.files, NodeFiles) or seen.files.keystore is None:
            continue
        for wanted, other in ((w, o) for w in _WANTED for o in seen.files.others if o.lower() == w.lower()):
            if other != wanted:
                text = f"{other} is not read by the server: the name must be exactly {wanted} (T2)"
                folder = seen.files.keystore
                remedy = f"mv {folder}/{other} {folder}/{wanted}"
                yield Finding("file-name-case", Severity.WARNING, node, text, remedy)


def shown_processes(snapshot: Snapshot) -> tuple[ShownProcess, ...]:
    """Every node in inventory order."""
    return tuple(_process(snapshot, seen) for seen in snapshot.nodes.values())


def _process(snapshot: Snapshot, seen: NodeSnapshot) -> ShownProcess:
    name = seen.node.name
    if not isinstance(seen.wire, Wire):
        return ShownProcess(name, "", "", "", "", False, (), _why_nothing(snapshot, seen))
    wire, leaf = seen.wire, seen.wire.leaf
    return ShownProcess(
        node=name,
        address=wire.address,
        protocol=wire.protocol,
        sha256=leaf.sha256,
        subject=leaf.subject,
        builtin=is_builtin(leaf),
        accepts=wire.client_cas,
        note="",
    )


def _why_nothing(snapshot: Snapshot, seen: NodeSnapshot) -> str:
    if seen.wire is not None or seen.sshd is not None:
        return "could not be seen"
    if isinstance(seen.status, NodeStatus) and seen.status.is_standby:
        return f"standby: serves nothing; proof: {standby_proof(snapshot, seen)}"
    return "in no cluster: serves nothing"


def processes_table(cluster: str, processes: Sequence[ShownProcess]) -> TextTable:
    """A row per node."""
    rows = tuple(
        (
            one.node,
            _serves(one),
            one.protocol or "-",
            _accepts(one),
        )
        for one in processes
    )
    title = f"{cluster}: served on the control port, and whose clients are accepted"
    return TextTable(title, ("NODE", "SERVES", "PROTOCOL", "ACCEPTS CLIENTS OF"), rows)


def _accepts(one: ShownProcess) -> str:
    """On the built-in pair it names nobody and takes that alone."""
    nobody = "BUILT-IN" if one.builtin else "-" if one.note else "nobody"
    return "\n".join(map(printable, one.accepts)) or nobody


def _serves(one: ShownProcess) -> str:
    if one.note:
        return one.note
    return f"{one.sha256[:8]} BUILT-IN" if one.builtin else f"{one.sha256[:8]} {printable(one.subject)}"
