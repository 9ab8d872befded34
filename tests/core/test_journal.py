"""The journal: what it remembers, and what a crash may do to it."""

from __future__ import annotations

from tasks.core.journal import Entry, progress, read_journal
from tests.core.statuses import NOON


def _lines(*events: tuple[str, str]) -> str:
    return "".join(
        Entry(at=NOON, event=event, step=step).model_dump_json(exclude_defaults=True) + "\n"
        for event, step in events
    )


WHOLE = _lines(("opened", ""), ("started", "place:gw-a"), ("done", "place:gw-a"), ("started", "swap:gw-a"))


def test_only_a_done_line_makes_a_step_done() -> None:
    assert progress(read_journal(WHOLE)).done == frozenset({"place:gw-a"})


def test_a_journal_cut_at_any_byte_never_invents_a_done_step() -> None:
    for length in range(len(WHOLE)):
        seen = progress(read_journal(WHOLE[:length])).done
        assert seen == (
            frozenset({"place:gw-a"}) if '"done","step":"place:gw-a"}\n' in WHOLE[:length] else frozenset()
        )


def test_facts_of_a_step_add_up_and_the_later_one_wins() -> None:
    first = Entry(at=NOON, event="noted", step="restart:gw-a", facts={"node": "x", "primary": "d1"})
    second = Entry(at=NOON, event="noted", step="restart:gw-a", facts={"node": "y"})
    assert progress([first, second]).facts["restart:gw-a"] == {"node": "y", "primary": "d1"}


def test_completed_and_abandoned_both_close_a_run_and_failed_does_not() -> None:
    assert progress(read_journal(_lines(("completed", "")))).completed
    assert progress(read_journal(_lines(("abandoned", "")))).completed
    assert not progress(read_journal(_lines(("failed", "swap:gw-a")))).completed


def test_a_step_is_touched_once_it_was_begun_whether_it_came_to_its_end_or_not() -> None:
    seen = progress(read_journal(WHOLE))
    assert seen.begun == seen.touched == {"place:gw-a", "swap:gw-a"}
    assert "swap:gw-a" not in seen.done
    assert "restart:gw-a" not in seen.touched


def test_what_was_noted_of_a_step_does_not_begin_it() -> None:
    assert progress(read_journal(_lines(("noted", "restart:gw-a")))).touched == frozenset()


def test_a_step_that_is_done_was_touched_even_where_its_beginning_is_not_told() -> None:
    assert progress(read_journal(_lines(("done", "swap:gw-a")))).touched == {"swap:gw-a"}


def test_what_no_file_of_text_can_hold_is_noted_as_such() -> None:
    """Names and paths of nodes are bytes, and come as half characters where they are no UTF-8."""
    entry = Entry(at=NOON, event="failed", seen="/srv/\udce9", facts={"path": "\ud800"})
    assert (entry.seen, entry.facts) == ("/srv/?", {"path": "?"})
    assert read_journal(entry.model_dump_json() + "\n") == (entry,)


def test_a_line_with_bytes_that_are_no_text_is_not_whole() -> None:
    assert len(read_journal(WHOLE)) == 4
    assert len(read_journal(WHOLE.replace("swap:gw-a", "swap:\udcff"))) == 3


def test_a_line_without_a_time_zone_is_not_whole() -> None:
    assert read_journal(WHOLE.replace('00Z"', '00"', 1)) == ()
