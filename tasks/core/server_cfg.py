"""server.cfg by the real server's rules: read, edited in place, compared.

Text is the file's bytes decoded as UTF-8 with surrogateescape, so that every byte survives.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from tasks.core.dataclass import dataclass
from tasks.core.findings import Finding, Severity

# Both separators of the server's tokenizer: a key ends at "=" or CR, a value at CR.
_LINE = re.compile(r"[ \t\r]*(?P<key>[^=\r\0]*)(?:[=\r][ =\t\r]*(?P<value>[^\r\0]*))?")
_COMMENT_AFTER = re.compile(r"[ \t](#|//|;|\*)")
_SHIPPED_TRUST_KEY = "TrustedCertificateDir"
_POLICY = "Cluster.ControlTLSPolicy"
_LONGEST_LINE_BYTES = 4095  # of the server's buffer: what is beyond is a line of its own to it


@dataclass(frozen=True, slots=True)
class Entry:
    """One `Key = value` line as the server takes it.

    Args:
        line: Index of the line, from 0.
        span: Where the value stands in the line; None where there is no value.
    """

    line: int
    key: str
    value: str
    span: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class ServerCfg:
    """A parsed server.cfg: what the server would do with it, and the text it came from."""

    text: str
    entries: tuple[Entry, ...]

    @property
    def keystore(self) -> PurePosixPath | None:
        """The keystore in effect; None where none is named."""
        return _path(self.keystore_entry)

    @property
    def truststore(self) -> PurePosixPath | None:
        """The truststore in effect: TrustStore, if there is one, before TrustedCertificateDir."""
        return _path(self.truststore_entry)

    @property
    def control_tls_policy(self) -> int:
        """1 always, 2 off, 3 follow MessagingUseTLS."""
        entry = self._last(_POLICY)
        return int(entry.value) if entry and entry.value in ("1", "2", "3") else 1

    @property
    def keystore_entry(self) -> Entry | None:
        found = [entry for entry in self.entries if _is_keystore(entry.key)]
        return found[-1] if found else None

    @property
    def truststore_entry(self) -> Entry | None:
        return self._last("TrustStore") or self._last(_SHIPPED_TRUST_KEY)

    def findings(self, *, where: str) -> tuple[Finding, ...]:
        """What an operator should know of this file before a server starts with it.

        Args:
            where: The node and path to name, e.g. "gw-b:/var/…/server.cfg".
        """
        return (
            *_path_findings("KeyStore", self.keystore_entry, where=where),
            *_path_findings("TrustedCertificateDir", self.truststore_entry, where=where),
            *_key_findings(self, where=where),
            *_policy_findings(self._last(_POLICY), where=where),
            *_length_findings(self.text, where=where),
        )

    def _last(self, key: str) -> Entry | None:
        found = [entry for entry in self.entries if entry.key == key]
        return found[-1] if found else None


def parse(text: str | bytes) -> ServerCfg:
    """Parse a server.cfg. Every text is one: the server itself refuses nothing.

    Source:
        Eclipse Amlen, server_main/src/main.c, the config file's reader; AMLEN.md §3.
    """
    decoded = text if isinstance(text, str) else text.decode("utf-8", "surrogateescape")
    found = (_entry(number, line) for number, line in enumerate(decoded.split("\n")))
    return ServerCfg(decoded, tuple(entry for entry in found if entry is not None))


def edit(
    text: str,
    *,
    keystore: PurePosixPath | str | None = None,
    truststore: PurePosixPath | str | None = None,
) -> str:
    """Make the server read these paths, changing the lines in effect and nothing else.

    Args:
        keystore, truststore: Absolute paths; None leaves that one as it is.

    Raises:
        ValueError: A path that server.cfg cannot hold: our bug, the inventory rules it out.
    """
    if keystore is not None:
        text = _set(text, parse(text).keystore_entry, key="KeyStore", path=str(keystore))
    if truststore is not None:
        text = _set(text, parse(text).truststore_entry, key=_SHIPPED_TRUST_KEY, path=str(truststore))
    return text


def diff(old: str, new: str) -> str:
    """The change as a unified diff, printable whatever the file's encoding; "" if there is none."""
    lines = difflib.unified_diff(
        old.split("\n"), new.split("\n"), "server.cfg", "server.cfg (planned)", lineterm=""
    )
    shown = "\n".join(line.rstrip("\r") for line in lines)
    return file_bytes(shown).decode("utf-8", "replace")


def file_bytes(text: str) -> bytes:
    """The bytes that `text` was decoded from."""
    return text.encode("utf-8", "surrogateescape")


def file_sha256(text: str) -> str:
    """Lower-case hex of the file's bytes, as sha256sum prints it."""
    return hashlib.sha256(file_bytes(text)).hexdigest()


def _entry(number: int, line: str) -> Entry | None:
    match = _LINE.match(line)
    if match is None or match["key"][:1] in ("", "#", "*"):
        return None
    value = (match["value"] or "").rstrip(" ")
    span = (match.start("value"), match.start("value") + len(value)) if value else None
    return Entry(number, match["key"].rstrip(" \t"), value, span)


def _is_keystore(key: str) -> bool:
    return key.isascii() and key.lower() == "keystore"


def _path(entry: Entry | None) -> PurePosixPath | None:
    return PurePosixPath(entry.value) if entry and entry.value else None


def _set(text: str, entry: Entry | None, *, key: str, path: str) -> str:
    if not re.fullmatch(r"/([^\r\n\0]*[^ \r\n\0])?", path):
        raise ValueError(f"not an absolute path that server.cfg can hold: {path!r}")
    if _path(entry) == PurePosixPath(path):
        return text
    lines = text.split("\n")
    if entry is None:
        return text + _appended(lines, f"{key} = {path}")
    line = lines[entry.line]
    start, end = entry.span or (0, len(line.rstrip("\r")))
    wanted = path if entry.span else f"{entry.key} = {path}"
    lines[entry.line] = line[:start] + wanted + line[end:]
    return "\n".join(lines)


def _appended(lines: list[str], line: str) -> str:
    """A new last line, with the line ends that the file has."""
    newline = "\r\n" if len(lines) > 1 and lines[-2].endswith("\r") else "\n"
    return f"{newline if lines[-1] else ''}{line}{newline}"


def _path_findings(key: str, entry: Entry | None, *, where: str) -> tuple[Finding, ...]:
    if entry is None or not entry.value:
        text = f"no {key} is set; without it the server does not find its own files (T11)"
        name = "cfg-keystore-missing" if key == "KeyStore" else "cfg-truststore-missing"
        return (Finding(name, Severity.ERROR, where, text, f"add a line: {key} = /absolute/path"),)
    faults = (
        ("cfg-value-quoted", entry.value[0] in "\"'", "is quoted, and the quotes become part of the path"),
        (
            "cfg-value-comment",
            bool(_COMMENT_AFTER.search(entry.value)),
            "carries a comment, part of the path",
        ),
        ("cfg-value-tab", entry.value.endswith("\t"), "ends in a tab, which becomes part of the path"),
        ("cfg-path-relative", entry.value[0] not in "/\"'", "is not an absolute path"),
    )
    seen = f"line {entry.line + 1}: {entry.key} = {entry.value}"
    remedy = f"write the line as: {entry.key} = /absolute/path"
    return tuple(
        Finding(name, Severity.ERROR, where, f"{seen}: it {what} (T11)", remedy)
        for name, holds, what in faults
        if holds
    )


def _key_findings(cfg: ServerCfg, *, where: str) -> tuple[Finding, ...]:
    exact = ("TrustStore", _SHIPPED_TRUST_KEY, _POLICY)
    return tuple(
        Finding(
            "cfg-key-case",
            Severity.WARNING,
            where,
            f"line {entry.line + 1}: the server does not know {entry.key}; it knows {known}",
            f"write {known} if the line is to have an effect, else remove it",
        )
        for entry in cfg.entries
        for known in exact
        if entry.key != known and entry.key.lower() == known.lower()
    )


def _policy_findings(entry: Entry | None, *, where: str) -> tuple[Finding, ...]:
    if entry is None or entry.value in ("1", "2", "3"):
        return ()
    text = f"line {entry.line + 1}: {_POLICY} = {entry.value} is none of 1, 2, 3; taken as 1"
    return (Finding("cfg-policy-value", Severity.WARNING, where, text, f"write {_POLICY} = 1"),)


def _length_findings(text: str, *, where: str) -> Iterator[Finding]:
    for number, line in enumerate(text.split("\n"), 1):
        if len(file_bytes(line)) > _LONGEST_LINE_BYTES:
            seen = f"line {number} has more than {_LONGEST_LINE_BYTES} bytes: its rest is another line to the server"
            yield Finding("cfg-line-too-long", Severity.ERROR, where, seen, f"make line {number} shorter")
