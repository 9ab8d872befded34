"""A real pseudo-terminal, and what stands on it: as much of a terminal as is needed to read what was drawn."""

from __future__ import annotations

import fcntl
import os
import re
import struct
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

_PIECES = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|([\r\n])|([^\x1b\r\n]+)")


class Terminal:
    """Lines from the first that was ever written to the last; the screen is the last of them.

    It knows cursor up, erasing to the end of a line and below, and colours; anything else is an AssertionError.
    """

    def __init__(self, columns: int, height: int) -> None:
        self.columns, self.height = columns, height
        self.lines: list[str] = [""]
        self.row = self.column = 0
        self.ever = ""  # all that was written, without colours

    def feed(self, text: str) -> None:
        end = 0
        self.ever += re.sub(r"\x1b\[[0-9;]*m", "", text)
        for piece in _PIECES.finditer(text):
            assert piece.start() == end, ascii(text[end : piece.start()])
            end = piece.end()
            number, command, move, plain = piece.groups()
            if command:
                self._obey(number, command)
            elif move:
                self._move(move)
            else:
                self._write(plain)
        assert end == len(text), ascii(text[end:])

    @property
    def shown(self) -> list[str]:
        """All lines, without blanks at their ends and empty ones at the bottom."""
        told = [line.rstrip() for line in self.lines]
        while told and not told[-1]:
            told.pop()
        return told

    def _obey(self, number: str, command: str) -> None:
        if command == "A":
            top = max(len(self.lines) - self.height, 0)
            self.row = max(self.row - int(number or 1), top)
        elif command == "K":
            self.lines[self.row] = self.lines[self.row][: self.column]
        elif command == "J":
            self.lines[self.row] = self.lines[self.row][: self.column]
            del self.lines[self.row + 1 :]
        else:
            assert command == "m", command

    def _move(self, move: str) -> None:
        self.column = 0
        if move == "\n":
            self.row += 1
            if self.row == len(self.lines):
                self.lines.append("")

    def _write(self, text: str) -> None:
        for sign in text:
            if self.column == self.columns:
                self._move("\n")
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[: self.column] + sign + line[self.column + 1 :]
            self.column += 1


class Pty:
    """A pseudo-terminal whose other end is read all the time."""

    def __init__(self, columns: int, height: int) -> None:
        self._master, self.slave = os.openpty()
        self.terminal = Terminal(columns, height)
        self.resize(columns, height)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def resize(self, columns: int, height: int) -> None:
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, columns, 0, 0))

    def press(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def until(self, text: str, *, limit_s: float = 30.0) -> list[str]:
        """What is shown, once this is."""
        deadline = time.monotonic() + limit_s
        while not any(text in line for line in self.terminal.shown):
            assert time.monotonic() < deadline, "\n".join(self.terminal.shown)
            time.sleep(0.01)
        return self.terminal.shown

    def hang_up(self) -> None:
        """The terminal goes away: whoever writes to it gets an error."""
        os.close(self._master)

    def close(self) -> list[str]:
        """What is shown in the end."""
        with suppress(OSError):
            os.close(self.slave)
        self._reader.join(timeout=10)
        return self.terminal.shown

    def _read(self) -> None:
        kept = b""
        while True:
            try:
                kept += os.read(self._master, 65536)
            except OSError:  # nobody has the other end open any more
                return
            text, kept = _whole(kept)
            self.terminal.feed(text)


def _whole(data: bytes) -> tuple[str, bytes]:
    """Up to the last line's end: no sign and no command is cut in two there."""
    end = max(data.rfind(b"\n"), data.rfind(b"\x1b[J") + 2) + 1
    return data[:end].decode(), data[end:]


@contextmanager
def terminal(columns: int = 80, height: int = 24) -> Iterator[tuple[Pty, TextIO]]:
    """A pseudo-terminal, and a stream that writes to it."""
    pty = Pty(columns, height)
    stream = os.fdopen(os.dup(pty.slave), "w", encoding="utf-8")
    try:
        yield pty, stream
    finally:
        with suppress(OSError):  # of one that was hung up
            stream.close()
        pty.close()
