"""Whether a screen can be drawn upon, or gets plain lines."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.core.dataclass import dataclass

LEAST_COLUMNS, LEAST_LINES = 60, 10


@dataclass(frozen=True, slots=True)
class Screen:
    """A stream that is shown: whether on a terminal, and of which size."""

    terminal: bool
    columns: int
    lines: int


def draws(screen: Screen, environment: Mapping[str, str]) -> bool:
    """Whether a view can be kept in place there: on a terminal that knows how, large enough, with a reader.

    NO_COLOR, a dumb terminal and CI get plain lines.
    """
    if not screen.terminal or screen.columns < LEAST_COLUMNS or screen.lines < LEAST_LINES:
        return False
    if environment.get("NO_COLOR") or environment.get("CI", "").lower() not in ("", "false", "0"):
        return False
    return environment.get("TERM", "") not in ("", "dumb", "unknown")
