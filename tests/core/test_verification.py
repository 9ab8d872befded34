"""What a record proves: untouched it is whole, and every alteration that does not seal it anew is found."""

from __future__ import annotations

import hashlib

import pytest

from tasks.core.journal import Entry, line_of
from tasks.core.journal_chain import chain_after, chained, parted
from tasks.core.verification import Kept, Verification, verification_lines, verified
from tests.core.statuses import NOON
from tests.core.test_journal_chain import journal

PLAN, LATER = "0123456789ab", "ba9876543210"
EVENTS = ("started", "done", "started", "noted", "failed", "started", "done")
OPENED = Entry(at=NOON, event="opened", seen=f"plan {PLAN}", facts={"plan": PLAN})
COMPLETED = Entry(at=NOON, event="completed")
ENTRIES = (
    OPENED,
    *(Entry(at=NOON, event=event, step=f"swap:gw-{n}", seen=f"sah {n}") for n, event in enumerate(EVENTS)),
    COMPLETED,
)
WHOLE = journal(*ENTRIES)
LINES = WHOLE.splitlines(keepends=True)
PLANS = {"plan.json": PLAN}
EVERY_LINE = pytest.mark.parametrize("number", range(1, len(LINES) + 1))


def look(content: bytes, **others: object) -> Verification:
    return verified(Kept(content, **{"plans": PLANS, **others}))  # type: ignore[arg-type]


def altered_at(content: bytes) -> list[int | None]:
    found = look(content)
    assert found.state == ("altered" if found.alterations else "ok")
    return [one.line for one in found.alterations]


def problems(found: Verification) -> str:
    return "; ".join(one.problem for one in found.alterations)


def test_what_was_written_is_whole() -> None:
    found = look(WHOLE)
    assert (found.state, found.lines, found.chained, found.closed) == ("ok", len(ENTRIES), len(ENTRIES), True)
    assert found.chain == parted(LINES[-1].rstrip())[1].decode()


@EVERY_LINE
def test_one_changed_byte_is_found_in_every_line(number: int) -> None:
    line = LINES[number - 1]
    for place in range(0, len(line) - 1, 3):
        changed = line[:place] + bytes([line[place] ^ 1]) + line[place + 1 :]
        found = altered_at(b"".join((*LINES[: number - 1], changed, *LINES[number:])))
        assert found[0] == number


@EVERY_LINE
def test_a_removed_line_is_found_except_at_the_end(number: int) -> None:
    rest = b"".join(LINES[: number - 1] + LINES[number:])
    if number < len(LINES):
        assert altered_at(rest)[0] == number
        return
    found = look(rest)
    assert (found.state, found.closed) == ("ok", False)
    assert "  the run is open: whether lines are missing at its end is not to be seen" in verification_lines(
        "RUN", found
    )


@pytest.mark.parametrize("number", range(1, len(LINES)))
def test_two_swapped_lines_are_found_and_told_as_moved(number: int) -> None:
    one, other = LINES[number - 1 : number + 1]
    swapped = b"".join((*LINES[: number - 1], other, one, *LINES[number + 1 :]))
    assert altered_at(swapped)[0] == number
    assert f"it was written right after line {number + 1}" in problems(look(swapped))


@EVERY_LINE
def test_an_inserted_line_is_found_even_where_it_was_chained_by_the_rule(number: int) -> None:
    before, after = b"".join(LINES[: number - 1]), b"".join(LINES[number - 1 :])
    forged = line_of(Entry(at=NOON, event="done", step="swap:gw-9"))
    assert altered_at(before + chained(forged, after=chain_after(before)) + b"\n" + after)[0] == number + 1
    if number > 1:
        assert altered_at(before + forged + b"\n" + after)[0] == number
        assert altered_at(before + LINES[0] + after)[0] == number


def test_who_seals_all_anew_is_found_by_a_value_that_was_noted_elsewhere_alone() -> None:
    forged = journal(*ENTRIES[:4], Entry(at=NOON, event="done", step="swap:gw-3"), COMPLETED)
    assert look(forged).state == "ok"
    noted = look(WHOLE).chain
    assert "no line has the chain" in problems(look(forged, mark=noted[:12]))
    assert (look(WHOLE, mark=noted[:12]).state, look(WHOLE, mark=noted[:12]).marked) == ("ok", True)


def test_a_noted_value_shows_a_removed_end_and_lets_lines_be_added() -> None:
    noted = parted(LINES[5].rstrip())[1].decode()
    assert look(WHOLE, mark=noted).state == "ok"
    assert look(b"".join(LINES[:5]), mark=noted).state == "altered"


def test_an_end_that_is_missing_shows_where_a_later_run_has_begun() -> None:
    cut = b"".join(LINES[:-1])
    assert look(cut).state == "ok"
    assert "the end is missing" in problems(look(cut, later=True))
    assert look(WHOLE, later=True).state == "ok"


def test_a_line_cut_short_by_a_crash_is_no_alteration() -> None:
    found = look(WHOLE[:-20])
    assert (found.state, found.torn, found.lines) == ("ok", True, len(LINES))
    assert any("cut short while it was written" in line for line in verification_lines("RUN", found))


def test_a_journal_of_an_older_version_cannot_be_told() -> None:
    found = look(b"".join(line_of(entry) + b"\n" for entry in ENTRIES))
    assert (found.state, found.chained, found.chain) == ("not chained", 0, "")
    assert next(iter(verification_lines("RUN", found))).startswith("run RUN: cannot be told")


def test_lines_of_an_older_version_are_sealed_by_the_first_chained_one() -> None:
    old = b"".join(line_of(entry) + b"\n" for entry in ENTRIES[:3])
    mixed = journal(*ENTRIES[3:], before=old)
    found = look(mixed)
    assert (found.state, found.lines - found.chained) == ("ok", 3)
    assert (
        "  not chained: the first 3, written by an older version; sealed since line 4"
        in verification_lines("RUN", found)
    )
    assert altered_at(mixed.replace(b"sah 0", b"sah 9"))[0] == 4


def test_a_plan_that_is_not_the_one_that_the_journal_names_is_an_alteration() -> None:
    assert "plan.json holds plan ba9876543210; the journal names 0123456789ab" in problems(
        look(WHOLE, plans={"plan.json": LATER})
    )
    for plans in ({}, {"plan.json": ""}):
        assert "plan.json is missing or damaged" in problems(look(WHOLE, plans=plans))


def test_a_later_plan_has_a_file_of_its_own_and_a_rebuilt_run_another_first_one() -> None:
    again = Entry(at=NOON, event="replanned", seen="why", facts={"plan": LATER})
    both = {**PLANS, f"plan-{LATER}.json": LATER}
    assert look(journal(OPENED, again), plans=both).state == "ok"
    assert f"plan-{LATER}.json is missing" in problems(look(journal(OPENED, again)))
    back = Entry(at=NOON, event="rebuilt", seen=f"plan {LATER}, from gw-a")
    assert look(journal(OPENED, back), plans={"plan.json": LATER}).state == "ok"
    assert look(journal(OPENED, back)).state == "altered"


def test_samples_are_sealed_once_the_run_is_complete() -> None:
    end = Entry(at=NOON, event="completed", facts={"samples": hashlib.sha256(b"samples\n").hexdigest()})
    whole = journal(OPENED, end)
    assert look(whole, samples=b"samples\n").state == "ok"
    for changed in (b"samplez\n", b""):
        assert "availability.jsonl is not what it was" in problems(look(whole, samples=changed))
    assert look(journal(OPENED), samples=b"any\n").state == "ok"


def test_what_was_set_aside_is_told() -> None:
    lines = list(verification_lines("RUN", look(WHOLE, set_aside=2)))
    assert "  set aside as damaged: 2 lines (journal.damaged); the run went on without them" in lines


def test_each_alteration_has_a_line_with_its_place() -> None:
    lines = list(verification_lines("RUN", look(WHOLE.replace(b"sah 3", b"sah 4"))))
    assert lines[0] == "run RUN: ALTERED"
    assert lines[1] == "  line 5: it is not what was written, or lines before it were removed or changed"


def test_no_journal_at_all_is_an_alteration() -> None:
    assert problems(look(b"")) == "the journal is missing or empty"
