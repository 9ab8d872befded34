"""The server's reader of server.cfg once more, over bytes and with none of our code.

Written from the facts that were measured: the first `=` splits; lines whose first non-blank is `#` or `*` are
comments; CR ends a token; blanks at the end are cut off, tabs are not; the last duplicate wins; KeyStore in
any case, the others exactly; TrustStore, wherever it stands, before TrustedCertificateDir. A line is read into
a buffer of 4096 bytes, a NUL ends it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

LONGEST_LINE = 4095


@dataclass(frozen=True, slots=True)
class Properties:
    """What the server goes by; b"" and None both name nothing."""

    keystore: bytes | None
    truststore: bytes | None
    policy: bytes | None


def read(content: bytes) -> Properties:
    found: dict[bytes, bytes] = {}
    for line in _lines(content):
        key, value = _split(line.partition(b"\0")[0])
        if key and key[:1] not in (b"#", b"*"):
            found[b"KeyStore" if key.lower() == b"keystore" else key] = value
    trust = found.get(b"TrustStore", found.get(b"TrustedCertificateDir"))
    return Properties(found.get(b"KeyStore"), trust, found.get(b"Cluster.ControlTLSPolicy"))


def _lines(content: bytes) -> Iterator[bytes]:
    """As fgets gives them."""
    for line in content.split(b"\n"):
        for start in range(0, max(len(line), 1), LONGEST_LINE):
            yield line[start : start + LONGEST_LINE]


def _split(line: bytes) -> tuple[bytes, bytes]:
    line = line.lstrip(b" \t\r")
    ends = [at for at in (line.find(b"="), line.find(b"\r")) if at >= 0]
    if not ends:
        return line.rstrip(b" \t"), b""
    value = line[min(ends) + 1 :].lstrip(b" =\t\r").partition(b"\r")[0]
    return line[: min(ends)].rstrip(b" \t"), value.rstrip(b" ")
