"""Credential sets: the three files of one member, read and judged before anything is copied."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace
from datetime import datetime
from typing import TypeVar

from tasks.core import credential_rules as rules
from tasks.core.certificates import Certificate, CertificateFault, parse_pem_chain
from tasks.core.dataclass import dataclass
from tasks.core.file_names import CLUSTER, HA, FileNames
from tasks.core.findings import Finding
from tasks.core.key_exchange import Capability, needs_tls13
from tasks.core.outcomes import Outcome
from tasks.core.pem import hidden_blocks, pem_blocks
from tasks.core.private_keys import PrivateKey, read_private_key
from tasks.core.server_start import Started
from tasks.core.set_outcome import with_outcome
from tasks.core.trust import Loaded
from tasks.core.verdict import verdicts

FILE_NAMES = CLUSTER.in_order

_Value = TypeVar("_Value")

# With one of these the server is deaf (T1), falls back (T2) or stands alone (T3).
_NO_SET = frozenset(
    {
        "key-mismatch",
        "context-refused",
        "too-weak",
        "key-type-unsupported",
        "cert-unreadable",
        "ca-unreadable",
    }
)


@dataclass(frozen=True, slots=True)
class CredentialSet:
    """Key, certificate and CA file of one member. The key shows in no repr.

    Args:
        label: The member it belongs to, or the folder's name where members share it.
        chain: The certificate file, leaf first.
        ca: The CA file.
        names: What the files are called: those of the cluster, or of a pair's HA channel.
    """

    label: str
    key: PrivateKey
    chain: tuple[Certificate, ...]
    ca: tuple[Certificate, ...]
    cert_pem: bytes = field(repr=False)
    ca_pem: bytes = field(repr=False)
    names: FileNames = CLUSTER

    @property
    def leaf(self) -> Certificate:
        return self.chain[0]

    @property
    def loaded(self) -> Loaded:
        """What a server's process has that started with it."""
        return Loaded(self.chain, self.ca)

    @property
    def sha256(self) -> Mapping[str, str]:
        """By file name, lower-case hex of the file's bytes, as sha256sum prints it."""
        return {name: hashlib.sha256(content).hexdigest() for name, content in self.files().items()}

    def files(self) -> Mapping[str, bytes]:
        """By exact file name, in the order in which they are to be written. Holds the key."""
        content = (self.ca_pem, self.cert_pem, self.key.file_bytes())
        return dict(zip(self.names.in_order, content, strict=True))


def load(
    files: Mapping[str, bytes], *, label: str, at: datetime, names: FileNames = CLUSTER
) -> tuple[CredentialSet | None, tuple[Finding, ...]]:
    """Read and judge one set; every fault at once.

    Args:
        files: Content by exact file name; a missing name is a missing file.
        label: Member or folder, for the findings.
        at: Now by this machine's clock; `judge_sets` takes the nodes' clocks.
        names: What the files are called.

    Returns:
        The set, or None where a server with these files would not come up with them (T1–T3);
        and the findings.
    """
    found = [*_missing(files, label=label, names=names), *_stray_keys(files, label=label, names=names)]
    found += rules.text_findings(label, files=files, names=names)
    key = _read(files, names.key, found=found, read=lambda data: _key(data, label=label, names=names))
    chain = _read(
        files, names.cert, found=found, read=lambda data: _certificates(data, names.cert, label=label)
    )
    ca = _read(files, names.ca, found=found, read=lambda data: _certificates(data, names.ca, label=label))
    if chain:
        found += rules.leaf_findings(label, chain=chain, names=names)
    if ca:
        found += rules.ca_findings(label, ca=ca, names=names)
    if chain and ca:
        found += rules.chain_findings(label, chain=chain, ca=ca, at=at, names=names)
    if key and chain:
        found += rules.pair_findings(label, key, chain=chain, ca=ca or (), names=names)
    judged = with_outcome(found, files, names=names, at=at)
    if not (key and chain and ca) or any(finding.name in _NO_SET for finding in found):
        return None, judged
    return CredentialSet(label, key, chain, ca, files[names.cert], files[names.ca], names), judged


def judge_sets(
    sets: Mapping[str, CredentialSet],
    *,
    at_by_node: Mapping[str, datetime],
    capabilities: Mapping[str, Capability] | None = None,
) -> tuple[Finding, ...]:
    """Judge the sets of a cluster against each other and by every node's clock.

    Args:
        sets: By member name; the same set may belong to several members.
        at_by_node: Now by each node's clock. Every node verifies every certificate.
        capabilities: What the OpenSSL of each member can do; TLS 1.3 where nothing is known.
    """
    found: dict[Finding, None] = {}
    for one in sets.values():
        dates = rules.date_findings(one.label, chain=one.chain, ca=one.ca, clocks=at_by_node, names=one.names)
        found.update((finding, None) for finding in dates if finding.name != "expires-soon")  # load said it
    for owner, one in sets.items():
        for verifier, other in sets.items():
            if owner != verifier and one.sha256 != other.sha256:
                peers = rules.peer_findings(owner, verifier, chain=one.loaded.sent, ca=other.ca)
                outcome = str(_between(owner, sets[owner], verifier, sets[verifier]))
                found.update((replace(finding, outcome=outcome), None) for finding in peers)
    found.update((finding, None) for finding in _too_old(sets, capabilities or {}))
    return tuple(found)


def _between(owner: str, one: CredentialSet, verifier: str, other: CredentialSet) -> Outcome:
    """Dates aside: those are found by every clock."""
    return verdicts({owner: Started(one.loaded), verifier: Started(other.loaded)}, at=None)[verifier].outcome


def _too_old(sets: Mapping[str, CredentialSet], capabilities: Mapping[str, Capability]) -> Iterator[Finding]:
    """Keys that want TLS 1.3, where a member has no more than 1.2."""
    old = [name for name, capability in capabilities.items() if not capability.tls13]
    for one in dict.fromkeys(sets.values()) if old else ():
        if needs_tls13(one.leaf):
            yield rules.needs_newer(one.label, one.leaf, old=old)


def _missing(files: Mapping[str, bytes], *, label: str, names: FileNames) -> Iterator[Finding]:
    again = "add it, or make a new set: fab credentials.create"
    root = (
        f"a self-signed certificate is its own CA: cp {names.cert} {names.ca}; else copy the CA's root there"
    )
    fallback = "the server falls back to its built-in pair (T2)"
    alone = f"{names.peers}, whatever the documentation says (T3)"
    for name, finding, what, remedy in (
        (names.key, "key-missing", fallback, again),
        (names.cert, "cert-missing", fallback, again),
        (names.ca, "ca-missing", alone, root),
    ):
        if name not in files:
            yield rules.error(finding, label, f"{name} is missing; without it {what}", remedy=remedy)


def _stray_keys(files: Mapping[str, bytes], *, label: str, names: FileNames) -> Iterator[Finding]:
    for name in (names.cert, names.ca):
        if any(block.is_private_key for block in pem_blocks(files.get(name, b""))):
            text = f"{name} holds a private key; files of certificates are copied and shown freely"
            yield rules.error("key-in-cert-file", label, text, remedy=f"keep the key in {names.key} alone")


def _read(
    files: Mapping[str, bytes], name: str, *, found: list[Finding], read: Callable[[bytes], _Value | Finding]
) -> _Value | None:
    """What is in the file; None, and perhaps a finding more, if nothing can be made of it."""
    if name not in files:
        return None
    value = read(files[name])
    if isinstance(value, Finding):
        found.append(value)
        return None
    return value


def _key(data: bytes, *, label: str, names: FileNames) -> PrivateKey | Finding:
    key = read_private_key(data)
    if isinstance(key, PrivateKey):
        return key
    name = {"encrypted": "key-encrypted", "unsupported": "key-type-unsupported"}.get(
        key.kind, "key-unreadable"
    )
    file = names.key
    remedy = {
        "encrypted": f"openssl pkey -in {file} -out {file}.plain, then rename it (umask 077)",
    }.get(key.kind, f"openssl pkey -in {file} -noout must say nothing; fab credentials.create makes a set")
    return rules.error(name, label, f"{file} cannot be used: {key.reason} (T1)", remedy=remedy)


def _certificates(data: bytes, name: str, *, label: str) -> tuple[Certificate, ...] | Finding:
    finding = "ca-unreadable" if name in (CLUSTER.ca, HA.ca) else "cert-unreadable"
    remedy = f"openssl x509 -in {name} -noout -subject must name the certificate; PEM text is wanted"
    fault = hidden_blocks(data)
    try:
        certificates = parse_pem_chain(data)
    except CertificateFault as error:
        fault = error.reason
        certificates = ()
    if fault is None:
        return certificates
    return rules.error(finding, label, f"{name} cannot be read: {fault} (T1)", remedy=remedy)
