"""The revocation lists that lie on the nodes: who comes to each, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tasks.core.certificates import Certificate, CertificateFault, parse_pem_chain
from tasks.core.file_names import CLUSTER, HA, FileNames
from tasks.core.findings import Finding, Severity
from tasks.core.observed import ca_on_disk
from tasks.core.pending import chain_on_disk, has_own_pair
from tasks.core.revocation import ListFault, RevocationList, parse_list
from tasks.core.revocation_rules import Acceptor, Client, garbage, judge_list
from tasks.core.snapshot import FileState, NodeFiles, NodeSnapshot, Snapshot, Wire

if TYPE_CHECKING:
    from tasks.core.credential_set import CredentialSet
    from tasks.core.model import Member, Node


def list_on(files: NodeFiles, names: FileNames = CLUSTER) -> bytes | None:
    """The content of the list; None where there is none, b"" where it is empty or could not be read."""
    if names is HA:
        return files.ha.crl if "crl" in files.ha.trust_extras else None
    return files.crl if files.crl_present else None


def list_file(files: NodeFiles, name: str) -> FileState | None:
    """The list of that name below the truststore; None where nobody looked."""
    return files.ha.crl_file if name == HA.crl else files.crl_file


def list_sha256(files: NodeFiles, name: str) -> str | None:
    """Of its content; None where there is no such file."""
    state = list_file(files, name)
    return state.sha256 if state else None


def acceptor_of(snapshot: Snapshot, node: Node, names: FileNames = CLUSTER) -> Acceptor | None:
    """The node as the side that accepts; None where its files could not be seen."""
    files = snapshot.nodes[node.name].files
    if not isinstance(files, NodeFiles):
        return None
    trusted = _certificates(files.ha.ca_pem) if names is HA else ca_on_disk(files)
    return Acceptor(node.name, trusted, clock_of(snapshot, files))


def clock_of(snapshot: Snapshot, files: NodeFiles) -> datetime:
    """When the node was looked at, by its own clock."""
    return snapshot.taken_at + timedelta(seconds=files.clock_offset_s)


def clients_of(snapshot: Snapshot, node: Node, names: FileNames = CLUSTER) -> tuple[Client, ...]:
    """Who connects to the node: with what is served now, and with what a restart would load."""
    if names is HA:
        return tuple(_ha_clients(snapshot, snapshot.cluster.member(node.member)))
    found = [
        Client(member.name, chain)
        for member in snapshot.cluster.members
        for chain in _chains(snapshot.active(member))
    ]
    return tuple(dict.fromkeys(found))


def _chains(seen: NodeSnapshot) -> Iterator[tuple[Certificate, ...]]:
    served = seen.wire.chain if isinstance(seen.wire, Wire) else ()
    if served:
        yield served
    if isinstance(seen.files, NodeFiles) and has_own_pair(seen.files):
        disk = chain_on_disk(seen.files)
        if disk and disk[:1] != served[:1]:
            yield disk


def _ha_clients(snapshot: Snapshot, member: Member) -> Iterator[Client]:
    for node in member.nodes:
        files = snapshot.nodes[node.name].files
        chain = _certificates(files.ha.cert_pem) if isinstance(files, NodeFiles) else ()
        if chain:
            yield Client(node.name, chain)


def _certificates(pem: bytes) -> tuple[Certificate, ...]:
    try:
        return parse_pem_chain(pem)
    except CertificateFault:
        return ()


def lying_on(snapshot: Snapshot, node: Node, names: FileNames = CLUSTER) -> tuple[Finding, ...]:
    """What is wrong with the list that lies on the node; nothing where there is none, or none could be read."""
    files = snapshot.nodes[node.name].files
    data = list_on(files, names) if isinstance(files, NodeFiles) else None
    if data is None or not isinstance(files, NodeFiles):
        return ()
    state = list_file(files, names.crl)
    others = files.ha.files if names is HA else files.files
    if state is not None and not state.readable and others[names.ca].readable:
        trouble = f"the service user cannot read it (owner {state.owner}, mode {state.mode})"
        return (garbage(node.name, trouble, names=names),)
    return judged_on(snapshot, node, data, names) if data else ()


def judged_on(snapshot: Snapshot, node: Node, data: bytes, names: FileNames = CLUSTER) -> tuple[Finding, ...]:
    """What is wrong with this list where it lies, or is to lie, on the node."""
    acceptor = acceptor_of(snapshot, node, names)
    if acceptor is None:
        return ()
    try:
        found = parse_list(data)
    except ListFault as fault:
        return (garbage(node.name, fault.reason, names=names),)
    return judge_list(found, acceptor, clients_of(snapshot, node, names), names=names)


def set_findings(
    snapshot: Snapshot, sets: Mapping[str, CredentialSet], names: FileNames = CLUSTER
) -> tuple[Finding, ...]:
    """Lists on the nodes that would refuse the members with their new sets: a migration leaves lists alone.

    Args:
        sets: By member; of HA sets each pair's own counts for itself alone.
    """
    found = []
    for name, seen in snapshot.nodes.items():
        data = list_on(seen.files, names) if isinstance(seen.files, NodeFiles) else None
        lying, own = _readable(data), sets.get(seen.node.member)
        if lying is None or own is None:
            continue
        members = {seen.node.member: own} if names is HA else sets
        clients = tuple(Client(member, one.chain) for member, one in members.items())
        judged = judge_list(lying, Acceptor(name, own.ca, snapshot.taken_at), clients, names=names)
        found += [_blocking(f, names) for f in judged if f.name.removeprefix("ha-") in _OF_THE_SETS]
    return tuple(found)


_OF_THE_SETS = frozenset(
    {"crl-foreign", "crl-unknown-issuer", "crl-unusable", "crl-parts-members", "crl-revokes-pair"}
)


def _blocking(found: Finding, names: FileNames) -> Finding:
    option, prefix = (" --use ha", "ha-") if names is HA else ("", "")
    return Finding(
        f"{prefix}crl-blocks-sets",
        Severity.ERROR,
        found.where,
        f"with the new credential sets: {found.problem}",
        f"fab credentials.crl{option} --remove first, and a list of the new CA once the migration is over",
    )


def _readable(data: bytes | None) -> RevocationList | None:
    try:
        return parse_list(data) if data else None
    except ListFault:
        return None
