"""Whether members stay together on a way: every pair of them, in every state that a round can be in.

While a round is under way each member runs with what it had before or with what it gets, whichever
restarts came to pass, asked for or not; the tool may be killed and the files swapped in any order.
Two members meet in four combinations of that, and every one of them is tried: what holds for all
pairs holds for every reachable state of the cluster.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import combinations, pairwise, product

from tasks.core.dataclass import dataclass
from tasks.core.file_names import CERT_FILE, KEY_FILE
from tasks.core.rounds import Running, State, Way
from tasks.core.trust import Links, Loaded, can_connect, dial_refusal


@dataclass(frozen=True, slots=True)
class Split:
    """Two members that would be apart on the way.

    Args:
        round: Counted from 1; 0: they are apart before the first.
        why: In OpenSSL's words; "" where nothing explains it.
    """

    round: int
    one: str
    other: str
    why: str

    def __str__(self) -> str:
        when = f"in round {self.round} " if self.round else ""
        would = "would be" if self.round else "are"
        return f"{self.one} and {self.other} {would} apart {when}".rstrip() + (
            f": {self.why}" if self.why else ""
        )


NOTHING: Mapping[str, Loaded] = {}


def first_split(
    way: Way, *, links: Links, at: datetime, would: Mapping[str, Loaded] = NOTHING
) -> Split | None:
    """The first two members that the way takes apart; None if it takes nobody apart.

    Args:
        way: With all its rounds.
        links: Who is connected with whom now; between members that no round has touched this decides.
        at: By which clock dates are judged.
        would: By member, what an unplanned start would load until other files are swapped in.
    """
    return next(_splits(way, links=links, at=at, would=would), None)


def _splits(way: Way, *, links: Links, at: datetime, would: Mapping[str, Loaded]) -> Iterator[Split]:
    for one, other in combinations(way.before, 2):
        if frozenset((one, other)) not in links:
            yield Split(0, one, other, "")
    states = (way.before, *(one.after for one in way.rounds))
    for number, (was, due) in enumerate(pairwise(states), 1):
        lying = {n: loaded for n, loaded in would.items() if _pair_of(was[n]) == _pair_of(way.before[n])}
        for one, other in combinations(was, 2):
            for mine, theirs in meetings(was, due, one=one, other=other, lying=lying):
                untouched = mine is way.before[one] and theirs is way.before[other]
                if not untouched and not can_connect(mine.loaded, theirs.loaded, at=at):
                    yield Split(number, one, other, _why(one, mine, other, theirs, at=at))


def _pair_of(running: Running) -> tuple[str | None, ...]:
    """Key and certificate on the disk."""
    return tuple(running.files.get(name) for name in (KEY_FILE, CERT_FILE))


def meetings(
    was: State, due: State, *, one: str, other: str, lying: Mapping[str, Loaded] = NOTHING
) -> Iterator[tuple[Running, Running]]:
    """Everything that the two may run with while a round goes from one state to the next."""
    found = [
        (*_either(was[name], due[name]), *(Running(lying[each], {}) for each in lying if each == name))
        for name in (one, other)
    ]
    return product(found[0], found[1])


def _either(was: Running, due: Running) -> tuple[Running, ...]:
    return (was, due) if was != due else (was,)


def _why(one: str, mine: Running, other: str, theirs: Running, *, at: datetime) -> str:
    there = dial_refusal(mine.loaded, theirs.loaded, at=at)
    back = dial_refusal(theirs.loaded, mine.loaded, at=at)
    return f"{one} dials {other}: {there}; {other} dials {one}: {back}"


def both_ways(way: Way, *, at: datetime) -> bool:
    """Whether each two members could dial each other both ways wherever one has moved on and the other has not."""
    states = (way.before, *(one.after for one in way.rounds))
    return all(
        dial_refusal(mine.loaded, theirs.loaded, at=at) is None
        and dial_refusal(theirs.loaded, mine.loaded, at=at) is None
        for was, due in pairwise(states)
        for one, other in combinations(was, 2)
        for mine, theirs in ((was[one], due[other]), (due[one], was[other]))
    )
