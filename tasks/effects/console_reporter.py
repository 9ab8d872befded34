"""What happens in a run, as timestamped lines."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from tasks.core.plan import Step
from tasks.core.text_table import duration
from tasks.effects.console import tell
from tasks.effects.reporting import Unheard

REPEAT_S = 10.0  # an unchanged wait is shown again this often


class ConsoleReporter(Unheard):
    """Timestamped lines on stderr; a wait speaks when what it sees changes, and every 10 s.

    Args:
        line: Takes each line instead.
        repeat_s: An unchanged wait is told again this often.
    """

    def __init__(self, line: Callable[[str], None] = tell, *, repeat_s: float = REPEAT_S) -> None:
        self._tell = line
        self._repeat_s = repeat_s
        self._last: tuple[str, str] = ("", "")
        self._told_at = 0.0

    def step(self, number: int, total: int, step: Step, *, what: str) -> None:
        self._line(f"[{number}/{total}] {step.id}: {what}")

    def waiting(self, node: str, awaited: str, seen: str, *, left_s: float) -> None:
        now = time.monotonic()
        if (node, seen) == self._last and now - self._told_at < self._repeat_s:
            return
        self._last, self._told_at = (node, seen), now
        self._line(f"    [{node}] waiting for {awaited}: {seen} ({duration(max(left_s, 0))} left)")

    def done(self, step: Step, seen: str, *, took_s: float) -> None:
        self._line(f"    done in {took_s:.1f} s: {seen}")

    def note(self, node: str, text: str) -> None:
        self._line(f"    [{node}] {text}" if node else f"    {text}")

    def _line(self, text: str) -> None:
        self._tell(f"{datetime.now(UTC):%H:%M:%S} {text}")
