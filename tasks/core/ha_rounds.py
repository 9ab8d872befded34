"""Three rounds with overlapping trust: what lies in a pair's HA files after each, and what may be left out.

Trust in one direction is not enough here: each node accepts the other one's connections, and verifies
its client fully. So every two states that meet in a round must trust each other both ways.

Source:
    AMLEN.md section 5, "HA credentials of a pair".
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise

from tasks.core.certificates import Certificate
from tasks.core.credential_set import CredentialSet
from tasks.core.dataclass import dataclass
from tasks.core.file_names import HA
from tasks.core.trust import Loaded, can_dial


@dataclass(frozen=True, slots=True)
class OldSet:
    """What both nodes of the pair have loaded: its certificates, and the files as they lie there."""

    chain: tuple[Certificate, ...]
    ca: tuple[Certificate, ...]
    sha256: Mapping[str, str]  # by name; of all three files


@dataclass(frozen=True, slots=True)
class Round:
    """One rolling restart of the pair.

    Args:
        number: 1 to 3, of the whole way; rounds that change nothing are left out.
        what: In the operator's words.
        placed: The files that change, by name: SHA-256.
        live: All three files after it, by name: SHA-256.
    """

    number: int
    what: str
    placed: Mapping[str, str]
    live: Mapping[str, str]


def overlapping_ca(old: Sequence[Certificate], new: Sequence[Certificate]) -> bytes:
    """A CA file that trusts what either one trusts; each certificate once, the old ones first.

    Made again from its own result and the new one's certificates it is the same.
    """
    return b"".join(certificate.pem() for certificate in dict.fromkeys((*old, *new)))


def mutual(one: Loaded, other: Loaded, *, at: datetime) -> bool:
    """Whether two nodes of a pair find each other: connections come up in both directions."""
    return can_dial(one, other, at=at) and can_dial(other, one, at=at)


def rounds_between(old: OldSet, new: CredentialSet) -> tuple[Round, ...]:
    """The rounds that change something, in order; none where the new set lies there already."""
    first, second = _middle(old, new)
    pair = {name: new.sha256[name] for name in (HA.cert, HA.key)}
    stages = (
        (f"{HA.ca} trusts old and new", dict(old.sha256) | {HA.ca: first}),
        ("new key and certificate", {HA.ca: second, **pair}),
        (f"{HA.ca} trusts the new one alone", dict(new.sha256)),
    )
    found, before = [], dict(old.sha256)
    for number, (what, live) in enumerate(stages, 1):
        placed = {name: sha for name, sha in live.items() if before[name] != sha}
        if placed:
            found.append(Round(number, what, placed, live))
        before = live
    return tuple(found)


def _middle(old: OldSet, new: CredentialSet) -> tuple[str, str]:
    """SHA-256 of the CA file after round 1 and after round 2: an overlap only where neither holds the other."""
    was, due = set(old.ca), set(new.ca)
    before, after = old.sha256[HA.ca], new.sha256[HA.ca]
    if was == due:
        return before, after
    if was < due:
        return after, after
    if due < was:
        return before, before
    both = hashlib.sha256(overlapping_ca(old.ca, new.ca)).hexdigest()
    return both, both


def overlap_holds(old: OldSet, new: CredentialSet, *, at: datetime) -> bool:
    """Whether the pair stays together at every restart of the three rounds."""
    union = tuple(dict.fromkeys((*old.ca, *new.ca)))
    states = (
        Loaded(old.chain, old.ca),
        Loaded(old.chain, union),
        Loaded(new.chain, union),
        Loaded(new.chain, new.ca),
    )
    return all(mutual(one, other, at=at) for one, other in pairwise(states))


def trust_each_other(old: OldSet, new: CredentialSet, *, at: datetime) -> bool:
    """Whether a node with the former set and one with the new one find each other as they are."""
    return mutual(Loaded(old.chain, old.ca), Loaded(new.chain, new.ca), at=at)


def confusable(old: OldSet, new: CredentialSet, *, at: datetime) -> bool:
    """Whether each set works alone and the union of their CA files does not: OpenSSL looks an issuer up by
    its subject, and takes the first one where nothing else tells two apart.
    """
    was, due = Loaded(old.chain, old.ca), Loaded(new.chain, new.ca)
    subjects = {certificate.subject for certificate in old.ca if certificate not in new.ca}
    shared = subjects & {certificate.subject for certificate in new.ca if certificate not in old.ca}
    return bool(shared) and mutual(was, was, at=at) and mutual(due, due, at=at)
