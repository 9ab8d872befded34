"""Whom the running processes let in today: each new set tried as a client, held against the rules of trust."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from tasks.core.credential_set import CredentialSet
from tasks.core.dataclass import dataclass
from tasks.core.findings import Finding, Severity
from tasks.core.model import Member
from tasks.core.snapshot import Snapshot, Unseen, Wire
from tasks.core.trust import Loaded, can_dial

MOST = 128  # tries of one check; beyond that, one set for each node
NAMED = 4  # so many are named; of more, how many there are


@dataclass(frozen=True, slots=True)
class LetIn:
    """The process kept the connection."""


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """The process answered the client's certificate with an alert."""

    reason: str


@dataclass(frozen=True, slots=True)
class Try:
    """One set to present to the running process of one member."""

    wanted: CredentialSet
    member: str
    node: str


@dataclass(frozen=True, slots=True)
class Observed:
    """What came of one try.

    Args:
        label: The set's.
        distrust: Why a server with the set would hang up itself, for what the node serves; None if it would not.
    """

    label: str
    member: str
    node: str
    answer: LetIn | TurnedAway | Unseen
    distrust: str | None = None

    @property
    def comes_up(self) -> bool | None:
        """Whether a member with the set can dial that process; None if it was not seen."""
        match self.answer:
            case LetIn():
                return self.distrust is None
            case TurnedAway():
                return False
            case Unseen():
                return None


def tries(snapshot: Snapshot, sets: Mapping[str, CredentialSet]) -> tuple[Try, ...]:
    """Every distinct set with every running member that can meet it; a member never dials itself.

    A standby listens on nothing. Of more than `MOST`, one for each member, so that every set has its turn.
    """
    by_member = [tuple(_tries_with(snapshot, member, sets)) for member in snapshot.cluster.members]
    if sum(map(len, by_member)) <= MOST:
        return tuple(one for found in by_member for one in found)
    return tuple(found[number % len(found)] for number, found in enumerate(by_member) if found)


def _tries_with(snapshot: Snapshot, member: Member, sets: Mapping[str, CredentialSet]) -> Iterator[Try]:
    seen = snapshot.active(member)
    if isinstance(seen.wire, Wire):
        for one in dict.fromkeys(one for name, one in sets.items() if name != member.name):
            yield Try(one, member.name, seen.node.name)


def as_computed(
    observed: Iterable[Observed],
    *,
    sets: Mapping[str, CredentialSet],
    loaded: Mapping[str, Loaded],
    at: datetime,
) -> Mapping[Observed, bool]:
    """Of what was seen, whether it is what the certificates that each process has loaded say."""
    by_label = {one.label: one for one in sets.values()}
    found = {}
    for one in observed:
        wanted, running = by_label.get(one.label), loaded.get(one.member)
        if one.comes_up is not None and wanted is not None and running is not None:
            new = wanted.loaded
            found[one] = can_dial(new, running, at=at) is one.comes_up
    return found


def observed_findings(
    observed: Iterable[Observed], agreement: Mapping[Observed, bool]
) -> tuple[Finding, ...]:
    """What could not be observed, and what is otherwise than computed, once per node; none of it an error."""
    alike: dict[tuple[str, LetIn | TurnedAway | Unseen, str | None], list[Observed]] = {}
    for one in observed:
        if isinstance(one.answer, Unseen) or not agreement.get(one, True):
            alike.setdefault((one.node, one.answer, one.distrust), []).append(one)
    return tuple(_finding(those) for those in alike.values())


def _finding(those: Sequence[Observed]) -> Finding:
    one = those[0]
    if isinstance(one.answer, Unseen):
        text = f"whether it lets clients with the new set in was not observed: {one.answer.problem}"
        return Finding("not-observed", Severity.INFO, one.node, text, one.answer.remedy)
    return Finding(
        "observed-otherwise",
        Severity.WARNING,
        one.node,
        f"a client with the new set {listed(o.label for o in those)} {_answer(one)}; by what it serves and the "
        f"CA file on its disk the connection {'does not come' if one.comes_up else 'comes'} up",
        "its process has loaded something else (a CA file changed since, Cluster_capath, a CRL): "
        "fab credentials.matrix; find out before the night, the counts of the plan follow the files",
    )


def observed_lines(observed: Iterable[Observed], agreement: Mapping[Observed, bool]) -> tuple[str, ...]:
    """What the running processes did with the new sets, those that did the same in one line."""
    alike: dict[str, list[Observed]] = {}
    for one in observed:
        if not isinstance(one.answer, Unseen):
            alike.setdefault(_answer(one) + _agreement(agreement.get(one)), []).append(one)
    return tuple(_lines(alike))


def _lines(alike: Mapping[str, list[Observed]]) -> Iterator[str]:
    for text, those in alike.items():
        labels, nodes = listed(one.label for one in those), listed(one.node for one in those)
        each = ", one set on each" if _is_sample(those) else ""
        yield f"tried on the running {nodes}{each}: a client with new set {labels} {text}"


def _is_sample(those: Sequence[Observed]) -> bool:
    """Whether not every other set was shown to every node: there were more than `MOST`."""
    labels = {one.label for one in those}
    return len(labels) > 2 and len(those) == len({one.node for one in those})


def _answer(one: Observed) -> str:
    match one.answer:
        case LetIn():
            return "is let in" + (f", but hangs up itself ({one.distrust})" if one.distrust else "")
        case TurnedAway(reason):
            return f"is turned away ({reason})"
        case Unseen(problem):
            return f"was not seen ({problem})"


def _agreement(agrees: bool | None) -> str:
    return "" if agrees is None else ", as computed" if agrees else ", NOT as computed"


def listed(names: Iterable[str]) -> str:
    """ "gw-a, gw-b", each once, the first few."""
    distinct = list(dict.fromkeys(names))
    left = len(distinct) - NAMED
    return ", ".join(distinct[:NAMED]) + (f" and {left} more" if left > 0 else "")
