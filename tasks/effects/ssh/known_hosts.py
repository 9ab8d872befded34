"""Is this host the one that known_hosts speaks of? Files in OpenSSH's format, read once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import shlex
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from tasks.core.dataclass import dataclass
from tasks.core.errors import RemoteError


@dataclass(frozen=True, slots=True)
class HostKey:
    key_type: str
    blob: bytes

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` prints it."""
        digest = base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")
        return f"SHA256:{digest}"


@dataclass(frozen=True, slots=True)
class KnownKey:
    """One line of a known_hosts file."""

    path: Path
    line: int
    marker: str  # "", "@revoked" or "@cert-authority"
    names: tuple[str, ...]
    key: HostKey

    def speaks_of(self, name: str) -> bool:
        """Whether the line's names, patterns or hashes cover name; a negation wins."""
        hits = [pattern for pattern in self.names if _matches(pattern.removeprefix("!"), name)]
        return bool(hits) and not any(pattern.startswith("!") for pattern in hits)

    def __str__(self) -> str:
        return f"{self.key.key_type} {self.key.fingerprint} ({self.path}:{self.line})"


def _matches(pattern: str, name: str) -> bool:
    if not pattern.startswith("|1|"):
        # Brackets are literal in known_hosts ("[host]:port"), not a character class.
        return fnmatchcase(name, pattern.lower().replace("[", "[[]"))
    try:
        salt, wanted = (base64.b64decode(part) for part in pattern[3:].split("|"))
    except ValueError:
        return False
    return hmac.compare_digest(hmac.digest(salt, name.encode(), "sha1"), wanted)


@dataclass(frozen=True, slots=True)
class HostName:
    """What known_hosts calls a server, and how an operator would scan its key."""

    host: str
    port: int
    alias: str | None = None  # HostKeyAlias
    gateway: str | None = None  # "ssh -p 22 user@hop", from which the host can be reached

    @property
    def name(self) -> str:
        plain = (self.alias or self.host).lower()
        return plain if self.alias or self.port == 22 else f"[{plain}]:{self.port}"

    @property
    def keyscan(self) -> str:
        scan = f"ssh-keyscan -p {self.port} {shlex.quote(self.host)}"
        return f"{self.gateway} {scan}" if self.gateway else scan


@dataclass(frozen=True, slots=True)
class KnownHosts:
    """The lines of several files, in order. The first file is the one an operator would add to."""

    paths: tuple[Path, ...]
    lines: tuple[KnownKey, ...]

    def about(self, place: HostName) -> tuple[KnownKey, ...]:
        """The keys that the place may show."""
        return tuple(k for k in self.lines if not k.marker and k.speaks_of(place.name))

    def accepted(self, place: HostName) -> tuple[KnownKey, ...]:
        """As `about`; and where that is none, a key known for the host, whatever its port, as OpenSSH does."""
        known = self.about(place)
        return known if known or place.alias else self.about(HostName(place.host, 22))

    def adding(self, place: HostName) -> str:
        """How an operator adds the place's key, and makes sure that it is the right one."""
        file = shlex.quote(str(self.paths[0])) if self.paths else "KNOWN_HOSTS_FILE"
        rename = f" (and name the entry {place.alias})" if place.alias else ""
        return (
            f"{place.keyscan} >> {file}{rename}, then compare the SHA256 fingerprint with the host's"
            " own (there: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub)"
        )

    def require(self, place: HostName, shown: HostKey) -> None:
        """Raises RemoteError unless `shown` is a known key of that place."""
        self._refuse_revoked(place, shown)
        if any(k.key == shown for k in self.accepted(place)):
            return
        known = self.about(place)
        if known:
            raise _changed(place, shown, known)
        raise self._unknown(place, shown)

    def _refuse_revoked(self, place: HostName, shown: HostKey) -> None:
        for k in self.lines:
            if k.marker == "@revoked" and k.key == shown and k.speaks_of(place.name):
                raise RemoteError(
                    f"host key of {place.name} is REVOKED: {k}; not connected",
                    remedy="give the host a new key and take the revoked line's place with it",
                )

    def _unknown(self, place: HostName, shown: HostKey) -> RemoteError:
        return RemoteError(
            f"host key of {place.name} is unknown: it shows {shown.key_type} {shown.fingerprint};"
            f" looked in {', '.join(map(str, self.paths)) or 'no file'}; not connected",
            remedy=self.adding(place),
        )


def _changed(place: HostName, shown: HostKey, known: Sequence[KnownKey]) -> RemoteError:
    return RemoteError(
        f"HOST KEY OF {place.name} HAS CHANGED: it shows {shown.key_type} {shown.fingerprint},"
        f" known is {', '.join(map(str, known))}; not connected: someone may be in between",
        remedy="ask the host's owner for its fingerprint; only if it was changed on purpose:"
        f" ssh-keygen -R {shlex.quote(place.name)} -f {shlex.quote(str(known[0].path))}, then {place.keyscan}"
        f" >> {shlex.quote(str(known[0].path))}",
    )


def read_known_hosts(paths: Sequence[Path]) -> KnownHosts:
    """Read the files that exist; lines that OpenSSH would not understand are passed over.

    Raises:
        RemoteError: A file exists and cannot be read.
    """
    return KnownHosts(tuple(paths), tuple(line for path in paths for line in _read(path)))


def _read(path: Path) -> tuple[KnownKey, ...]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as error:
        raise RemoteError(
            f"known_hosts file {path} cannot be read: {error.strerror}",
            remedy=f"make it readable, or name another as ssh.known_hosts: ls -l {path}",
        ) from error
    lines = (_parse(path, number, line) for number, line in enumerate(text.splitlines(), start=1))
    return tuple(line for line in lines if line)


def _parse(path: Path, number: int, line: str) -> KnownKey | None:
    fields = line.split()
    marker = fields.pop(0) if fields and fields[0].startswith("@") else ""
    if len(fields) < 3 or fields[0].startswith("#"):
        return None
    try:
        blob = base64.b64decode(fields[2], validate=True)
    except ValueError:  # no base64, or not even ASCII
        return None
    return KnownKey(path, number, marker, tuple(fields[0].split(",")), HostKey(fields[1], blob))
