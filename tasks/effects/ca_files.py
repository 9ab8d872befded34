"""The folder of a CA on this machine: what lies in it, and how a CA made here is written.

ca/<cluster>/root_cert.pem, root_key.pem                   a CA made here
ca/<cluster>/intermediate_cert.pem, intermediate_key.pem   what signs the leafs, where there is one
ca/<cluster>/ha/                                           the same for the HA channel of pairs
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path

from tasks.core.bundles import certificates_in, holds_certificates
from tasks.core.certificates import Certificate, CertificateFault
from tasks.core.dataclass import dataclass
from tasks.core.errors import UsageError
from tasks.core.issuing import Issuer, OwnCa
from tasks.core.model import Cluster
from tasks.core.pem import pem_blocks
from tasks.core.private_keys import encrypted
from tasks.core.secret import SecretStr
from tasks.effects.credential_files import entries, read_file

ROOT_CERT, ROOT_KEY = "root_cert.pem", "root_key.pem"
INTERMEDIATE_CERT, INTERMEDIATE_KEY = "intermediate_cert.pem", "intermediate_key.pem"
CA_FILES = (ROOT_CERT, ROOT_KEY, INTERMEDIATE_CERT, INTERMEDIATE_KEY)
HA_FOLDER = "ha"


@dataclass(frozen=True, slots=True)
class CaFiles:
    """What lies in a CA's folder. Keys show in no repr.

    Args:
        keys: Every file with a private key; of a CA made here only that of the key which signs leafs.
        faults: What is there and cannot be read, each with what to do.
    """

    keys: Mapping[Path, bytes] = field(repr=False)
    certificates: tuple[Certificate, ...]
    faults: tuple[str, ...]


def own_folder(cluster: Cluster, use: str) -> Path:
    """Where the cluster's own CA lives: that of its members, or ("ha") that of its pairs' HA channels."""
    return cluster.ca_folder / HA_FOLDER if use == "ha" else cluster.ca_folder


def made_here(folder: Path) -> tuple[Path, ...]:
    """The files of a CA made here that lie in the folder; () for none."""
    return tuple(folder / name for name in CA_FILES if os.path.lexists(folder / name))


def refuse_among_sets(folder: Path, cluster: Cluster) -> None:
    """Raises UsageError where a CA's key would come to lie among the sets."""
    if folder.resolve().is_relative_to(cluster.credentials.resolve()):
        raise UsageError(
            f"the CA's folder {folder} is within that of the credential sets, {cluster.credentials}",
            remedy=f"clusters.{cluster.key}.ca.folder: a folder apart, e.g. ca/{cluster.key}",
        )


def ca_contents(folder: Path, own: OwnCa, passphrase: SecretStr | None) -> Mapping[Path, bytes]:
    """The files of a CA made here; its keys encrypted, unless there is no passphrase."""
    root, between = own.root or own.issuer, own.issuer if own.root else None
    contents = {folder / ROOT_CERT: root.certificate.pem(), folder / ROOT_KEY: _key_file(root, passphrase)}
    if between is not None:
        contents[folder / INTERMEDIATE_CERT] = between.certificate.pem()
        contents[folder / INTERMEDIATE_KEY] = _key_file(between, passphrase)
    return contents


def _key_file(issuer: Issuer, passphrase: SecretStr | None) -> bytes:
    return (encrypted(issuer.key, passphrase) if passphrase else issuer.key).file_bytes()


def look_into(folder: Path) -> CaFiles:
    """Everything in the folder itself, hidden files and folders left out.

    Raises:
        OperatorError: It cannot be listed.
    """
    contents: dict[Path, bytes] = {}
    faults: list[str] = []
    for path in _files(folder):
        try:
            contents[path] = read_file(path)
        except OSError as error:
            faults.append(f"{path} cannot be read: {error.strerror} -> ls -lL {path}")
    certificates, broken = _certificates(contents)
    keys = {path: c for path, c in contents.items() if any(b.is_private_key for b in pem_blocks(c))}
    return CaFiles(_signing(folder, keys), certificates, (*faults, *broken))


def _files(folder: Path) -> Iterator[Path]:
    for name in entries(folder):
        if not name.startswith(".") and not (folder / name).is_dir():
            yield folder / name


def _certificates(contents: Mapping[Path, bytes]) -> tuple[tuple[Certificate, ...], tuple[str, ...]]:
    found: list[Certificate] = []
    faults: list[str] = []
    for path, content in contents.items():
        try:
            found += certificates_in(content) if holds_certificates(content) else ()
        except CertificateFault as fault:
            faults.append(f"{path} cannot be read: {fault.reason} -> replace it, or move it away")
    return tuple(found), tuple(faults)


def _signing(folder: Path, keys: Mapping[Path, bytes]) -> Mapping[Path, bytes]:
    """Of a CA made here, the root's key is not for leafs where there is an intermediate."""
    for cert, key in ((INTERMEDIATE_CERT, INTERMEDIATE_KEY), (ROOT_CERT, ROOT_KEY)):
        if os.path.lexists(folder / cert):
            return {path: pem for path, pem in keys.items() if path == folder / key}
    return keys
