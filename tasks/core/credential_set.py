"""Credential sets: the three files of one member, read and judged before anything is copied."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from tasks.core import credential_rules as rules
from tasks.core.certificates import Certificate, CertificateFault, parse_pem_chain
from tasks.core.credential_rules import CA_FILE as CA_FILE
from tasks.core.credential_rules import CERT_FILE as CERT_FILE
from tasks.core.credential_rules import KEY_FILE as KEY_FILE
from tasks.core.findings import Finding
from tasks.core.pem import hidden_blocks, pem_blocks
from tasks.core.private_keys import PrivateKey, read_private_key

FILE_NAMES = (CA_FILE, CERT_FILE, KEY_FILE)  # in the order in which they are to be written

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
    """

    label: str
    key: PrivateKey
    chain: tuple[Certificate, ...]
    ca: tuple[Certificate, ...]
    cert_pem: bytes = field(repr=False)
    ca_pem: bytes = field(repr=False)

    @property
    def leaf(self) -> Certificate:
        return self.chain[0]

    @property
    def sha256(self) -> Mapping[str, str]:
        """By file name, lower-case hex of the file's bytes, as sha256sum prints it."""
        return {name: hashlib.sha256(content).hexdigest() for name, content in self.files().items()}

    def files(self) -> Mapping[str, bytes]:
        """By exact file name, in the order in which they are to be written. Holds the key."""
        return {CA_FILE: self.ca_pem, CERT_FILE: self.cert_pem, KEY_FILE: self.key.file_bytes()}


def load(
    files: Mapping[str, bytes], *, label: str, at: datetime
) -> tuple[CredentialSet | None, tuple[Finding, ...]]:
    """Read and judge one set; every fault at once.

    Args:
        files: Content by exact file name; a missing name is a missing file.
        label: Member or folder, for the findings.
        at: Now by this machine's clock; `judge_sets` takes the nodes' clocks.

    Returns:
        The set, or None where a server with these files would not come up with them (T1–T3);
        and the findings.
    """
    found = [*_missing(files, label=label), *_stray_keys(files, label=label)]
    key = _read(files, KEY_FILE, found=found, read=lambda data: _key(data, label=label))
    chain = _read(
        files, CERT_FILE, found=found, read=lambda data: _certificates(data, CERT_FILE, label=label)
    )
    ca = _read(files, CA_FILE, found=found, read=lambda data: _certificates(data, CA_FILE, label=label))
    if chain:
        found += rules.leaf_findings(label, chain=chain)
    if ca:
        found += rules.ca_findings(label, ca=ca)
    if chain and ca:
        found += rules.chain_findings(label, chain=chain, ca=ca, at=at)
    if key and chain:
        found += rules.pair_findings(label, key, chain=chain, ca=ca or ())
    if not (key and chain and ca) or any(finding.name in _NO_SET for finding in found):
        return None, tuple(found)
    return CredentialSet(label, key, chain, ca, files[CERT_FILE], files[CA_FILE]), tuple(found)


def judge_sets(
    sets: Mapping[str, CredentialSet], *, at_by_node: Mapping[str, datetime]
) -> tuple[Finding, ...]:
    """Judge the sets of a cluster against each other and by every node's clock.

    Args:
        sets: By member name; the same set may belong to several members.
        at_by_node: Now by each node's clock. Every node verifies every certificate.
    """
    found: dict[Finding, None] = {}
    for one in sets.values():
        dates = rules.date_findings(one.label, chain=one.chain, ca=one.ca, clocks=at_by_node)
        found.update((finding, None) for finding in dates if finding.name != "expires-soon")  # load said it
    for owner, one in sets.items():
        for verifier, other in sets.items():
            if owner != verifier and one.sha256 != other.sha256:
                peers = rules.peer_findings(owner, verifier, chain=one.chain, ca=other.ca)
                found.update((finding, None) for finding in peers)
    return tuple(found)


def _missing(files: Mapping[str, bytes], *, label: str) -> Iterator[Finding]:
    again = "add it, or make a new set: fab credentials.create"
    root = f"a self-signed certificate is its own CA: cp {CERT_FILE} {CA_FILE}; else copy the CA's root there"
    fallback = "the server falls back to its built-in pair (T2)"
    alone = "no member connects, whatever the documentation says (T3)"
    for name, finding, what, remedy in (
        (KEY_FILE, "key-missing", fallback, again),
        (CERT_FILE, "cert-missing", fallback, again),
        (CA_FILE, "ca-missing", alone, root),
    ):
        if name not in files:
            yield rules.error(finding, label, f"{name} is missing; without it {what}", remedy=remedy)


def _stray_keys(files: Mapping[str, bytes], *, label: str) -> Iterator[Finding]:
    for name in (CERT_FILE, CA_FILE):
        if any(block.is_private_key for block in pem_blocks(files.get(name, b""))):
            text = f"{name} holds a private key; files of certificates are copied and shown freely"
            yield rules.error("key-in-cert-file", label, text, remedy=f"keep the key in {KEY_FILE} alone")


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


def _key(data: bytes, *, label: str) -> PrivateKey | Finding:
    key = read_private_key(data)
    if isinstance(key, PrivateKey):
        return key
    name = {"encrypted": "key-encrypted", "unsupported": "key-type-unsupported"}.get(
        key.kind, "key-unreadable"
    )
    remedy = {
        "encrypted": f"openssl pkey -in {KEY_FILE} -out {KEY_FILE}.plain, then rename it (umask 077)",
        "several": f"keep the one key of {CERT_FILE} in it",
    }.get(
        key.kind, f"openssl pkey -in {KEY_FILE} -noout must say nothing; fab credentials.create makes a set"
    )
    return rules.error(name, label, f"{KEY_FILE} cannot be used: {key.reason} (T1)", remedy=remedy)


def _certificates(data: bytes, name: str, *, label: str) -> tuple[Certificate, ...] | Finding:
    finding = "ca-unreadable" if name == CA_FILE else "cert-unreadable"
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
