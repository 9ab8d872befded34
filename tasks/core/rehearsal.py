"""The rehearsal before the night: real handshakes between the new sets, held against the rules of trust."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import permutations
from typing import Literal

from tasks.core.credential_set import CredentialSet
from tasks.core.dataclass import dataclass
from tasks.core.findings import Finding, Severity
from tasks.core.key_exchange import Capability
from tasks.core.observed import capabilities
from tasks.core.snapshot import Snapshot
from tasks.core.trust import Loaded, can_dial

TLS12, TLS13 = "TLSv1.2", "TLSv1.3"
Side = Literal["dialing", "accepting"]
Direction = tuple[str, str]  # who dials, who accepts
NAMED = 4  # so many are named; of more, how many there are


@dataclass(frozen=True, slots=True)
class Refusal:
    """Which side of a handshake ended it, and why in OpenSSL's words."""

    by: Side
    reason: str


@dataclass(frozen=True, slots=True)
class Pairing:
    """One handshake to make, and the members for which it stands: those of the same two sets."""

    dialer: CredentialSet
    acceptor: CredentialSet
    protocol: str
    directions: tuple[Direction, ...]


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A handshake that was made; `refusal` is None where it came up."""

    pairing: Pairing
    refusal: Refusal | None


def pairings(sets: Mapping[str, CredentialSet], *, tls12_only: frozenset[str]) -> tuple[Pairing, ...]:
    """Every handshake that members with these sets can come to make, each only once.

    Args:
        sets: The new set of each member, by name; a set may belong to several.
        tls12_only: Members whose server speaks no TLS 1.3; it is then so for both sides.
    """
    numbers = {one: number for number, one in enumerate(dict.fromkeys(sets.values()))}
    numbered = {member: numbers[one] for member, one in sets.items()}
    found: dict[tuple[int, int, str], list[Direction]] = {}
    for dialer, acceptor in permutations(sets, 2):
        protocol = TLS12 if {dialer, acceptor} & tls12_only else TLS13
        key = (numbered[dialer], numbered[acceptor], protocol)
        found.setdefault(key, []).append((dialer, acceptor))
    distinct = tuple(numbers)
    return tuple(
        Pairing(distinct[one], distinct[other], protocol, tuple(directions))
        for (one, other, protocol), directions in found.items()
    )


def tls12_only(snapshot: Snapshot) -> frozenset[str]:
    """The members whose control port came to TLS 1.2 with a visitor that speaks 1.3, too."""
    return frozenset(name for name, capability in capabilities(snapshot).items() if not capability.tls13)


def rehearsal_findings(rehearsed: Iterable[Rehearsed], *, at: datetime) -> tuple[Finding, ...]:
    """What failed, and where handshake and rules say different things; nothing if all is well."""
    rehearsed = tuple(rehearsed)
    return (*_failed(rehearsed), *_disagreements(rehearsed, at=at))


def rehearsal_line(rehearsed: tuple[Rehearsed, ...]) -> str:
    """What was tried and how it went, in one line; "" where no two members have sets."""
    if not rehearsed:
        return ""
    pairs = [one.pairing for one in rehearsed]
    sets = len({one.dialer for one in pairs} | {one.acceptor for one in pairs})
    failed = sum(one.refusal is not None for one in rehearsed)
    return (
        f"rehearsed: {_counted(len(rehearsed), 'handshake')} between {_counted(sets, 'new set')}, "
        f"{f'{failed} failed' if failed else 'all well'}"
    )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _failed(rehearsed: tuple[Rehearsed, ...]) -> Iterator[Finding]:
    alike: dict[tuple[Refusal, str], list[Direction]] = {}
    for one in rehearsed:
        if one.refusal is not None:
            alike.setdefault((one.refusal, one.pairing.protocol), []).extend(one.pairing.directions)
    for (refusal, protocol), directions in alike.items():
        yield Finding(
            "rehearsal-failed",
            Severity.ERROR,
            "",
            f"a real handshake between the new sets fails by {protocol}, {named(directions)} (who dials -> who "
            f"accepts): the {refusal.by} side refuses: {refusal.reason}",
            "mend the set, or make new ones (fab credentials.create), then: fab check",
        )


def _disagreements(rehearsed: tuple[Rehearsed, ...], *, at: datetime) -> Iterator[Finding]:
    alike: dict[str, list[Direction]] = {}
    for one in rehearsed:
        pairing, refusal = one.pairing, one.refusal
        dialer, acceptor = (_loads(each, pairing.protocol) for each in (pairing.dialer, pairing.acceptor))
        ruled = can_dial(dialer, acceptor, at=at)
        if ruled is (refusal is None):
            continue
        seen = f"fails ({refusal.by} side: {refusal.reason})" if refusal else "comes up"
        text = f"by the rules it {'comes up' if ruled else 'does not come up'}, a real handshake {seen}"
        alike.setdefault(text, []).extend(pairing.directions)
    for text, directions in alike.items():
        yield Finding(
            "rehearsal-disagrees",
            Severity.ERROR,
            "",
            f"{named(directions)}: {text}; the counts of a plan follow the rules",
            "this is a fault of the tool: report it with the certificates (never a key); believe the handshake",
        )


def _loads(one: CredentialSet, protocol: str) -> Loaded:
    return replace(one.loaded, capability=Capability(tls13=protocol == TLS13))


def named(directions: Iterable[Direction]) -> str:
    """ "gw-a -> gw-b, gw-b -> gw-a", the first few."""
    all_of_them = [f"{dialer} -> {acceptor}" for dialer, acceptor in directions]
    left = len(all_of_them) - NAMED
    return ", ".join(all_of_them[:NAMED]) + (f" and {left} more" if left > 0 else "")
