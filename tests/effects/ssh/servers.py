"""Servers that do one thing wrong, or that ask for a password: what sshd cannot be made to do."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import paramiko


class Listener:
    """Accepts on a loopback port and hands each connection to `serve` in a thread of its own."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self._serve = serve
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._accepted: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                stream, _ = self._socket.accept()
            except OSError:
                return
            self._accepted.append(stream)
            thread = threading.Thread(target=self._one, args=(stream,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _one(self, stream: socket.socket) -> None:
        try:
            self._serve(stream)
        except OSError:
            pass
        finally:
            stream.close()

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for stream in self._accepted:
            try:
                stream.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        for thread in self._threads:
            thread.join(timeout=5)


def silent(stream: socket.socket) -> None:
    """Connects, and says nothing."""
    while stream.recv(4096):
        pass


def banner_only(stream: socket.socket) -> None:
    """Says that it speaks SSH, and then nothing."""
    stream.sendall(b"SSH-2.0-Quiet\r\n")
    silent(stream)


def hang_up(stream: socket.socket) -> None:
    """Takes the connection and ends it without a word, as a wrapper does that wants no more of them."""


def full_up(stream: socket.socket) -> None:
    """Ends it with the word of an sshd that has MaxStartups logins going on."""
    stream.sendall(b"Exceeded MaxStartups\r\n")


def web(stream: socket.socket) -> None:
    """Speaks, but not SSH."""
    stream.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


class PasswordServer(paramiko.ServerInterface):
    """Takes a password by one of the two methods, or thinks about it for a while.

    Args:
        mute: Until it is set, no request to run a command is answered.
    """

    def __init__(
        self, method: str, password: str, *, delay_s: float, mute: threading.Event | None = None
    ) -> None:
        self._mute = mute
        self._method = method
        self._password = password
        self._delay_s = delay_s

    def get_allowed_auths(self, username: str) -> str:
        return self._method

    def check_auth_password(self, username: str, password: str) -> int:
        if self._method != "password":
            return paramiko.common.AUTH_FAILED
        time.sleep(self._delay_s)
        return self._verdict(password)

    def check_auth_interactive(
        self, username: str, submethods: str
    ) -> int | paramiko.server.InteractiveQuery:
        if self._method != "keyboard-interactive":
            return paramiko.common.AUTH_FAILED
        return paramiko.server.InteractiveQuery("", "", ("Password: ", False))

    def check_auth_interactive_response(self, responses: list[str]) -> int:
        return self._verdict(responses[0])

    def _verdict(self, given: str) -> int:
        right = given == self._password
        return paramiko.common.AUTH_SUCCESSFUL if right else paramiko.common.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.common.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        if self._mute is not None:
            self._mute.wait(20)
            return False
        threading.Timer(0.1, _echo, (channel, command)).start()  # after the reply to this request
        return True


def _echo(channel: paramiko.Channel, command: bytes) -> None:
    channel.sendall(command)
    channel.send_exit_status(0)
    channel.close()


def password_server(
    host_key: paramiko.PKey,
    *,
    method: str,
    password: str,
    delay_s: float = 0.0,
    mute: threading.Event | None = None,
) -> Callable[[socket.socket], None]:
    """A server that answers every command with the command itself."""

    def serve(stream: socket.socket) -> None:
        transport = paramiko.Transport(stream)
        transport.add_server_key(host_key)
        try:
            transport.start_server(server=PasswordServer(method, password, delay_s=delay_s, mute=mute))
            transport.join()
        except (paramiko.SSHException, EOFError):
            return
        finally:
            transport.close()

    return serve
