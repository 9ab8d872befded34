"""The last lines of a terminal, drawn again and again in place; what is told above them scrolls on as a log."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from rich.cells import cell_len

from tasks.core.screens import Screen
from tasks.effects.console import encodable, fold, harmless

_STYLES = re.compile(r"\x1b\[[0-9;]*m")
_CLEAR_LINE, _CLEAR_BELOW = "\x1b[K", "\x1b[J"


def screen_of(stream: TextIO) -> Screen:
    """What the stream is shown on; 80 x 24 where a terminal does not know its size."""
    try:
        if not stream.isatty():
            return Screen(terminal=False, columns=0, lines=0)
        found = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):  # it has gone, or is no file
        return Screen(terminal=False, columns=0, lines=0)
    return Screen(terminal=True, columns=found.columns or 80, lines=found.lines or 24)


class Area:
    """The lines at the end of a terminal that are ours. A terminal that goes away breaks nothing.

    The cursor stays on the line below, and visible: whatever else writes, or stops us, finds its place.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._drawn: tuple[str, ...] = ()
        self._columns = 0
        self._gone = False
        self._last = Screen(terminal=True, columns=79, lines=23)

    def screen(self) -> Screen:
        """The size to draw for: the last column and line stay empty. Of a terminal that has gone its last one."""
        found = screen_of(self._stream)
        if found.terminal:
            self._last = Screen(terminal=True, columns=found.columns - 1, lines=found.lines - 1)
        return self._last

    def draw(self, lines: Sequence[str], *, above: Sequence[str] = ()) -> None:
        """Put these lines in place of those of the last time.

        Args:
            lines: With styles; each shorter than the screen is wide.
            above: Lines of text for the log, which go above them and stay.
        """
        columns = self.screen().columns
        if tuple(lines) == self._drawn and not above and columns == self._columns:
            return
        told = [line for text in above for line in fold(harmless(text), columns=columns).split("\n")]
        up = self._height(columns)
        parts = [f"\x1b[{up}A" if up else "", "\r", _CLEAR_BELOW if told else ""]
        parts += [f"{_CLEAR_LINE}{line}\n" for line in (*told, *lines)]
        self._drawn, self._columns = tuple(lines), columns
        self._write("".join((*parts, _CLEAR_BELOW)))

    def leave(self) -> None:
        """What is drawn stays as it is; the next time is drawn below."""
        self._drawn = ()

    @contextmanager
    def shared(self) -> Iterator[None]:
        """While the block runs: after a stop (Ctrl-Z) the shell has written, and we go on below that."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGCONT, lambda number, frame: self.leave())
        try:
            yield
        finally:
            signal.signal(signal.SIGCONT, before)

    def _height(self, columns: int) -> int:
        """Lines to go up; a terminal that was made narrower has broken the longer ones anew."""
        lengths = (cell_len(_STYLES.sub("", line)) for line in self._drawn)
        return sum(max(1, -(-length // (columns + 1))) for length in lengths)

    def _write(self, text: str) -> None:
        if self._gone:
            return
        try:
            self._stream.write(encodable(text, self._stream.encoding))
            self._stream.flush()
        except BlockingIOError:  # somebody made it so, and it is full
            self.leave()
        except (OSError, ValueError):
            self._gone = True
