"""Ctrl-C: finish the current atomic operation, save, then stop. Nothing is cut off in the middle."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopOnSignal:
    """While entered, SIGINT, SIGTERM and SIGHUP only ask for a stop at the next safe point.

    A signal that is ignored already stays so: `nohup fab ...` survives its terminal.
    """

    def __init__(self, *, announce: Callable[[str], None]) -> None:
        self._asked = threading.Event()
        self._announce = announce
        self._before: dict[signal.Signals, object] = {}

    def requested(self) -> bool:
        return self._asked.is_set()

    def __enter__(self) -> StopOnSignal:
        for number in SIGNALS:
            if signal.getsignal(number) is signal.SIG_IGN:
                continue
            self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *exc: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._asked.set()
        name = signal.Signals(number).name
        with suppress(OSError, RuntimeError):  # the terminal is gone, or is being written to just now
            self._announce(f"{name}: finishing the current operation, then stopping; the state is saved")
