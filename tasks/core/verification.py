"""Whether a run's record is what was written: its journal line by line, its plans, its samples.

What it shows: a line that was changed, removed, inserted or moved, by whoever did not seal all that follow anew; a
plan or samples that are not those that the journal names. What it cannot show by itself: that somebody did seal all
of it anew, and that lines are missing at the end of a run that is open. A chain value that was noted elsewhere shows
both, as far as it reaches.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field

from tasks.core.dataclass import dataclass
from tasks.core.journal import Entry, read_line
from tasks.core.journal_chain import ENDS, parted, seal
from tasks.core.plan import Frozen

NO_PLAN = ""  # the fingerprint of a plan file that is missing, or not whole
PLAN_FACT, SAMPLES_FACT = "plan", "samples"
_NAMED_PLAN = re.compile(r"plan ([0-9a-f]{12})\b")
SHORTEST_MARK = 12  # digits of a chain value that name it


@dataclass(frozen=True, slots=True)
class Kept:
    """What lies in a run's directory.

    Args:
        journal: Its bytes.
        plans: By file name, the fingerprint of what is in it.
        samples: Those of the run, as they are.
        set_aside: Lines that were found damaged, and put into a file of their own.
        later: Whether another run of the cluster has begun after it, which an open one does not let.
        mark: The beginning of a chain value that was noted elsewhere; "" for none.
    """

    journal: bytes
    plans: Mapping[str, str] = field(default_factory=dict)
    samples: bytes = b""
    set_aside: int = 0
    later: bool = False
    mark: str = ""


class Alteration(Frozen):
    """One place where the record is not what was written; `line` counts from 1, None where it is a file."""

    line: int | None
    problem: str


class Verification(Frozen):
    """What the record of a run proves."""

    state: str  # ok | altered | not chained
    lines: int  # of the journal, whole or not
    chained: int
    closed: bool  # it tells of the run's end, so that none can be missing there unnoticed
    chain: str  # the newest value; "" where no line is chained
    torn: bool  # the last line was cut short while it was written: it did not happen
    set_aside: int
    marked: bool  # the value that was noted elsewhere is in it
    alterations: tuple[Alteration, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    content: bytes
    chain: bytes  # b"": not chained
    entry: Entry | None  # None: not whole


def verified(kept: Kept) -> Verification:
    """Hold everything against the rules of `journal_chain`, and against each other."""
    *whole, rest = kept.journal.split(b"\n")
    lines = [_line(number, text) for number, text in enumerate(whole, 1)]
    entries = [line.entry for line in lines if line.entry]
    closed = any(entry.event in ENDS for entry in entries)
    chained = [line for line in lines if line.chain]
    marked = bool(kept.mark) and any(line.chain.decode().startswith(kept.mark) for line in chained)
    found = (
        *_broken_lines(lines),
        *_off_plans(entries, kept.plans),
        *_off_samples(entries, kept.samples),
        *_off_end(kept, closed=closed, marked=marked, lines=len(lines)),
    )
    return Verification(
        state="altered" if found else "ok" if chained else "not chained",
        lines=len(lines) + bool(rest),
        chained=len(chained),
        closed=closed,
        chain=chained[-1].chain.decode() if chained else "",
        torn=bool(rest),
        set_aside=kept.set_aside,
        marked=marked,
        alterations=found,
    )


def _line(number: int, text: bytes) -> _Line:
    content, chain = parted(text)
    return _Line(number, content, chain, read_line(text.decode("utf-8", "surrogateescape")))


def _broken_lines(lines: Sequence[_Line]) -> Iterator[Alteration]:
    """Every line that does not follow from the one before it, or is none."""
    before = b""
    raw = hashlib.sha256()  # over what is not chained, up to the first line that is
    for line in lines:
        after = before or raw.hexdigest().encode()
        if line.entry is None:
            yield Alteration(line=line.number, problem="it is damaged: no entry of a journal")
        elif before and not line.chain:
            yield Alteration(
                line=line.number, problem="it is not chained, those before it are: it was put there"
            )
        elif line.chain and seal(line.content, after=after) != line.chain:
            yield Alteration(line=line.number, problem=_why(line, lines))
        raw.update(line.content + b"\n")
        before = line.chain or before


def _why(line: _Line, lines: Sequence[_Line]) -> str:
    """A line that is whole in itself follows another one than that before it; else it is not what it was."""
    for other in lines:
        if other.chain and seal(line.content, after=other.chain) == line.chain:
            return (
                f"it was written right after line {other.number}: lines were moved, removed or put in between"
            )
    return "it is not what was written, or lines before it were removed or changed"


def _off_plans(entries: Sequence[Entry], plans: Mapping[str, str]) -> Iterator[Alteration]:
    """plan.json is the one that the run was opened with, or rebuilt with later; each other one has its own file."""
    first = [
        named for entry in entries if entry.event in ("opened", "rebuilt") and (named := _plan_of(entry))
    ]
    later = [_plan_of(entry) for entry in entries if entry.event == "replanned"]
    wanted = {"plan.json": first[-1]} if first else {}
    wanted |= {f"plan-{fingerprint}.json": fingerprint for fingerprint in later}
    for name, fingerprint in wanted.items():
        seen = plans.get(name, NO_PLAN)
        if seen != fingerprint:
            what = f"holds plan {seen}" if seen else "is missing or damaged"
            yield Alteration(line=None, problem=f"{name} {what}; the journal names {fingerprint}")


def _plan_of(entry: Entry) -> str:
    found = _NAMED_PLAN.search(entry.seen)
    return entry.facts.get(PLAN_FACT, found[1] if found else "")


def _off_samples(entries: Sequence[Entry], samples: bytes) -> Iterator[Alteration]:
    """Once the run was complete nothing was sampled any more, and the journal says what had been."""
    sealed = [entry.facts[SAMPLES_FACT] for entry in entries if SAMPLES_FACT in entry.facts]
    if sealed and hashlib.sha256(samples).hexdigest() != sealed[-1]:
        yield Alteration(line=None, problem="availability.jsonl is not what it was when the run was complete")


def _off_end(kept: Kept, *, closed: bool, marked: bool, lines: int) -> Iterator[Alteration]:
    if not kept.journal:
        yield Alteration(line=None, problem="the journal is missing or empty")
    elif kept.later and not closed:
        text = "the end is missing: a later run has begun, which an open one does not let"
        yield Alteration(line=lines + 1, problem=text)
    if kept.mark and not marked:
        text = (
            f"no line has the chain {kept.mark}: it is another run's, or what it sealed is not here as it was"
        )
        yield Alteration(line=None, problem=text)


def seal_line(run: str, chain: str) -> str:
    """What an operator notes in a ticket, once a run is complete."""
    return f"its record is sealed, note it in the ticket: {seal_command(run, chain)}"


def seal_command(run: str, chain: str) -> str:
    """What proves later that nothing of it was altered since."""
    return f"fab runs.verify {run} --chain {chain[:SHORTEST_MARK]}"


def verification_lines(run: str, found: Verification) -> Iterator[str]:
    """In words, a line each."""
    yield f"run {run}: {_state_text(found)}"
    for one in found.alterations:
        yield f"  line {one.line}: {one.problem}" if one.line else f"  {one.problem}"
    older = found.lines - found.chained - found.torn
    if found.chained and older > 0 and found.state == "ok":
        yield f"  not chained: the first {older}, written by an older version; sealed since line {older + 1}"
    if found.torn:
        yield "  the last line was cut short while it was written: what it would have said did not happen"
    if found.set_aside:
        yield f"  set aside as damaged: {found.set_aside} lines (journal.damaged); the run went on without them"
    if not found.closed:
        yield "  the run is open: whether lines are missing at its end is not to be seen"
    if found.chain:
        yield f"  chain: {found.chain}"


def _state_text(found: Verification) -> str:
    lines = f"{found.lines} line{'s' * (found.lines != 1)}"
    match found.state:
        case "ok":
            marked = "; the value noted elsewhere is in it" if found.marked else ""
            return f"not altered ({lines}, the plans as the journal names them){marked}"
        case "not chained":
            return f"cannot be told ({lines}, written by a version that did not chain them)"
        case _:
            return "ALTERED"
