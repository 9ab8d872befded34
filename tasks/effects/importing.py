"""Signed certificates from files into credential sets: all of them, or none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tasks.core.bundles import certificates_in, holds_certificates
from tasks.core.certificates import Certificate, CertificateFault
from tasks.core.credential_set import CredentialSet
from tasks.core.errors import OperatorError, Refused, UsageError
from tasks.core.file_names import CLUSTER, HA, FileNames
from tasks.core.importing import Sorting, import_lines, sort_into_sets
from tasks.core.model import Cluster
from tasks.core.order import no_pair, unknown_use
from tasks.core.signing_requests import SHARED, csr_name
from tasks.effects.console import say
from tasks.effects.credential_files import entries, read_file, typed_path
from tasks.effects.credential_writing import (
    Contents,
    member_contents,
    refuse_overwriting,
    remove,
    set_aside,
    shared_contents,
    write,
)
from tasks.effects.judging import refuse_bad_sets
from tasks.effects.requesting import request_places, requested_keys

_AGAIN = "have them issued as credentials.request says, then repeat the command"


def import_sets(
    cluster: Cluster, paths: Sequence[str], *, use: str, force: bool
) -> Mapping[str, CredentialSet]:
    """Sort what the PKI sent into sets, write them, then take their keys out of the requests' folder.

    Args:
        paths: Files, or folders of which all files are taken; PEM, DER or PKCS#7.

    Returns:
        The sets written, by label.

    Raises:
        UsageError: Files that cannot be read, no request, or sets that are there already.
        Refused: Nobody's certificate is among them, or a set would not work; nothing was written.
    """
    _refuse_impossible(cluster, use)
    names = HA if use == "ha" else CLUSTER
    keys = requested_keys(cluster, use=use, names=names)
    now = datetime.now(UTC)
    sorting = sort_into_sets(keys, _read_all(paths), at=now, names=names)
    for line in import_lines(sorting):
        say(line)
    _refuse_unsorted(sorting)
    refuse_bad_sets(sorting.sets, at=now, each_other=True, remedy=_AGAIN)
    _write(cluster, sorting.sets, at=now, force=force)
    _forget(cluster, sorting.sets, use=use, names=names)
    return sorting.sets


def _refuse_impossible(cluster: Cluster, use: str) -> None:
    faults = (*unknown_use(use), *no_pair(cluster, use))
    if faults:
        raise UsageError("\n".join(faults), remedy="fab --help credentials.import")


def _read_all(paths: Iterable[str]) -> tuple[Certificate, ...]:
    """Raises UsageError with every file that cannot be read."""
    found: list[Certificate] = []
    faults: list[str] = []
    for path, wanted in _files(paths):
        try:
            content = read_file(path)
            found += certificates_in(content) if wanted or holds_certificates(content) else ()
        except CertificateFault as fault:
            faults.append(f"{path} cannot be read: {fault.reason}")
        except OSError as error:
            faults.append(f"{path} cannot be read: {error.strerror}")
    if faults:
        raise UsageError("\n".join(faults), remedy="name files of certificates: PEM, DER or PKCS#7 (.p7b)")
    return tuple(found)


def _files(paths: Iterable[str]) -> Iterator[tuple[Path, bool]]:
    """Each file, and whether it was named itself: then it must hold certificates."""
    for path in map(typed_path, paths):
        if not path.is_dir():
            yield path, True
            continue
        inside = (path / name for name in entries(path) if not name.startswith("."))
        yield from ((one, False) for one in inside if not one.is_dir())


def _refuse_unsorted(sorting: Sorting) -> None:
    if sorting.faults:
        raise Refused(
            "\n".join(sorting.faults), remedy="repeat the command with all files; nothing was written"
        )
    if not sorting.sets:
        raise Refused(
            "none of these certificates belongs to a requested key; nothing was written",
            remedy="name the files that the PKI made of these requests; fab credentials.inspect PATH shows them",
        )


def _write(cluster: Cluster, sets: Mapping[str, CredentialSet], *, at: datetime, force: bool) -> None:
    folder = cluster.credentials
    contents = dict(member_contents(folder, {n: one for n, one in sets.items() if n != SHARED}))
    if SHARED in sets:
        contents |= shared_contents(folder, sets[SHARED])
    if not force:
        refuse_overwriting(contents)
    former = set_aside(contents, below=folder, at=at)
    write(contents, force=force)
    _read_back(contents)
    if former is not None:
        say(f"the sets that were there before are kept in {former}")


def _read_back(contents: Contents) -> None:
    for path, content in contents.items():
        if path.read_bytes() != content:
            raise OperatorError(
                f"{path} does not hold what was just written; the requests' keys stay where they are",
                remedy=f"ls -l {path}; df {path.parent}; then repeat the command with --force",
            )


def _forget(cluster: Cluster, sets: Iterable[str], *, use: str, names: FileNames) -> None:
    places = request_places(cluster, use)
    remove(places[label] / name for label in sets for name in (names.key, csr_name(names)))
