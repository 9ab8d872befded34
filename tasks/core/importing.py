"""What a PKI sent, sorted into credential sets: by keys and signatures, never by names or order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from tasks.core.certificates import Certificate
from tasks.core.chains import path_up
from tasks.core.credential_set import CredentialSet
from tasks.core.dataclass import dataclass
from tasks.core.file_names import FileNames
from tasks.core.issuing import credential_set
from tasks.core.private_keys import PrivateKey


@dataclass(frozen=True, slots=True)
class Sorting:
    """What became of the certificates.

    Args:
        sets: By label.
        waiting: Whose certificate is not among them.
        unused: Certificates that belong to nobody.
        faults: Why sets are missing that should be there; each with what to do.
    """

    sets: Mapping[str, CredentialSet]
    waiting: tuple[str, ...]
    unused: tuple[Certificate, ...]
    faults: tuple[str, ...]


def sort_into_sets(
    keys: Mapping[str, PrivateKey],
    certificates: Iterable[Certificate],
    *,
    at: datetime,
    names: FileNames,
) -> Sorting:
    """One set for every key whose certificate is there: leaf and intermediates, and the roots of all of them.

    Args:
        keys: The requested ones, by label.
        certificates: In any order, with repetitions.
        at: Now: of several ways to a root, the valid one is taken.
        names: What the sets' files are called.
    """
    known = sorted(dict.fromkeys(certificates), key=lambda one: one.sha256)
    leafs = {label: leaf for label, key in keys.items() if (leaf := _leaf(key, known)) is not None}
    paths = {label: (leaf, *path_up(leaf, known, at=at)) for label, leaf in leafs.items()}
    whole = {label: path for label, path in paths.items() if path[-1].self_signed}
    roots = sorted({path[-1] for path in whole.values()}, key=lambda one: (one.subject, one.sha256))
    sets = {
        label: replace(credential_set(label, keys[label], chain=path[:-1] or path, ca=roots), names=names)
        for label, path in whole.items()
    }
    used = {one for path in paths.values() for one in path}
    return Sorting(
        sets,
        waiting=tuple(label for label in keys if label not in leafs),
        unused=tuple(one for one in known if one not in used),
        faults=tuple(_no_root(label, path) for label, path in paths.items() if label not in whole),
    )


def _leaf(key: PrivateKey, known: Iterable[Certificate]) -> Certificate | None:
    """The certificate of a key; of several the newest, which is what the PKI meant last."""
    own = [one for one in known if one.key_kind == key.kind and key.matches(one)]
    return max(own, key=lambda one: (one.not_before, one.not_after, one.sha256), default=None)


def _no_root(label: str, path: tuple[Certificate, ...]) -> str:
    top = path[-1]
    return (
        f"{label}: the CA that issued {top.subject} is not there: {top.issuer}; the CA file must reach a "
        "self-signed root -> ask the PKI for it, and name it, too"
    )


def import_lines(sorting: Sorting) -> tuple[str, ...]:
    """Who waits, and what belongs to nobody."""
    waiting = (
        [f"no certificate yet for {', '.join(sorting.waiting)}: {_keys(sorting.waiting)}"]
        if sorting.waiting
        else []
    )
    unused = [
        f"belongs to no set: {one.subject}, issued by {one.issuer}, {one.sha256[:16]}"
        for one in sorting.unused
    ]
    return (*waiting, *unused)


def _keys(waiting: tuple[str, ...]) -> str:
    return "its key waits" if len(waiting) == 1 else "their keys wait"
