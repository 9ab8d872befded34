"""A stream that is read in large pieces: paramiko asks for a few bytes at a time, each of them a system call."""

from __future__ import annotations

import socket
from typing import Any

import paramiko

Stream = socket.socket | paramiko.Channel
_PIECE_BYTES = 64 * 1024


class Buffered:
    """A socket, as far as paramiko's transport needs one; read by one thread."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._read = memoryview(b"")

    def recv(self, size: int) -> bytes:
        """At most so many bytes; b"" at the stream's end. Raises as the stream does."""
        if not self._read:
            self._read = memoryview(self._stream.recv(_PIECE_BYTES))
        part, self._read = self._read[:size], self._read[size:]
        return bytes(part)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
