"""A run on a terminal: a table of the members and a line of progress in place, the log of its steps above.

A thread of its own draws; the run, the sampler and signal handlers only put what happened into a queue.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from queue import Empty, SimpleQueue

from tasks.core.availability import Look
from tasks.core.errors import Interrupted, OperatorError
from tasks.core.live_rows import Rank
from tasks.core.live_state import Ending, Happening, Live, Looked, StepBegun, StepEnded, Waited, after, begun
from tasks.core.live_view import LiveView, live_view
from tasks.core.plan import Step
from tasks.core.text_table import TextTable
from tasks.effects.area import Area
from tasks.effects.clock import Clock
from tasks.effects.console import tell
from tasks.effects.console_reporter import ConsoleReporter
from tasks.effects.drawing import drawn
from tasks.effects.reporting import Scene, Unheard

FRAME_S = 0.25  # at most four times a second
TICK_S = 1.0  # the clock in it goes on though nothing happens
_END_S = 5.0  # for the last frame; a terminal that takes no more (Ctrl-S) is left behind
_WIDTHS = {"ROLE": 7, "STATE": 11, "C/D": 10, "SERVES": 8, "NOW": 15}  # at least: the columns stand still
_STYLES = {Rank.MOVING: "bold", Rank.ODD: "bold red", Rank.NEXT: "", Rank.REST: ""}


class LiveReporter(Unheard):
    """Draws what happens; what is finished stays above as the lines that a pipe would get."""

    def __init__(self, area: Area, *, clock: Clock) -> None:
        self._area = area
        self._clock = clock
        self._log = ConsoleReporter(self._line, repeat_s=math.inf)
        self._queue: SimpleQueue[tuple[float, Happening] | str | None] = SimpleQueue()
        self._told: list[str] = []  # for the log, taken from the queue and not drawn yet
        self._over = threading.Event()
        self._drawing = False
        self._thread: threading.Thread | None = None
        self._live: Live | None = None

    def begun(self, scene: Scene) -> None:
        self._live = begun(
            scene.run, scene.cluster, scene.plan, scene.progress, now_s=self._clock.monotonic()
        )
        self._drawing = True
        self._thread = threading.Thread(target=self._run, name="live", daemon=True)
        self._thread.start()

    def step(self, number: int, total: int, step: Step, *, what: str) -> None:
        self._log.step(number, total, step, what=what)
        self._put(StepBegun(step))

    def waiting(self, node: str, awaited: str, seen: str, *, left_s: float) -> None:
        self._log.waiting(node, awaited, seen, left_s=left_s)
        self._put(Waited(node, awaited, seen, left_s))

    def looked(self, looks: Mapping[str, Look]) -> None:
        self._put(Looked(looks))

    def done(self, step: Step, seen: str, *, took_s: float) -> None:
        self._log.done(step, seen, took_s=took_s)
        self._put(StepEnded(step, took_s))

    def note(self, node: str, text: str) -> None:
        self._log.note(node, text)

    def failed(self, error: OperatorError) -> None:
        self.close(Ending.INTERRUPTED if isinstance(error, Interrupted) else Ending.FAILED)

    def ended(self, *, complete: bool) -> None:
        self.close(Ending.COMPLETE if complete else Ending.AS_ASKED)

    def close(self, how: Ending = Ending.FAILED) -> None:
        """Draw how it ended, once and for all; what is told later are plain lines."""
        if self._thread is None:
            return
        self._put(how)
        self._queue.put(None)
        self._over.set()
        self._thread.join(timeout=_END_S)
        self._drawing, self._thread = False, None
        self._tell_left()

    def _put(self, happening: Happening) -> None:
        if self._drawing:
            self._queue.put((self._clock.monotonic(), happening))

    def _line(self, text: str) -> None:
        if self._drawing:
            self._queue.put(text)
        else:
            tell(text)

    def _run(self) -> None:
        try:
            while self._turn():
                self._over.wait(FRAME_S)
        except Exception as error:  # noqa: BLE001 # a picture is not worth a run
            self._drawing = False
            self._area.leave()
            tell(f"the live view broke off ({type(error).__name__}: {error}); plain lines from here on")
            self._tell_left()

    def _turn(self) -> bool:
        """Draw what has happened, at the latest after a second; whether it goes on."""
        goes_on = self._take()
        if self._live is None:
            return False
        screen, now_s = self._area.screen(), self._clock.monotonic()
        view = live_view(self._live, width=screen.columns, height=screen.lines, now_s=now_s)
        self._area.draw(drawn_view(view, columns=screen.columns), above=self._told)
        self._told = []
        return goes_on

    def _take(self) -> bool:
        """Bring the state and the lines for the log up to date; whether there is more to come."""
        try:
            item = self._queue.get(timeout=TICK_S)
            while item is not None:
                if isinstance(item, str):
                    self._told.append(item)
                elif self._live is not None:
                    self._live = after(self._live, item[1], now_s=item[0])
                item = self._queue.get_nowait()
        except Empty:
            return True
        return False

    def _tell_left(self) -> None:
        """Plain lines of what could not be drawn any more."""
        told, self._told = self._told, []
        for line in told:
            tell(line)
        while not self._queue.empty():
            item = self._queue.get_nowait()
            if isinstance(item, str):
                tell(item)


def drawn_view(view: LiveView, *, columns: int) -> tuple[str, ...]:
    """The view line by line, with styles."""
    table = TextTable(view.title, view.header, tuple(row.cells for row in view.rows))
    below = (*((view.more,) if view.more else ()), *view.lines)
    return drawn(
        table, below, columns=columns, style=lambda number, _: _STYLES[view.rows[number].rank], least=_WIDTHS
    )
