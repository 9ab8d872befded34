"""The chain of a journal: what seals a line, where it begins, and that reading does not need it."""

from __future__ import annotations

import hashlib

import pytest

from tasks.core.journal import Entry, line_of, read_journal
from tasks.core.journal_chain import chain_after, chained, ends_sealed, parted
from tests.core.statuses import NOON

ENTRIES = tuple(Entry(at=NOON, event=event, seen=f"sah {event}") for event in ("opened", "noted", "done"))


def journal(*entries: Entry, before: bytes = b"") -> bytes:
    """As a run writes it."""
    written = before
    for entry in entries:
        written += chained(line_of(entry), after=chain_after(written)) + b"\n"
    return written


def test_a_line_is_sealed_by_the_chain_before_it_and_its_own_content() -> None:
    first, second = journal(*ENTRIES[:2]).splitlines()
    nothing = hashlib.sha256(b"").hexdigest().encode()
    chain = hashlib.sha256(nothing + line_of(ENTRIES[0])).hexdigest().encode()
    assert parted(first) == (line_of(ENTRIES[0]), chain)
    assert parted(second)[1] == hashlib.sha256(chain + line_of(ENTRIES[1])).hexdigest().encode()


def test_entries_are_read_with_a_chain_and_without() -> None:
    plain = b"".join(line_of(entry) + b"\n" for entry in ENTRIES)
    assert read_journal(journal(*ENTRIES).decode()) == read_journal(plain.decode()) == ENTRIES
    assert parted(line_of(ENTRIES[0])) == (line_of(ENTRIES[0]), b"")


def test_a_journal_that_was_not_chained_is_sealed_from_its_first_line_on() -> None:
    plain = line_of(ENTRIES[0]) + b"\n"
    added = journal(ENTRIES[1], before=plain)
    assert read_journal(added.decode()) == ENTRIES[:2]
    seal = hashlib.sha256(plain).hexdigest().encode()
    assert parted(added.splitlines()[1])[1] == hashlib.sha256(seal + line_of(ENTRIES[1])).hexdigest().encode()


def test_what_only_looks_like_a_chain_is_content() -> None:
    """Seen texts come from servers: a chain is the last field of the line and nothing else."""
    entry = Entry(at=NOON, event="noted", seen=f'x","chain":"{"a" * 64}"}}')
    assert parted(line_of(entry)) == (line_of(entry), b"")
    assert read_journal(journal(entry).decode()) == (entry,)


def test_a_line_with_another_field_beside_the_chain_is_not_whole() -> None:
    line = journal(ENTRIES[0]).decode().replace(',"chain"', ',"other":"","chain"')
    assert read_journal(line) == ()


OVER = (*ENTRIES, Entry(at=NOON, event="completed"), Entry(at=NOON, event="cleaned"))
WHOLE = journal(*OVER)
OTHER: dict[str, bytes] = {
    "empty": b"",
    "open": journal(*ENTRIES),
    "not chained": b"".join(line_of(entry) + b"\n" for entry in OVER),
    "chained from its second line on": journal(*OVER[1:], before=line_of(OVER[0]) + b"\n"),
    "a line changed": WHOLE.replace(b"sah noted", b"saw noted"),
    "a line removed": b"".join(WHOLE.splitlines(keepends=True)[1:]),
    "lines exchanged": b"".join(WHOLE.splitlines(keepends=True)[i] for i in (1, 0, 2, 3, 4)),
    "cut short": WHOLE[:-1],
    "something behind it": WHOLE + b"{",
    "sealed, and no JSON": chained(b"{completed}", after=chain_after(b"")) + b"\n",
    "sealed, and no event": chained(b'{"at":"completed"}', after=chain_after(b"")) + b"\n",
    "the words of its end in what was seen": journal(
        Entry(at=NOON, event="noted", seen='"event":"completed"', facts={"event": "completed"})
    ),
}


def test_a_run_that_is_over_is_known_by_its_sealed_journal_alone() -> None:
    assert ends_sealed(WHOLE)
    assert ends_sealed(journal(*ENTRIES, Entry(at=NOON, event="abandoned")))


@pytest.mark.parametrize("why", OTHER)
def test_whatever_is_open_or_not_sealed_takes_a_closer_look(why: str) -> None:
    assert not ends_sealed(OTHER[why])
