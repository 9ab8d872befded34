"""docs/troubleshooting.md as text: what an operator reads, why that is, and the command that comes next."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from fnmatch import fnmatch
from functools import cache
from itertools import combinations
from pathlib import Path

from tests.symptoms.collect import Symptom
from tests.symptoms.texts import UNKNOWN, plain

CATALOGUE = Path(__file__).with_name("catalogue.toml")
MOST_IN_A_CELL = 5
ALIKE = 0.5
OWN_WORDS = "*(the words of the failed operation: look for those)*"
AS_IT_SAYS = "*(the message names it)*"

_HEAD = """\
# Troubleshooting by symptom

Look for the words that you see (Ctrl-F); `…` stands for what differs: names, numbers, paths. Behind each message stands
what comes next, mostly a command; `fab migrate-cluster` and `fab plan` in it are named as the task that you run.
This page is made from the source (`make docs`): every finding and every error is on it.

- A **finding** has a name. `fab check`, `fab plan` and `fab status` show all of them at once; an *error* stops a task
  before it begins (`--ignore NAME` lets it pass, and shows it still), a *warning* and an *info* do not.
- An **error** ends a task with an exit code: [exit-codes.md](exit-codes.md). `[gw-b]` before it is the node, and the
  line after it, `-> …`, the next command.
- A run that stopped touched nothing after the failed step: [runbook.md](runbook.md#if-it-stops) for the night,
  [resume-and-rollback.md](resume-and-rollback.md) for the way forward and back, [recover.md](recover.md) for a server
  that does not come back, [wire-faults.md](wire-faults.md) for each fault between here and a node. T1 to T12 are
  explained in the [glossary](glossary.md#t1-to-t12).
"""


@dataclass(frozen=True, slots=True)
class Part:
    title: str
    modules: tuple[str, ...]
    intro: str = ""
    findings: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What the source does not say: the parts of the page, and why a finding or an error comes about."""

    parts: tuple[Part, ...]
    findings: Mapping[str, str]
    errors: Mapping[str, str]

    def part_of(self, symptom: Symptom) -> Part:
        named = (part for part in self.parts if symptom.kind == "finding" and symptom.name in part.findings)
        fitting = (part for part in self.parts if any(fnmatch(symptom.module, m) for m in part.modules))
        return next(named, None) or next(fitting)


def catalogue() -> Catalogue:
    read = tomllib.loads(CATALOGUE.read_text())
    parts = (
        Part(
            each["title"],
            tuple(each["modules"]),
            each.get("intro", ""),
            frozenset(each.get("findings", ())),
        )
        for each in read["part"]
    )
    return Catalogue(tuple(parts), read["finding"], read["error"])


def page(symptoms: Sequence[Symptom], words: Catalogue, codes: Mapping[str, int]) -> str:
    """The whole page; the same source always makes the same text."""
    of: dict[str, list[Symptom]] = {part.title: [] for part in words.parts}
    for symptom in symptoms:
        of[words.part_of(symptom).title].append(symptom)
    parts = [(part, of[part.title]) for part in words.parts]
    listed = "\n".join(f"- [{part.title}](#{_anchor(part.title)})" for part, found in parts if found)
    bodies = (_part(part, found, words) for part, found in parts if found)
    return "\n".join((_HEAD, listed, "", _classes(words, codes), *bodies))


def _classes(words: Catalogue, codes: Mapping[str, int]) -> str:
    rows = sorted(codes.items(), key=lambda each: (each[1], each[0]))
    return _table(
        "## Classes of errors\nEach message below names the class that it is of.\n",
        ("class", "exit code", "why"),
        [(f"`{name}`", str(code), words.errors.get(name, "")) for name, code in rows],
    )


def _part(part: Part, found: Sequence[Symptom], words: Catalogue) -> str:
    of = {kind: [s for s in found if s.kind == kind] for kind in ("finding", "row", "gate", "stop", "error")}
    tables = (
        _table("", ("finding", "what it says", "why", "what to do"), _findings(of["finding"], words)),
        _table("", ("check", "what it says", "what to do"), _rows(of["row"])),
        _waits(of["gate"]),
        _table("What stops the line at once:\n", ("what it says", "what to do"), _stops(of["stop"])),
        _table("", ("what it says", "error", "what to do"), _errors(of["error"])),
    )
    intro = f"{part.intro}\n" if part.intro else ""
    return "\n".join((f"## {part.title}", intro, *(table for table in tables if table))).replace(
        "\n\n\n", "\n\n"
    )


def _findings(found: Sequence[Symptom], words: Catalogue) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for name in sorted({s.name for s in found}):
        mine = [s for s in found if s.name == name]
        weights = " or ".join(sorted({s.weight for s in mine}))
        said = condensed((s.message for s in mine), most=MOST_IN_A_CELL)
        does = condensed((s.remedy for s in mine), most=MOST_IN_A_CELL)
        cause = words.findings.get(name, "")
        rows.append((f"`{name}`<br>{weights}", _cell(said, OWN_WORDS), cause, _cell(does, AS_IT_SAYS)))
    return rows


def _rows(found: Sequence[Symptom]) -> list[tuple[str, ...]]:
    keys = sorted({(s.name, s.module, s.line) for s in found})
    rows: list[tuple[str, ...]] = []
    for key in keys:
        mine = [s for s in found if (s.name, s.module, s.line) == key]
        said = condensed((s.message for s in mine), most=2)
        does = condensed((s.remedy for s in mine), most=2)
        rows.append((key[0], _cell(said, OWN_WORDS), _cell(does, AS_IT_SAYS)))
    return list(dict.fromkeys(rows))


def _stops(found: Sequence[Symptom]) -> list[tuple[str, ...]]:
    return _by_message(found, lambda said, names, does: (said, does))


def _errors(found: Sequence[Symptom]) -> list[tuple[str, ...]]:
    return _by_message(found, lambda said, names, does: (said, names, does))


def _by_message(
    found: Sequence[Symptom], row: Callable[[str, str, str], tuple[str, ...]]
) -> list[tuple[str, ...]]:
    """One row per message; what one place says in many ways is put together."""
    rows: dict[str, tuple[set[str], list[str]]] = {}
    for place in sorted({(s.module, s.line) for s in found}):
        mine = [s for s in found if (s.module, s.line) == place]
        for said in condensed((s.message for s in mine), most=MOST_IN_A_CELL):
            exact = [s for s in mine if s.message == said] or mine
            names, does = rows.setdefault(said, (set(), []))
            names |= {s.name for s in exact}
            does += [s.remedy for s in exact]
    return [
        row(
            _text(said),
            ", ".join(f"`{n}`" for n in sorted(names)),
            _cell(condensed(does, most=3), AS_IT_SAYS),
        )
        for said, (names, does) in sorted(rows.items(), key=lambda each: _order(each[0]))
        if _says_something(said)
    ]


def _waits(found: Sequence[Symptom]) -> str:
    said = [m for m in sorted({s.message for s in found}, key=_order) if _says_something(m)]
    if not said:
        return ""
    head = (
        "What it waits through; when the limit passes it is exit code 5, then `fab status` and `--resume`:\n"
    )
    return "\n".join((head, *(f"- {_text(each)}" for each in said), ""))


def condensed(texts: Iterable[str], *, most: int) -> list[str]:
    """Each once, in their order; of more than `most` those that are alike are put together, with … between."""
    found = [text for text in dict.fromkeys(texts) if _says_something(text)]
    found = [text for text in found if not any(_is_shorter(text, other) for other in found)]
    while len(found) > most:
        ratios = {(a, b): _ratio(a, b) for a, b in combinations(found, 2)}
        one, other = max(ratios, key=lambda pair: ratios[pair])
        if ratios[one, other] < ALIKE:
            break
        merged = _common(one, other)
        found = list(dict.fromkeys(merged if text in (one, other) else text for text in found))
    return found


@cache
def _ratio(one: str, other: str) -> float:
    return SequenceMatcher(a=one.split(), b=other.split()).ratio()


def _is_shorter(text: str, other: str) -> bool:
    """The same words, only that nothing stands where the other has something."""
    if text == other:
        return False
    return text.split() == other.replace(UNKNOWN, "").split() or (text[-1:] == ":" and other.startswith(text))


def _common(one: str, other: str) -> str:
    a, b = one.split(), other.split()
    blocks = SequenceMatcher(a=a, b=b).get_matching_blocks()
    pieces: list[str] = []
    at_a = at_b = 0
    for block in blocks:
        if block.a > at_a or block.b > at_b:
            pieces.append(UNKNOWN)
        pieces += a[block.a : block.a + block.size]
        at_a, at_b = block.a + block.size, block.b + block.size
    return plain(" ".join(pieces))


def _says_something(text: str) -> bool:
    return re.search(r"[A-Za-z]{2}|e\.g\.", text) is not None


def _order(text: str) -> tuple[str, str]:
    return re.sub(r"^[^A-Za-z]+", "", text).lower(), text


def _anchor(title: str) -> str:
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")


def _cell(texts: Sequence[str], otherwise: str) -> str:
    return "<br>".join(map(_text, texts)) if texts else otherwise


def _text(text: str) -> str:
    """As Markdown shows it unchanged; what stands between ` is left."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        pieces = ["\\`".join(pieces)]
    for at in range(0, len(pieces), 2):
        pieces[at] = re.sub(r"([*_<\[\]])", r"\\\1", pieces[at])
    return "`".join(pieces).replace("|", "\\|")


def _table(before: str, header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    lines = (f"| {' | '.join(row)} |" for row in (header, *rows))
    first, *rest = lines
    return "\n".join((*([before] if before else []), first, "|" + "---|" * len(header), *rest, ""))
