"""Who can connect to whom: the graph that says which counts every member must show.

The rules of the server's control channel (AMLEN.md §2): the side that accepts verifies its
client fully; the side that dials is content with a valid chain or with a lone self-signed server
certificate. A connection in one direction is enough for two members to count each other (T4).

Where AMLEN.md is silent the public source decides: on the built-in pair the accepting side trusts
that certificate alone and the dialling side still loads the CA file; and the dialling side forgives
only a self-signed certificate that is *not* in its CA file (one that is there gets the full check).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Literal

from tasks.core.certificates import Certificate, is_builtin, verify

Links = frozenset[frozenset[str]]  # pairs of member names


@dataclass(frozen=True, slots=True)
class Loaded:
    """The credentials that a member's running process uses.

    Args:
        chain: What it serves and presents, leaf first.
        trusted: The certificates of the CA file it loaded; empty if it loaded none.
    """

    chain: tuple[Certificate, ...]
    trusted: tuple[Certificate, ...]

    @property
    def leaf(self) -> Certificate:
        return self.chain[0]

    @property
    def accepts_under(self) -> tuple[Certificate, ...]:
        """What the accepting side verifies its clients against.

        On the built-in pair that is the built-in certificate alone; the CA file then serves
        only what this member dials.
        """
        return (self.leaf,) if is_builtin(self.leaf) else self.trusted


def _refusal(
    chain: tuple[Certificate, ...],
    trusted: tuple[Certificate, ...],
    purpose: Literal["client", "server"],
    at: datetime,
) -> str | None:
    return verify(chain[0], intermediates=chain[1:], trusted=trusted, purpose=purpose, at=at)


def can_dial(dialer: Loaded, acceptor: Loaded, *, at: datetime) -> bool:
    """Whether a connection made by `dialer` to `acceptor` comes up."""
    if _refusal(dialer.chain, acceptor.accepts_under, "client", at) is not None:
        return False
    if len(acceptor.chain) == 1 and acceptor.leaf.self_signed and acceptor.leaf not in dialer.trusted:
        return True
    return _refusal(acceptor.chain, dialer.trusted, "server", at) is None


def can_connect(one: Loaded, other: Loaded, *, at: datetime) -> bool:
    """Whether the two see each other as connected: one direction is enough."""
    return can_dial(one, other, at=at) or can_dial(other, one, at=at)


def connected_members(
    loaded: Mapping[str, Loaded],
    *,
    observed: frozenset[str] = frozenset(),
    links: Links = frozenset(),
    at: datetime,
) -> Mapping[str, frozenset[str]]:
    """Per member name, the names of the members it is connected to.

    Args:
        loaded: What each member's process uses.
        observed: Members between which `links` decides, whatever the certificates say.
        links: Who was seen connected with whom.
        at: By which clock the dates are judged.
    """

    def joined(one: str, other: str) -> bool:
        if one in observed and other in observed:
            return frozenset((one, other)) in links
        return can_connect(loaded[one], loaded[other], at=at)

    pairs = {frozenset(pair) for pair in combinations(loaded, 2) if joined(*pair)}
    return {name: frozenset(p for p in loaded if frozenset((name, p)) in pairs) for name in loaded}
