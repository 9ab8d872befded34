"""Credential sets written to this machine's disk, so that nobody else reads them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from tasks.core.credential_set import CredentialSet
from tasks.core.errors import UsageError
from tasks.core.file_names import HA
from tasks.core.issuing import Issuer, OwnCa
from tasks.effects.credential_files import (
    CA_FOLDER,
    HA_CA_FOLDER,
    entries,
    local_error,
    present_in,
)

CA_KEY, CA_CERT = "ca_key.pem", "ca_cert.pem"


def write_shared_set(folder: Path, one: CredentialSet, *, force: bool) -> tuple[Path, ...]:
    """Write one set for all members; see `_write` for what it raises."""
    winning = [
        folder / entry
        for entry in entries(folder)
        if entry not in (CA_FOLDER, HA_CA_FOLDER) and present_in(folder / entry, one.names)
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
    for_ha = any(one.names is HA for one in sets.values())
    ca_folder = HA_CA_FOLDER if for_ha else CA_FOLDER
    if ca_folder in sets:
        raise UsageError(
            f"a member is named {ca_folder}, which is the folder of the CA itself",
            remedy="give that member another name in the inventory",
        )
    contents = {
        folder / member / name: content
        for member, one in sets.items()
        for name, content in one.files().items()
    }
    if ca is not None:
        contents[folder / ca_folder / CA_CERT] = ca.certificate.pem()
        contents[folder / ca_folder / CA_KEY] = ca.key.file_bytes()
    return _write(contents, force=force)


def write_own_ca(folder: Path, own: OwnCa, *, force: bool) -> tuple[Path, ...]:
    """Write a CA made here and every set that it issued."""
    return write_member_sets(folder, own.sets, ca=own.issuer, force=force)


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
            raise local_error("write", path, error) from error
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


def _listed(paths: Iterable[Path]) -> str:
    return ", ".join(str(path) for path in paths)
