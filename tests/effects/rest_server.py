"""A small HTTP server on loopback that answers as it is told, over TLS or not."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = tuple[int, bytes]
DONE: Reply = (200, b'{"Version":"v1","Code":"CWLNA6011","Message":"The change has completed."}')


@dataclass
class Script:
    """What the server answers, and what it was asked.

    Args:
        replies: By "METHOD path below /ima/v1/".
        drip: Instead of a reply, send this head and then one byte of `drop` each 50 ms.
        asked: "METHOD path" of every request.
    """

    replies: Mapping[str, Reply]
    headers: Mapping[str, str] = field(default_factory=dict)
    hang_up_after: int | None = None  # requests per connection, without telling
    drip: bytes | None = None
    drop: bytes = b"x"
    asked: list[str] = field(default_factory=list)
    authorizations: list[str | None] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    connections: int = 0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script: Script
    ending: threading.Event

    def setup(self) -> None:
        super().setup()
        self.script.connections += 1
        self.requests = 0

    def do_GET(self) -> None:
        script = self.script
        key = f"{self.command} {self.path.removeprefix('/ima/v1/')}"
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        script.asked.append(key)
        script.authorizations.append(self.headers.get("Authorization"))
        script.bodies.append(json.loads(body) if body else None)
        if script.drip is not None:
            self._drip()
        else:
            self._reply(*script.replies.get(key, (404, b'{"Code":"CWLNA0000","Message":"no such"}')))

    do_POST = do_GET

    def _reply(self, status: int, body: bytes) -> None:
        self.requests += 1
        self.send_response(status)
        for name, value in self.script.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection |= self.requests == self.script.hang_up_after

    def _drip(self) -> None:
        assert self.script.drip is not None
        self.close_connection = True
        with suppress(OSError):
            self.wfile.write(self.script.drip)
            while not self.ending.wait(0.05):
                self.wfile.write(self.script.drop)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on the screen."""


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    context: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In the connection's own thread: the handshake too."""
        if self.context is None:
            return super().finish_request(request, client_address)
        with suppress(OSError), self.context.wrap_socket(request, server_side=True) as secured:
            return super().finish_request(secured, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of these tests."""


@contextmanager
def serving(script: Script, *, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """The port of a server that answers by the script."""
    ending = threading.Event()
    handler = type("Handler", (_Handler,), {"script": script, "ending": ending, "timeout": 8})
    with _Server(("127.0.0.1", 0), handler) as server:
        server.context = context
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            ending.set()
            server.shutdown()
            thread.join()


@contextmanager
def talking(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port of a server that does `talk` with one connection after the other."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    ending = threading.Event()

    def accept() -> None:
        while not ending.is_set():
            with suppress(OSError):
                one, _ = listener.accept()
                with one:
                    one.settimeout(8)
                    talk(one)

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        ending.set()
        thread.join()
        listener.close()
