"""Which events are told: those that begin and end, and a long wait once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tasks.core.events import Event, EventKind
from tasks.core.notices import Notices
from tests.core.statuses import NOON


def event(kind: EventKind, *, after_s: float = 0, text: str = "", node: str = "") -> Event:
    at = NOON + timedelta(seconds=after_s)
    return Event(at=at, event=kind, cluster="demo", task="restart", run="r", text=text, node=node)


def waited(notices: Notices, *looks: tuple[float, str]) -> list[float]:
    """The times, of looks at (seconds, what is awaited), that are told."""
    found = [
        (notices.of(event(EventKind.WAITING, after_s=at, text=text, node="gw-a")), at) for at, text in looks
    ]
    assert {one.event for one, _ in found if one} <= {EventKind.WAITING_LONG}
    return [at for one, at in found if one]


@pytest.mark.parametrize("kind", EventKind)
def test_what_begins_and_ends_is_told_and_the_rest_is_not(kind: EventKind) -> None:
    told = Notices(120).of(event(kind))
    assert (told is not None) is (kind in {"start", "step", "failed", "stopped", "done"})


def test_a_wait_is_told_once_when_it_has_become_long() -> None:
    looks = [(float(at), "State 1") for at in range(0, 400, 30)]
    assert waited(Notices(120), *looks) == [120]


def test_a_short_wait_is_not_told() -> None:
    assert waited(Notices(120), (0, "State 1"), (119.9, "State 1")) == []


def test_the_next_wait_is_another_one_also_in_the_same_step() -> None:
    notices = Notices(120)
    assert waited(notices, (0, "State 1"), (130, "State 1"), (140, "sync"), (200, "sync"), (270, "sync")) == [
        130,
        270,
    ]


def test_the_same_words_after_another_step_are_another_wait_and_a_note_ends_none() -> None:
    notices = Notices(120)
    assert waited(notices, (0, "sync"), (100, "sync")) == []
    assert notices.of(event(EventKind.NOTE, after_s=101)) is None
    assert waited(notices, (125, "sync")) == [125]
    notices.of(event(EventKind.STEP_DONE, after_s=126))
    assert waited(notices, (127, "sync"), (246, "sync"), (247, "sync")) == [247]
