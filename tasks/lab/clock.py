"""Simulated seconds: the real server's timeline, sped up by the lab's factor."""

from __future__ import annotations

import time

from tasks.core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Clock:
    """Turns simulated seconds into real ones; `speed` simulated seconds pass in one real second."""

    speed: float

    def real(self, simulated_s: float) -> float:
        """How many real seconds a simulated duration takes."""
        return simulated_s / self.speed

    def now(self) -> float:
        """Simulated seconds since an arbitrary moment; never goes back."""
        return time.monotonic() * self.speed

    def sleep(self, simulated_s: float) -> None:
        time.sleep(self.real(max(0.0, simulated_s)))
