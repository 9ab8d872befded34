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
from datetime import datetime
from functools import cached_property, lru_cache
from itertools import combinations

from tasks.core.certificates import Certificate, is_builtin
from tasks.core.dataclass import dataclass
from tasks.core.key_exchange import MODERN, Capability, exchange_refusal
from tasks.core.peers import SELF_SIGNED_LEAF, Peer, PeerVerdict, chain_sent, judge_peer
from tasks.core.server_rules import SERVER, ServerRules

Links = frozenset[frozenset[str]]  # pairs of member names


@dataclass(frozen=True)
class Loaded:
    """The credentials that a member's running process uses.

    Asked again and again in a plan of many members; without slots, so that it remembers what it is asked.

    Args:
        chain: What it serves and presents, leaf first.
        trusted: The certificates of the CA file it loaded; empty if it loaded none.
        crl: DER of the revocation list it loaded; None without one.
        capability: What its OpenSSL can do.
        builtin: Whether it is the built-in pair; None where only its looks can tell.
    """

    chain: tuple[Certificate, ...]
    trusted: tuple[Certificate, ...]
    crl: bytes | None = None
    capability: Capability = MODERN
    builtin: bool | None = None

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.chain, self.trusted, self.crl, self.capability, self.builtin))

    @property
    def leaf(self) -> Certificate:
        return self.chain[0]

    @cached_property
    def sent(self) -> tuple[Certificate, ...]:
        """What the other end gets to see: a leaf that lies alone is sent with what the CA file has above it."""
        return self.chain if len(self.chain) > 1 else chain_sent(self.leaf, self.trusted)

    @cached_property
    def accepts_under(self) -> tuple[Certificate, ...]:
        """What the accepting side verifies its clients against.

        On the built-in pair that is the built-in certificate alone; the CA file then serves
        only what this member dials.
        """
        return (self.leaf,) if self.on_builtin else self.trusted

    @cached_property
    def on_builtin(self) -> bool:
        return is_builtin(self.leaf) if self.builtin is None else self.builtin


@lru_cache(maxsize=1 << 16)
def dial_refusal(
    dialer: Loaded, acceptor: Loaded, *, at: datetime | None, rules: ServerRules = SERVER
) -> str | None:
    """Why a connection made by `dialer` to `acceptor` does not come up, in OpenSSL's words; None if it does.

    Args:
        at: By which clock; None leaves dates aside.
    """
    tls13 = dialer.capability.tls13 and acceptor.capability.tls13
    if fault := exchange_refusal(dialer.leaf, acceptor.leaf, tls13=tls13, rules=rules):
        return fault
    accepted = _accepted(dialer, acceptor, at=at, rules=rules)
    if accepted.code:
        return f"refuses the client: {accepted.reason}"
    crl = dialer.crl if rules.dialer_checks_list else None
    server = Peer(acceptor.sent, "server")
    seen = judge_peer(server, trusted=dialer.trusted, at=at, crl=crl, rules=rules)
    if seen.code == 0 or (seen.code == SELF_SIGNED_LEAF and rules.dialer_forgives_self_signed):
        return None
    return f"is refused as a server: {seen.reason}"


def _accepted(dialer: Loaded, acceptor: Loaded, *, at: datetime | None, rules: ServerRules) -> PeerVerdict:
    """What the accepting side thinks of its client."""
    alone = acceptor.on_builtin and rules.builtin_accepts_itself_only
    crl = acceptor.crl if rules.acceptor_checks_list and not alone else None
    trusted = acceptor.accepts_under if rules.builtin_accepts_itself_only else acceptor.trusted
    return judge_peer(Peer(dialer.sent, "client"), trusted=trusted, at=at, crl=crl, rules=rules)


def can_dial(dialer: Loaded, acceptor: Loaded, *, at: datetime) -> bool:
    """Whether a connection made by `dialer` to `acceptor` comes up."""
    return dial_refusal(dialer, acceptor, at=at) is None


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
