"""What each member's running process has loaded, from the wire and the files beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from tasks.core.certificates import (
    Certificate,
    CertificateFault,
    is_builtin,
    named_cluster,
    parse_pem_chain,
)
from tasks.core.file_names import CERT_FILE, KEY_FILE
from tasks.core.findings import Finding, Severity
from tasks.core.key_exchange import Capability
from tasks.core.outcomes import Outcome
from tasks.core.pem import pem_blocks
from tasks.core.snapshot import NodeFiles, NodeSnapshot, Snapshot, Wire
from tasks.core.status import NodeStatus
from tasks.core.trust import Loaded


def loaded_now(snapshot: Snapshot) -> Mapping[str, Loaded]:
    """Per member: the chain it serves, and of its CA file what it has really loaded.

    Members whose certificate could not be seen are left out (a finding says so).
    """
    found = {}
    for member in snapshot.cluster.members:
        seen = snapshot.active(member)
        if isinstance(seen.wire, Wire):
            trusted = ca_on_disk(seen.files) if isinstance(seen.files, NodeFiles) else ()
            found[member.name] = Loaded(
                chain=seen.wire.chain,
                trusted=_really_loaded(seen, seen.wire, trusted),
                crl=list_on_disk(seen) if _list_is_loaded(seen) else None,
                capability=capability_of(seen),
                builtin=serves_builtin(seen),
            )
    return found


def serves_builtin(seen: NodeSnapshot) -> bool:
    """Whether it runs on the built-in pair of its build: the certificate is one that is known, or is one of that
    kind and there are no files that the process could have it from.
    """
    if not isinstance(seen.wire, Wire):
        return False
    if is_builtin(seen.wire.leaf):
        return True
    return (
        named_cluster(seen.wire.leaf)
        and isinstance(seen.files, NodeFiles)
        and not all(seen.files.files[name].exists for name in (CERT_FILE, KEY_FILE))
    )


def capability_of(seen: NodeSnapshot) -> Capability:
    """What the node's OpenSSL came to with a visitor that speaks TLS 1.3; where nothing was seen, that."""
    return Capability(tls13=not isinstance(seen.wire, Wire) or seen.wire.protocol != "TLSv1.2")


def capabilities(snapshot: Snapshot) -> Mapping[str, Capability]:
    """By member."""
    return {member.name: capability_of(snapshot.active(member)) for member in snapshot.cluster.members}


def runs_with(seen: NodeSnapshot, wanted: Loaded) -> Loaded:
    """A new set as this server has it once it was restarted: beside the list that lies there, and its own OpenSSL."""
    return replace(wanted, crl=list_on_disk(seen), capability=capability_of(seen))


def list_on_disk(seen: NodeSnapshot) -> bytes | None:
    """DER of the revocation list that a start would load; None where there is none or it is garbage."""
    if not isinstance(seen.files, NodeFiles) or not seen.files.crl:
        return None
    from tasks.core.revocation_reading import ListFault, parse_list  # here: few clusters have lists

    try:
        return parse_list(seen.files.crl).der
    except ListFault:
        return None


def _list_is_loaded(seen: NodeSnapshot) -> bool:
    """Whether the list lay there before the process started; by the node's own clock."""
    if not isinstance(seen.files, NodeFiles) or not isinstance(seen.status, NodeStatus):
        return False
    state = seen.files.crl_file
    return state is not None and state.changed_at < seen.status.server.started_at.timestamp()


def ca_on_disk(files: NodeFiles) -> tuple[Certificate, ...]:
    """The certificates of the CA file; none where it is absent, broken, or the server cannot read it."""
    if not files.files["Cluster_cafile.pem"].readable:
        return ()
    try:
        return parse_pem_chain(files.ca_pem)
    except CertificateFault:
        return ()


def _really_loaded(
    seen: NodeSnapshot, wire: Wire, on_disk: tuple[Certificate, ...]
) -> tuple[Certificate, ...]:
    """Of what lies on disk, what the process names as acceptable; on the built-in pair it names none."""
    if serves_builtin(seen):
        return on_disk
    return tuple(c for c in on_disk if c.subject in wire.client_cas)


def standby_started_after_files(standby: NodeSnapshot, active: NodeSnapshot) -> bool:
    """Whether the standby's process is younger than the primary's files, each by its own node's clock.

    The primary's, because the sync that follows the standby's start writes the standby's own anew (T7).
    """
    if not isinstance(standby.files, NodeFiles) or not isinstance(active.files, NodeFiles):
        return False
    if not isinstance(standby.status, NodeStatus):
        return False
    placed_at = active.files.files[CERT_FILE].changed_at - active.files.clock_offset_s
    started_at = standby.status.server.started_at.timestamp() - standby.files.clock_offset_s
    return started_at > placed_at


def pending_ca(snapshot: Snapshot) -> Iterator[Finding]:
    """The CA file on disk is not the one that the process has loaded."""
    for member in snapshot.cluster.members:
        seen = snapshot.active(member)
        if not isinstance(seen.wire, Wire) or not isinstance(seen.files, NodeFiles):
            continue
        on_disk = {c.subject for c in ca_on_disk(seen.files)}
        if not is_builtin(seen.wire.leaf) and on_disk != set(seen.wire.client_cas):
            holds, outcome = _ca_says(seen.files, on_disk)
            yield Finding(
                "pending-ca",
                Severity.WARNING,
                seen.node.name,
                f"its process accepts clients of {_names(seen.wire.client_cas)}, but Cluster_cafile.pem {holds}: "
                "the file was changed since its start",
                "find out who changed it; the migration replaces it in order",
                outcome,
            )


def _ca_says(files: NodeFiles, on_disk: Iterable[str]) -> tuple[str, str]:
    """What the CA file holds, and what a restart makes of it; "" where that depends on the others."""
    state = files.files["Cluster_cafile.pem"]
    if not state.exists:
        return "is gone (a restart would trust nobody, T3)", ""
    if not state.readable:
        return "cannot be read by the service user (a restart would trust nobody, T3)", ""
    if on_disk or not files.ca_pem or any(block.label == "X509 CRL" for block in pem_blocks(files.ca_pem)):
        return f"holds {_names(sorted(on_disk))}", ""
    return "holds nothing that can be read (a restart would listen on nothing, T1)", Outcome.DEAD


def _names(subjects: Iterable[str]) -> str:
    return "; ".join(subjects) or "nobody"
