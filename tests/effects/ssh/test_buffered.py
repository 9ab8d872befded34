"""A stream that is read in large pieces: the same bytes, in the pieces that are asked for."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tasks.effects.ssh.buffered import Buffered


class Counting:
    """A socket that counts how often it is read."""

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream
        self.reads = 0

    def recv(self, size: int) -> bytes:
        self.reads += 1
        return self._stream.recv(size)

    def settimeout(self, seconds: float) -> None:
        self._stream.settimeout(seconds)


@pytest.fixture
def ends() -> Iterator[tuple[Counting, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield Counting(one), other


def test_small_pieces_are_read_from_the_stream_at_once(ends: tuple[Counting, socket.socket]) -> None:
    stream, far = ends
    far.sendall(b"abcdefgh" * 100)
    near = Buffered(stream)  # type: ignore[arg-type]
    assert b"".join(near.recv(8) for _ in range(100)) == b"abcdefgh" * 100
    assert stream.reads == 1


def test_what_comes_later_is_waited_for(ends: tuple[Counting, socket.socket]) -> None:
    stream, far = ends
    near = Buffered(stream)  # type: ignore[arg-type]
    far.sendall(b"abc")
    assert near.recv(100) == b"abc"
    far.sendall(b"de")
    assert (near.recv(1), near.recv(1)) == (b"d", b"e")
    assert stream.reads == 2


def test_the_end_is_seen_after_everything_before_it(ends: tuple[Counting, socket.socket]) -> None:
    stream, far = ends
    far.sendall(b"abc")
    far.shutdown(socket.SHUT_WR)
    near = Buffered(stream)  # type: ignore[arg-type]
    assert [near.recv(2), near.recv(2), near.recv(2), near.recv(2)] == [b"ab", b"c", b"", b""]


def test_a_silent_stream_times_out_as_it_does_itself(ends: tuple[Counting, socket.socket]) -> None:
    near = Buffered(ends[0])  # type: ignore[arg-type]
    near.settimeout(0.05)
    with pytest.raises(TimeoutError):
        near.recv(1)
