"""What the server will do with credential files: four outcomes, and why.

One pure function from what a start of each member would find, what its OpenSSL can do, and the time. It is
held against real handshakes of the servers' own OpenSSL over a corpus of files (tests/verdict).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from tasks.core.dataclass import dataclass
from tasks.core.outcomes import Outcome
from tasks.core.server_rules import SERVER, ServerRules
from tasks.core.server_start import Dead, FellBack, Start, Started
from tasks.core.trust import dial_refusal

_WORST_FIRST = (Outcome.DEAD, Outcome.NEVER, Outcome.ONE_WAY, Outcome.CONNECTS)


@dataclass(frozen=True, slots=True)
class Verdict:
    """On one member.

    Args:
        reasons: In the operator's words, each with the member it is about; empty where it connects.
    """

    outcome: Outcome
    reasons: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.outcome}: {'; '.join(self.reasons)}" if self.reasons else str(self.outcome)


def verdicts(
    starts: Mapping[str, Start], *, at: datetime | None, rules: ServerRules = SERVER
) -> Mapping[str, Verdict]:
    """On every member of a cluster, by name.

    Args:
        starts: What the next start of each comes to. One member alone is judged beside a second of its kind.
        at: Now; None leaves dates aside.
    """
    return {name: _on(name, starts, at=at, rules=rules) for name in starts}


def verdict_of(start: Start, *, at: datetime | None, rules: ServerRules = SERVER) -> Verdict:
    """On a member among others with the very same files."""
    return verdicts({"": start}, at=at, rules=rules)[""]


def between(
    one: Start, other: Start, *, at: datetime | None, rules: ServerRules = SERVER
) -> tuple[str | None, str | None]:
    """Why the dial of the first does not come up, and that of the second; None for one that does."""
    if isinstance(one, Dead) or isinstance(other, Dead):
        return "one of the two listens on nothing", "one of the two listens on nothing"
    return (
        dial_refusal(one.loaded, other.loaded, at=at, rules=rules),
        dial_refusal(other.loaded, one.loaded, at=at, rules=rules),
    )


def _on(name: str, starts: Mapping[str, Start], *, at: datetime | None, rules: ServerRules) -> Verdict:
    start = starts[name]
    if isinstance(start, Dead):
        return Verdict(Outcome.DEAD, (f"{start.reason} (T1)",))
    if isinstance(start, FellBack) and not start.loaded.chain:
        return Verdict(Outcome.NEVER, (_why(start, ""),))
    peers = {other: peer for other, peer in starts.items() if other != name} or {"": start}
    found = [_beside(start, other, peer, at=at, rules=rules) for other, peer in peers.items()]
    worst = next(outcome for outcome in _WORST_FIRST if any(v.outcome is outcome for v in found))
    reasons = tuple(
        dict.fromkeys(r for verdict in found if verdict.outcome is worst for r in verdict.reasons)
    )
    return Verdict(worst, reasons)


def _beside(
    start: Started | FellBack, other: str, peer: Start, *, at: datetime | None, rules: ServerRules
) -> Verdict:
    with_whom = f"with {other}: " if other else ""
    if isinstance(peer, Dead):
        return Verdict(Outcome.NEVER, (f"{with_whom}that server has a dead admin API",))
    dialing, dialed = between(start, peer, at=at, rules=rules)
    if dialing is None and dialed is None:
        return Verdict(Outcome.CONNECTS)
    if dialing is not None and dialed is not None:
        return Verdict(Outcome.NEVER, (f"{with_whom}{_why(start, dialing)}",))
    text = f"{with_whom}only when it is dialed" if dialed is None else f"{with_whom}only when it dials"
    return Verdict(Outcome.ONE_WAY, (f"{text}, for {dialing or dialed} (T4)",))


def _why(start: Started | FellBack, refusal: str) -> str:
    if isinstance(start, FellBack):
        return f"{start.reason}, so that it runs on its built-in pair (T2)"
    if not start.loaded.trusted:
        return "it has no CA file, so that it trusts nobody (T3)"
    return refusal
