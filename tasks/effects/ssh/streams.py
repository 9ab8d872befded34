"""The three streams of one remote command, moved by one thread so that none can block another."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from contextlib import suppress

import paramiko

from tasks.core.errors import RemoteError
from tasks.effects.remote import Completed
from tasks.effects.ssh.wake import Wake

_CHUNK_BYTES = 32 * 1024
_MOST_BYTES = 64 << 20  # of each output: no script of ours prints nearly as much, and it is kept in memory
_WINDOW_WAIT_S = 0.01
_IDLE_WAIT_S = 0.1


class Streams:
    """A command that runs: feed its input, wait for conditions, collect its output.

    Args:
        broke: Says which connection is gone, once one is: "the connection to ... broke".
    """

    def __init__(
        self, channel: paramiko.Channel, command: str, *, limit_s: float, broke: Callable[[], str]
    ) -> None:
        self._channel = channel
        self._broke = broke
        self._limit_s = limit_s
        self._deadline = time.monotonic() + limit_s
        self._input = memoryview(b"")
        self._last_input = False
        self._not_taken = 0  # of the input, when the command or the connection ended
        self._open = {"stdout", "stderr"}
        self.stdout = bytearray()
        self.stderr = bytearray()
        channel.exec_command(command)
        channel.setblocking(0)
        self._wake = Wake(channel)
        self._poll = select.poll()
        self._poll.register(self._wake.fileno(), select.POLLIN)

    def close(self) -> None:
        """After the channel was closed: nothing more is waited for."""
        self._wake.close()

    def feed(self, data: bytes, *, last: bool) -> None:
        """Queue data for the command's standard input; after the last it sees end of file."""
        self._input = memoryview(bytes(self._input) + data)
        self._last_input = last

    def until(self, holds: Callable[[], bool]) -> bool:
        """Move data until `holds()` or the command has ended; whether it holds then.

        Raises:
            RemoteError: The limit passed, or the connection broke.
        """
        while not holds() and not self.ended:
            if time.monotonic() > self._deadline:
                raise self._too_late()
            if not self._moved():
                self._wait()
        return holds()

    def completed(self) -> Completed:
        """Wait for the command's end.

        Raises:
            RemoteError: The limit passed, or the connection broke, or a signal ended the command.
        """
        self.until(lambda: False)
        status = self._channel.recv_exit_status()
        if status < 0:
            raise self._too_late() if time.monotonic() > self._deadline else self._without_status()
        return Completed(status, bytes(self.stdout), bytes(self.stderr))

    @property
    def ended(self) -> bool:
        return not self._open and self._channel.exit_status_ready()

    def _moved(self) -> bool:
        moved = self._receive("stdout", self._channel.recv, self.stdout)
        moved |= self._receive("stderr", self._channel.recv_stderr, self.stderr)
        return self._send() or moved

    def _receive(self, name: str, receive: Callable[[int], bytes], into: bytearray) -> bool:
        if name not in self._open:
            return False
        try:
            data = receive(_CHUNK_BYTES)
        except TimeoutError:
            return False
        if not data:
            self._open.discard(name)
        into += data
        if len(into) > _MOST_BYTES:
            raise RemoteError(
                f"the command wrote more than {_MOST_BYTES >> 20} MiB to its {name}; its channel was closed",
                remedy="does a login there print text of its own, or is what it was to read that large? fab check",
            )
        return True

    def _send(self) -> bool:
        if not self._input:
            if self._last_input:
                self._last_input = False
                with suppress(OSError, EOFError):  # the command has ended: its status tells the rest
                    self._channel.shutdown_write()
            return False
        try:
            sent = self._channel.send(self._input[:_CHUNK_BYTES])  # type: ignore[arg-type]
        except TimeoutError:
            return False  # the window is full
        except (OSError, EOFError):
            sent = 0
        # Nothing sent: the command has closed its input, as `head -1` does; that is its right.
        self._not_taken = 0 if sent else len(self._input)
        self._input = self._input[sent:] if sent else memoryview(b"")
        return bool(sent)

    def _wait(self) -> None:
        left_s = max(self._deadline - time.monotonic(), 0.0)
        wait_s = min(_WINDOW_WAIT_S if self._input else _IDLE_WAIT_S, left_s)
        if self._open:
            self._poll.poll(wait_s * 1000)
        else:
            self._channel.status_event.wait(wait_s)

    def _seen(self) -> str:
        lines = self.stderr.decode("utf-8", "replace").strip().splitlines()
        said = f"last on stderr: {lines[-1][:200]!r}" if lines else "nothing on stderr"
        left = len(self._input) or self._not_taken
        unsent = f", {left} bytes of input not taken" if left else ""
        return f"{said}, {len(self.stdout)} bytes on stdout{unsent}"

    def _too_late(self) -> RemoteError:
        if self._channel.exit_status_ready() and (status := self._channel.recv_exit_status()) >= 0:
            return RemoteError(
                f"the command ended with status {status}, but what it started keeps"
                f" its output open beyond {self._limit_s:g} s; {self._seen()}",
                remedy="redirect the output of what stays in the background: >/dev/null 2>&1 </dev/null",
            )
        return RemoteError(
            f"the command did not end within {self._limit_s:g} s; {self._seen()}; its channel was closed",
            remedy="it may still run on the node: see there with ps; or raise limits.command_s",
        )

    def _without_status(self) -> RemoteError:
        transport = self._channel.get_transport()
        if transport is None or not transport.is_active():
            return RemoteError(
                f"{self._broke()} while the command ran; {self._seen()}",
                remedy="whether the command ended is not known: look at the node, then fab status",
            )
        return RemoteError(
            f"the command was ended by a signal; {self._seen()}",
            remedy="who ended it? see the node's system log (out of memory, administrator)",
        )
