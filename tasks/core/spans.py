"""Spans of time, as an operator types them."""

from __future__ import annotations

import re
from datetime import timedelta

from tasks.core.errors import UsageError

SHORTEST_S, LONGEST_S, USUAL_S = 0.5, 3600.0, "2"
DEFAULT_AGE = "30d"  # of backups that are wiped
_AGE = re.compile(r"(?P<number>\d{1,5})(?P<unit>[hdw])")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def parse_age(text: str) -> timedelta:
    """ "30d", "12h", "6w".

    Raises:
        UsageError: It is something else.
    """
    match = _AGE.fullmatch(text.strip())
    if match is None:
        raise UsageError(
            f"--older-than {text!r} is no age",
            remedy="a number and h, d or w: --older-than 30d (0h for every age)",
        )
    return int(match["number"]) * _UNITS[match["unit"]]


def interval_of(text: str) -> float:
    """Seconds from one look to the next. Raises UsageError where that is no number, or out of bounds."""
    try:
        found = float(text or USUAL_S)
    except ValueError:
        found = 0.0
    if not SHORTEST_S <= found <= LONGEST_S:
        raise UsageError(
            f"--interval {text}: wanted seconds, from {SHORTEST_S:g} to {LONGEST_S:g}",
            remedy="fab status --watch --interval 5",
        )
    return found
