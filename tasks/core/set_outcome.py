"""What the server makes of one set of files, said with each finding that it follows from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from tasks.core.file_names import CLUSTER, FileNames
from tasks.core.findings import Finding
from tasks.core.key_exchange import MODERN, Capability
from tasks.core.pem import pem_blocks
from tasks.core.server_start import Found, start_with
from tasks.core.verdict import Verdict, verdict_of

NOT_JUDGED = "not judged"

# What the server makes of the files follows from these; the other findings are about what we want of files.
_DECISIVE = frozenset(
    {
        *("key-missing", "cert-missing", "ca-missing", "key-mismatch", "context-refused", "too-weak"),
        *("key-encrypted", "key-unreadable", "key-type-unsupported", "cert-unreadable", "ca-unreadable"),
        *("eku-one-sided", "chain-incomplete", "chain-refused", "expired", "not-yet-valid"),
        *("rsa-needs-tls13", "curve-needs-tls13", "several-keys", "byte-order-mark"),
    }
)


def with_outcome(
    findings: Iterable[Finding], files: Mapping[str, bytes], *, names: FileNames, at: datetime
) -> tuple[Finding, ...]:
    """The findings of a set, those about what the server makes of it with the outcome."""
    outcome = _outcome(files, names=names, at=at)
    return tuple(replace(f, outcome=outcome) if f.name in _DECISIVE else f for f in findings)


def verdict_on(
    files: Mapping[str, bytes],
    *,
    at: datetime | None,
    names: FileNames = CLUSTER,
    capability: Capability = MODERN,
) -> Verdict:
    """What a server with these files does among others with the very same ones.

    Args:
        files: Content by exact file name; a missing name is a missing file.
        at: Now; None leaves dates aside.
        capability: What its OpenSSL can do.
    """
    found = Found(files.get(names.key), files.get(names.cert), files.get(names.ca), files.get(names.crl))
    return verdict_of(start_with(found, builtin=(), capability=capability), at=at)


def _outcome(files: Mapping[str, bytes], *, names: FileNames, at: datetime) -> str:
    """Trust settings, which only a TRUSTED CERTIFICATE block has, are not modelled: such files are refused."""
    labels = {block.label for name in names.in_order for block in pem_blocks(files.get(name, b""))}
    if "TRUSTED CERTIFICATE" in labels:
        return NOT_JUDGED
    return str(verdict_on(files, names=names, at=at).outcome)
