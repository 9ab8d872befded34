"""Revocation lists and certificates on this machine's disk: read with their faults, written by rename.

credentials/<cluster>/Cluster_crl/crl.pem   the cluster's list
credentials/<cluster>/HA_crl/crl.pem        that of the pairs' HA channels
"""

from __future__ import annotations

import os
from pathlib import Path

from tasks.core.certificates import Certificate, CertificateFault, parse_pem_chain
from tasks.core.errors import UsageError
from tasks.core.revocation import ListFault, RevocationList, parse_list
from tasks.effects.credential_files import local_error, read_file

_MAX_BYTES = 8 << 20  # an entry has about 40 bytes


def read_list(path: Path) -> bytes | None:
    """The content; None if there is no such file.

    Raises:
        OperatorError: It cannot be read.
    """
    try:
        return read_file(path, most_bytes=_MAX_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise local_error("read", path, error) from error


def list_here(path: Path) -> RevocationList | None:
    """The list of this machine; None if there is none yet.

    Raises:
        UsageError: The file holds no list.
    """
    content = read_list(path)
    if content is None:
        return None
    try:
        return parse_list(content)
    except ListFault as fault:
        raise UsageError(
            f"{path} cannot be read: {fault.reason}",
            remedy=f"mv {path} {path}.broken; then revoke again what it named: fab credentials.crl --revoke WHAT",
        ) from fault


def write_list(path: Path, content: bytes) -> None:
    """Write it 0600 into a folder 0700, by rename; on the disk when this returns.

    Raises:
        OperatorError: It cannot be written.
    """
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        part.unlink(missing_ok=True)
        with open(part, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    except OSError as error:
        raise local_error("write", path, error) from error


def certificate_in(path: Path) -> Certificate:
    """The first certificate of a file, PEM or DER.

    Raises:
        CertificateFault: There is none, or the file cannot be read.
    """
    try:
        content = read_file(path)
    except OSError as error:
        raise CertificateFault(error.strerror or "it cannot be read") from error
    try:
        return Certificate.from_der(content)
    except CertificateFault:
        return parse_pem_chain(content)[0]


def chain_here(folder: Path, member: str, name: str) -> tuple[Certificate, ...]:
    """A member's certificate file, its own before the shared one; nothing where there is none to be read."""
    for path in (folder / member / name, folder / name):
        try:
            return parse_pem_chain(read_file(path))
        except (OSError, CertificateFault):
            continue
    return ()
