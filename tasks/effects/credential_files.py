"""Credential sets on this machine's disk: read with their faults, written so that nobody else reads them.

credentials/<cluster>/Cluster_*.pem            one set for all members
credentials/<cluster>/<member>/Cluster_*.pem   a member's own set; goes before the shared one
credentials/<cluster>/ca/                      key and certificate of a CA made here; never a set
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tasks.core.credential_set import CA_FILE, CERT_FILE, FILE_NAMES, KEY_FILE, CredentialSet, load
from tasks.core.errors import OperatorError, UsageError
from tasks.core.findings import Finding, Severity
from tasks.core.issuing import Issuer, OwnCa

CA_FOLDER = "ca"
CA_KEY, CA_CERT = "ca_key.pem", "ca_cert.pem"
SHARED = "shared"  # the label of the set that has no member folder
_MAX_BYTES = 1 << 20
_PAIR = frozenset({KEY_FILE, CERT_FILE})
_MISSING = {KEY_FILE: "key-missing", CERT_FILE: "cert-missing", CA_FILE: "ca-missing"}


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a member's three files are; members with equal sources share one set."""

    label: str
    paths: tuple[tuple[str, Path], ...]


def load_sets(
    folder: Path, members: Sequence[str], at: datetime
) -> tuple[dict[str, CredentialSet], tuple[Finding, ...]]:
    """Read the set of every member; a member folder goes before the shared set.

    Args:
        folder: The cluster's folder. Key and certificate always come from one place; a member
            without a CA file of its own takes the shared one.
        at: Now by this machine's clock.

    Returns:
        The sets by member name, without those that a server would not come up with; all findings.
    """
    if not any(_present(folder / place) for place in (".", *members)):
        text = f"{folder} holds no credential set; wanted: {', '.join(FILE_NAMES)}"
        return {}, (_error("credentials-missing", SHARED, text, remedy="fab credentials.create"),)
    found = list(_unknown_folders(folder, members))
    loaded: dict[_Source, CredentialSet | None] = {}
    sources = {member: _source(folder, member) for member in members}
    for source in dict.fromkeys(sources.values()):
        files, faults = _read_source(source)
        loaded[source], findings = load(files, label=source.label, at=at)
        found += [*faults.values(), *_unsaid(findings, faults), *_loose_key(source)]
    sets = {member: one for member, source in sources.items() if (one := loaded[source]) is not None}
    return sets, tuple(found)


def write_shared_set(folder: Path, one: CredentialSet, *, force: bool) -> tuple[Path, ...]:
    """Write one set for all members; see `_write` for what it raises."""
    winning = [
        folder / entry for entry in _entries(folder) if entry != CA_FOLDER and _present(folder / entry)
    ]
    if winning:
        raise UsageError(
            f"member folders go before a shared set, and these exist: {_listed(winning)}",
            remedy=f"move the member folders out of {folder} first",
        )
    return _write({folder / name: content for name, content in one.files().items()}, force=force)


def write_member_sets(
    folder: Path, sets: Mapping[str, CredentialSet], *, ca: Issuer | None = None, force: bool
) -> tuple[Path, ...]:
    """Write a folder per member, and the CA's own key and certificate beside them."""
    if CA_FOLDER in sets:
        raise UsageError(
            f"a member is named {CA_FOLDER}, which is the folder of the CA itself",
            remedy="give that member another name in the inventory",
        )
    contents = {
        folder / member / name: content
        for member, one in sets.items()
        for name, content in one.files().items()
    }
    if ca is not None:
        contents[folder / CA_FOLDER / CA_CERT] = ca.certificate.pem()
        contents[folder / CA_FOLDER / CA_KEY] = ca.key.file_bytes()
    return _write(contents, force=force)


def write_own_ca(folder: Path, own: OwnCa, *, force: bool) -> tuple[Path, ...]:
    """Write a CA made here and every set that it issued."""
    return write_member_sets(folder, own.sets, ca=own.issuer, force=force)


def _source(folder: Path, member: str) -> _Source:
    own = folder if member == CA_FOLDER else folder / member
    present = _present(own)
    shared = _present(folder)
    pair = own if present & _PAIR or not shared & _PAIR else folder
    authority = own if CA_FILE in present or CA_FILE not in shared else folder
    label = member if own in (pair, authority) else SHARED
    places = {CA_FILE: authority, CERT_FILE: pair, KEY_FILE: pair}
    return _Source(label, tuple((name, place / name) for name, place in places.items()))


def _present(folder: Path) -> frozenset[str]:
    """The files of a set that lie here, by their right names even where the case is wrong."""
    entries = {entry.lower() for entry in _entries(folder)}
    return frozenset(name for name in FILE_NAMES if name.lower() in entries)


def _entries(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise _local_error("read the folder", folder, error) from error


def _read_source(source: _Source) -> tuple[dict[str, bytes], dict[str, Finding]]:
    """Content of the files that can be read, and per file what is in the way of the others."""
    files: dict[str, bytes] = {}
    faults: dict[str, Finding] = {}
    for name, path in source.paths:
        if os.path.lexists(path):
            try:
                files[name] = _read(path)
            except OSError as error:
                faults[name] = _unreadable(source.label, path, error)
        elif (other := _misnamed(path)) is not None:
            text = f"{other} is not read by the server: the name must be exactly {name}"
            faults[name] = _error("file-name-case", source.label, text, remedy=f"mv {other} {path}")
    return files, faults


def _read(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        seen = os.fstat(descriptor)
        if not stat.S_ISREG(seen.st_mode):
            raise OSError(0, "not a regular file")
        if seen.st_size > _MAX_BYTES:
            raise OSError(0, f"{seen.st_size} bytes; a PEM file of at most {_MAX_BYTES} is wanted")
        return file.read()


def _misnamed(path: Path) -> Path | None:
    """A file that differs from `path` only in case."""
    alike = [entry for entry in _entries(path.parent) if entry.lower() == path.name.lower()]
    return path.parent / alike[0] if alike else None


def _unsaid(found: Iterable[Finding], faults: Mapping[str, Finding]) -> Iterator[Finding]:
    """Without the files called missing whose own fault is reported already."""
    said = {_MISSING[name] for name in faults}
    return (finding for finding in found if finding.name not in said)


def _loose_key(source: _Source) -> Iterator[Finding]:
    path = dict(source.paths)[KEY_FILE]
    with contextlib.suppress(OSError):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            text = f"{path} has mode {mode:04o}; a private key is for its owner alone, 0600"
            yield Finding("key-mode", Severity.WARNING, source.label, text, f"chmod 600 {path}")


def _unknown_folders(folder: Path, members: Sequence[str]) -> Iterator[Finding]:
    for entry in _entries(folder):
        if entry not in (*members, CA_FOLDER) and _present(folder / entry):
            text = f"{folder / entry} holds a credential set, but no member is named {entry}"
            remedy = f"rename it to one of {', '.join(members)}, or move it away"
            yield Finding("unknown-set-folder", Severity.WARNING, entry, text, remedy)


def _write(contents: Mapping[Path, bytes], *, force: bool) -> tuple[Path, ...]:
    """Write files 0600 in folders 0700, each by rename; the order of `contents` is kept.

    Raises:
        UsageError: A file is there already and `force` is false; nothing was written.
        OperatorError: The disk refused.
    """
    there = [path for path in contents if os.path.lexists(path)]
    if there and not force:
        raise UsageError(
            f"not overwritten: {_listed(there)}",
            remedy="choose another folder, move these away, or repeat with --force",
        )
    for path, content in contents.items():
        try:
            _make_private_folder(path.parent)
            _replace(path, content)
        except OSError as error:
            raise _local_error("write", path, error) from error
    return tuple(contents)


def _make_private_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_private_folder(folder.parent)
    folder.mkdir(mode=0o700)
    folder.chmod(0o700)


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _unreadable(label: str, path: Path, error: OSError) -> Finding:
    dangling = path.is_symlink() and not path.exists()
    reason = f"a symbolic link to {os.readlink(path)}, which is not there" if dangling else error.strerror
    text = f"{path} cannot be read: {reason}"
    return _error("file-unreadable", label, text, remedy=f"ls -lL {path}")


def _local_error(what: str, path: Path, error: OSError) -> OperatorError:
    return OperatorError(
        f"cannot {what} {path}: {error.strerror}", remedy=f"ls -ld {path.parent}; df {path.parent}"
    )


def _error(name: str, where: str, problem: str, *, remedy: str) -> Finding:
    return Finding(name, Severity.ERROR, where, problem, remedy)


def _listed(paths: Iterable[Path]) -> str:
    return ", ".join(str(path) for path in paths)
