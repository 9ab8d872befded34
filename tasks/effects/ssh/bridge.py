"""A forwarded channel as a real socket: a socket pair, and one thread that moves the bytes.

TLS libraries want a file descriptor that they can read, write and poll; a paramiko channel has none.
"""

from __future__ import annotations

import select
import socket
import threading
from contextlib import suppress

import paramiko

from tasks.effects.ssh.wake import Wake

_CHUNK_BYTES = 32 * 1024
_BLOCKED_WAIT_MS = 10
_IDLE_WAIT_MS = 500


class Bridge:
    """Joins a channel to `near`, the end for the caller, until both directions are closed."""

    def __init__(self, channel: paramiko.Channel, *, name: str) -> None:
        self.near, self._local = socket.socketpair()
        self._channel = channel
        self._local.setblocking(False)
        channel.setblocking(0)
        self._wake = Wake(channel)
        self._to_channel = memoryview(b"")
        self._to_local = memoryview(b"")
        self._local_ended = self._channel_ended = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def close(self) -> None:
        """End the channel and the thread; `near` belongs to the caller and sees end of file."""
        with suppress(OSError, EOFError):
            self._channel.close()
        self._thread.join(timeout=2.0)

    def _run(self) -> None:
        try:
            while self._step():
                pass
        except (OSError, EOFError, paramiko.SSHException):
            pass  # one side is gone, which the other side sees as its stream's end
        finally:
            with suppress(OSError, EOFError, paramiko.SSHException):
                self._channel.close()
            self._wake.close()
            self._local.close()

    def _step(self) -> bool:
        """Wait for something to move, move it; False when there is nothing more to do."""
        abandoned = self._wait()
        self._from_local()
        self._from_channel()
        if abandoned and self._local_ended and not self._to_channel:
            return False
        return not (self._local_ended and self._channel_ended and not self._to_channel and not self._to_local)

    def _wait(self) -> bool:
        """Whether the caller has closed its end altogether (not only finished sending)."""
        poll = select.poll()
        reads = not self._to_channel and not self._local_ended
        poll.register(
            self._local, (select.POLLIN if reads else 0) | (select.POLLOUT if self._to_local else 0)
        )
        if not self._to_local and not self._channel_ended:
            poll.register(self._wake.fileno(), select.POLLIN)
        events = dict(poll.poll(_BLOCKED_WAIT_MS if self._to_channel else _IDLE_WAIT_MS))
        return bool(events.get(self._local.fileno(), 0) & (select.POLLHUP | select.POLLERR))

    def _from_local(self) -> None:
        if not self._to_channel and not self._local_ended:
            with suppress(BlockingIOError):
                data = self._local.recv(_CHUNK_BYTES)
                self._to_channel = memoryview(data)
                self._local_ended = not data
                if self._local_ended:
                    self._channel.shutdown_write()
        if self._to_channel:
            with suppress(TimeoutError):  # the window is full
                sent = self._channel.send(self._to_channel)  # type: ignore[arg-type]
                if not sent:
                    raise EOFError
                self._to_channel = self._to_channel[sent:]

    def _from_channel(self) -> None:
        if not self._to_local and not self._channel_ended:
            with suppress(TimeoutError):
                data = self._channel.recv(_CHUNK_BYTES)
                self._to_local = memoryview(data)
                self._channel_ended = not data
                if self._channel_ended:
                    self._local.shutdown(socket.SHUT_WR)
        if self._to_local:
            with suppress(BlockingIOError):
                self._to_local = self._to_local[self._local.send(self._to_local) :]
