"""The verdict beside the judge, variant by variant: where they say the same, and where not."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from tasks.core.certificates import parse_pem_chain
from tasks.core.key_exchange import Capability
from tasks.core.outcomes import Outcome
from tasks.core.server_rules import SERVER, ServerRules
from tasks.core.server_start import Dead, FellBack, Found, Start, start_with
from tasks.core.verdict import between, verdicts
from tests.verdict.corpus import corpus
from tests.verdict.ground import Files, Variant
from tests.verdict.judging import PROTOCOLS, Judged, judge
from tests.verdict.making import SELF, Issued, issue


@dataclass(frozen=True, slots=True)
class Case:
    """A variant and what the judge said of it."""

    variant: Variant
    judged: Judged


@dataclass(frozen=True, slots=True)
class Ground:
    """Everything judged, once.

    Args:
        place: The files of the cases, in their order: a folder named by its number from 0 for each.
    """

    cases: dict[str, Case]
    builtin: Issued
    took_s: float
    place: Path


@cache
def judged_corpus() -> Ground:
    """All variants before the judge; the built-in pair of these servers is new, too. Kept with this process."""
    builtin = issue("cluster", SELF, unit="Amlen")
    began = datetime.now(UTC)
    place = Path(tempfile.mkdtemp(prefix="corpus-"))
    atexit.register(shutil.rmtree, place)
    cases = {
        variant.id: Case(variant, judge(variant, builtin, place / str(number)))
        for number, variant in enumerate(corpus(builtin))
    }
    return Ground(cases, builtin, (datetime.now(UTC) - began).total_seconds(), place)


@cache
def _now() -> datetime:
    """The same for every look at the corpus, after the last certificate of it was made."""
    judged_corpus()
    return datetime.now(UTC)


def disagreements(case: Case, builtin: Issued, *, rules: ServerRules = SERVER) -> tuple[str, ...]:
    """Where the verdict differs from what came out; empty where they agree on everything."""
    pair = parse_pem_chain(builtin.pem)
    starts = [
        start_with(_found(each), builtin=pair, rules=rules) for each in (case.variant.a, case.variant.b)
    ]
    return (
        *_of_starts(case.judged, starts),
        *_of_dials(case.judged, dict(_dials(starts, rules))),
        *_of_outcomes(case.judged, starts, rules),
    )


def _found(each: Files) -> Found:
    return Found(key=each.key, cert=each.cert, ca=each.ca, crl=each.crl)


def _of_starts(judged: Judged, starts: list[Start]) -> Iterator[str]:
    for name, seen, start in zip("AB", judged.starts, starts, strict=True):
        if seen.partition(":")[0] != _word(start):
            yield f"start of {name}: {seen}; the verdict says {_word(start)}"


def _word(start: Start) -> str:
    if isinstance(start, Dead):
        return "dead"
    return "built-in" if isinstance(start, FellBack) else "own"


def _dials(starts: list[Start], rules: ServerRules) -> Iterator[tuple[tuple[str, str], str | None]]:
    for protocol in PROTOCOLS:
        a, b = (_capable(start, tls13=protocol == "TLS 1.3") for start in starts)
        there, back = between(a, b, at=_now(), rules=rules)
        yield ("A->B", protocol), there
        yield ("B->A", protocol), back


def _capable(start: Start, *, tls13: bool) -> Start:
    if isinstance(start, Dead):
        return start
    return replace(start, loaded=replace(start.loaded, capability=Capability(tls13)))


def _of_dials(judged: Judged, computed: dict[tuple[str, str], str | None]) -> Iterator[str]:
    for dial, (up, why) in judged.dials.items():
        if (computed[dial] is None) is not up:
            seen = "comes up" if up else f"does not come up ({why})"
            yield f"{' by '.join(dial)} {seen}; the verdict says {computed[dial] or 'it comes up'}"


def _of_outcomes(judged: Judged, starts: list[Start], rules: ServerRules) -> Iterator[str]:
    """The outcome for A, by TLS 1.3, against what follows from what was seen."""
    said = verdicts({"A": starts[0], "B": starts[1]}, at=_now(), rules=rules)["A"].outcome
    if said is not (seen := outcome_seen(judged)):
        yield f"outcome of A: {seen}; the verdict says {said}"


def outcome_seen(judged: Judged) -> Outcome:
    """Of A beside B."""
    if judged.starts[0].startswith("dead"):
        return Outcome.DEAD
    ups = [judged.dials[direction, "TLS 1.3"][0] for direction in ("A->B", "B->A")]
    return {2: Outcome.CONNECTS, 1: Outcome.ONE_WAY, 0: Outcome.NEVER}[sum(ups)]
