"""A file descriptor that is readable while a channel has something to be read.

paramiko's own (`Channel.fileno`) is closed by the thread that closes the channel while the
transport's thread may be about to write to it: that write then hits a closed descriptor, or
another one with the same number, and ends the whole connection. Here both sides hold one lock.
"""

from __future__ import annotations

import os
import threading

import paramiko


class Wake:
    """Close it after the channel; a late event is then harmless."""

    def __init__(self, channel: paramiko.Channel) -> None:
        self._reader, self._writer = os.pipe()
        self._lock = threading.Lock()
        self._ready: set[int] = set()
        self._closed = False
        channel.in_buffer.set_event(_Flag(self, 1))  # type: ignore[arg-type]
        channel.in_stderr_buffer.set_event(_Flag(self, 2))  # type: ignore[arg-type]

    def fileno(self) -> int:
        return self._reader

    def mark(self, buffer: int, *, ready: bool) -> None:
        """One of the channel's buffers has something to read (or its end), or has nothing any more."""
        with self._lock:
            before = bool(self._ready)
            (self._ready.add if ready else self._ready.discard)(buffer)
            if self._closed or before == bool(self._ready):
                return
            if self._ready:
                os.write(self._writer, b"*")
            else:
                os.read(self._reader, 1)

    def close(self) -> None:
        with self._lock:
            if not self._closed:
                self._closed = True
                os.close(self._reader)
                os.close(self._writer)


class _Flag:
    """What paramiko's buffers call: a `threading.Event` as far as they know."""

    def __init__(self, wake: Wake, buffer: int) -> None:
        self._wake = wake
        self._buffer = buffer

    def set(self) -> None:
        self._wake.mark(self._buffer, ready=True)

    def clear(self) -> None:
        self._wake.mark(self._buffer, ready=False)
