"""Credential sets written to this machine's disk: whole or not at all, so that nobody else reads them."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from tasks.core.credential_set import CredentialSet
from tasks.core.errors import UsageError
from tasks.effects.credential_files import entries, local_error, present_in, read_file

Contents = Mapping[Path, bytes]


def write_shared_set(folder: Path, one: CredentialSet, *, force: bool) -> tuple[Path, ...]:
    """Write one set for all members; see `write` and `shared_contents` for what it raises."""
    return write(shared_contents(folder, one), force=force)


def write_member_sets(folder: Path, sets: Mapping[str, CredentialSet], *, force: bool) -> tuple[Path, ...]:
    """Write a folder per member; see `write` for what it raises."""
    return write(member_contents(folder, sets), force=force)


def shared_contents(folder: Path, one: CredentialSet) -> Contents:
    """The files of one set for all members.

    Raises:
        UsageError: Members have folders of their own, which would go before it.
    """
    folders = [folder / entry for entry in entries(folder) if entry[:1] != "."]
    winning = [place for place in folders if present_in(place, one.names)]
    if winning:
        raise UsageError(
            f"member folders go before a shared set, and these exist: {listed(winning)}",
            remedy=f"move the member folders out of {folder} first",
        )
    return {folder / name: content for name, content in one.files().items()}


def member_contents(folder: Path, sets: Mapping[str, CredentialSet]) -> Contents:
    """The files of a folder per member."""
    return {
        folder / member / name: content
        for member, one in sets.items()
        for name, content in one.files().items()
    }


def refuse_overwriting(paths: Iterable[Path]) -> None:
    """Raises UsageError if one of them is there, in whatever form."""
    there = [path for path in paths if os.path.lexists(path)]
    if there:
        raise UsageError(
            f"not overwritten: {listed(there)}",
            remedy="choose another folder, move these away, or repeat with --force",
        )


def write(contents: Contents, *, force: bool) -> tuple[Path, ...]:
    """Write files 0600 in folders 0700: all beside their places first, then each by rename, in this order.

    Raises:
        UsageError: A file is there already and `force` is false; nothing was written.
        OperatorError: The disk refused; no file was replaced, unless it refused a rename.
    """
    if not force:
        refuse_overwriting(contents)
    staged: dict[Path, Path] = {}
    try:
        for path, content in contents.items():
            staged[path] = _staged(path, content)
        for path, beside in staged.items():
            _rename(beside, path)
    finally:
        for beside in staged.values():
            beside.unlink(missing_ok=True)
    return tuple(contents)


def set_aside(paths: Iterable[Path], *, below: Path, at: datetime) -> Path | None:
    """Copy what lies there into `.before-<time>` in the folder, which no member can be named like.

    Args:
        below: The folder that all of them are in.

    Returns:
        The new folder; None if nothing lies there.
    """
    there = [path for path in paths if os.path.lexists(path)]
    if not there:
        return None
    place = _unused(below / f".before-{at:%Y%m%dT%H%M%SZ}")
    contents = {place / path.relative_to(below): _content(path) for path in there}
    write(contents, force=False)
    return place


def remove(paths: Iterable[Path]) -> None:
    """Delete files that may be gone already, and the folders that are empty then.

    Raises:
        OperatorError: The disk refused.
    """
    for path in paths:
        try:
            path.unlink(missing_ok=True)
            if not entries(path.parent):
                path.parent.rmdir()
        except OSError as error:
            raise local_error("remove", path, error) from error


def listed(paths: Iterable[Path]) -> str:
    return ", ".join(str(path) for path in paths)


def _unused(place: Path) -> Path:
    number, found = 1, place
    while os.path.lexists(found):
        number += 1
        found = place.with_name(f"{place.name}-{number}")
    return found


def _content(path: Path) -> bytes:
    try:
        return read_file(path)
    except OSError as error:
        raise local_error("read", path, error) from error


def _staged(path: Path, content: bytes) -> Path:
    """The content on the disk beside its place."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if path.is_dir() and not path.is_symlink():
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
        _make_private_folder(path.parent)
        _fill(beside, content)
    except OSError as error:
        raise local_error("write", path, error) from error
    return beside


def _fill(beside: Path, content: bytes) -> None:
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _rename(beside: Path, path: Path) -> None:
    try:
        beside.replace(path)
    except OSError as error:
        raise local_error("write", path, error) from error


def _make_private_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_private_folder(folder.parent)
    folder.mkdir(mode=0o700)
    folder.chmod(0o700)
