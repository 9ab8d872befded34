"""What the samples of a run come to, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tasks.core.availability import Apart, Availability
from tasks.core.text_table import duration

WANTED_GAP_S = 1.0  # what happens between two samples this close is hardly missed
NAMED = 10  # so many are named; of more, how many there are


def availability_lines(found: Availability) -> Iterator[str]:
    """How well it was looked at, who was away, who was apart."""
    yield (
        f"availability: {found.samples} samples over {seconds_text(found.observed_s)}, "
        f"longest gap {found.longest_gap_s:.1f} s"
    )
    if round(found.longest_gap_s, 1) > WANTED_GAP_S:
        yield f"  what lasted less than {found.longest_gap_s:.1f} s may lie between two samples, unseen"
    if found.unobserved_s:
        yield f"  not observed: {seconds_text(found.unobserved_s)}, when the run was not at work"
    yield f"  away: {_times(found.away)}"
    if found.unseen:
        yield f"  could not be asked: {_times(found.unseen)}"
    yield f"  apart: {_apart(found.apart, in_all_s=found.apart_s)}"
    if found.glimpses:
        times = "once" if found.glimpses == 1 else f"{found.glimpses} times"
        yield f"  apart in one sample only: {times} (not counted: two looks differ in time)"


def seconds_text(seconds: float) -> str:
    """ "0.4 s", "14 s", "1 m 42 s"."""
    return f"{seconds:.1f} s" if round(seconds, 1) < 10 else duration(round(seconds))


def _times(by_member: Mapping[str, float]) -> str:
    return _listed([f"{name} {seconds_text(seconds)}" for name, seconds in by_member.items()])


def _apart(pairs: tuple[Apart, ...], *, in_all_s: float) -> str:
    listed = _listed([f"{' x '.join(each.members)} {seconds_text(each.seconds)}" for each in pairs])
    return f"{listed}; in all {seconds_text(in_all_s)}" if len(pairs) > 1 else listed


def _listed(texts: list[str]) -> str:
    left = len(texts) - NAMED
    return (", ".join(texts[:NAMED]) or "none") + (f" and {left} more" if left > 0 else "")
