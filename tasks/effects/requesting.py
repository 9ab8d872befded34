"""Keys made here and the requests for their certificates, kept apart until the PKI has answered.

requests/<cluster>/<member>/Cluster_key.pem, Cluster_cert.csr   of a member
requests/<cluster>/Cluster_key.pem, Cluster_cert.csr            of a set for all members
requests/<cluster>/ha/<pair>/HA_key.pem, HA_cert.csr            of a pair's HA channel
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tasks.core.errors import UsageError
from tasks.core.file_names import FileNames
from tasks.core.issuing import new_key
from tasks.core.model import Cluster
from tasks.core.order import owners
from tasks.core.private_keys import PrivateKey, UnreadableKey, read_private_key
from tasks.core.signing_requests import (
    SHARED,
    RequestWish,
    csr_name,
    requests_table,
    signing_request,
    wanted_subjects,
)
from tasks.core.text_table import TextTable
from tasks.effects.credential_files import read_file
from tasks.effects.credential_writing import write


def request_places(cluster: Cluster, use: str) -> Mapping[str, Path]:
    """By label, the folder that a request has or would have."""
    base = cluster.inventory.parent / "requests" / cluster.key
    if use == "ha":
        return {name: base / "ha" / name for name in owners(cluster, use)}
    return {SHARED: base, **{name: base / name for name in owners(cluster, use)}}


def make_requests(cluster: Cluster, wish: RequestWish, *, force: bool) -> TextTable:
    """Make a key and a request for everybody, 0600; earlier ones are replaced with `force` only.

    Raises:
        UsageError: An impossible wish, or requests that are under way already.
    """
    wish.refuse_impossible(cluster)
    wanted = wanted_subjects(cluster, wish)
    places = request_places(cluster, wish.use)
    contents: dict[Path, bytes] = {}
    for label, who in wanted.items():
        key = new_key()
        contents[places[label] / wish.names.key] = key.file_bytes()
        contents[places[label] / csr_name(wish.names)] = signing_request(who, key)
    write(contents, force=force)
    base = cluster.inventory.parent
    files = {label: str((places[label] / csr_name(wish.names)).relative_to(base)) for label in wanted}
    return requests_table(f"{cluster.key}: requests in {base}", wanted, files)


def requested_keys(cluster: Cluster, *, use: str, names: FileNames) -> Mapping[str, PrivateKey]:
    """The keys that wait for their certificates, by label.

    Raises:
        UsageError: There is none, or one of them cannot be used; all are named.
    """
    found: dict[str, PrivateKey] = {}
    faults = []
    for label, folder in request_places(cluster, use).items():
        key = _key(folder / names.key)
        if isinstance(key, PrivateKey):
            found[label] = key
        elif key:
            faults.append(key)
    again = f"fab credentials.request{' --use ha' if use == 'ha' else ''}"
    if faults:
        raise UsageError(
            "\n".join(faults), remedy=f"{again} --force makes new keys; their requests are new, too"
        )
    if not found:
        raise UsageError(f"no request of {cluster.key} waits for a certificate", remedy=f"{again} makes them")
    return found


def _key(path: Path) -> PrivateKey | str | None:
    """The key; why it is of no use; None if there is no such file."""
    try:
        read = read_private_key(read_file(path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"
    return f"{path} cannot be used: {read.reason}" if isinstance(read, UnreadableKey) else read
