"""The admin endpoint: plain HTTP and TLS on the same port, one request at a time per connection."""

from __future__ import annotations

import base64
import hmac
import json
import select
import socket
import socketserver
import ssl
import threading
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from tasks.lab import routes
from tasks.lab.routes import Answer

if TYPE_CHECKING:
    from tasks.lab.gateway import Gateway

_IDLE_LIMIT_S = 60.0
_NOT_AUTHORIZED = routes.error(401, "CWLNA0207", "The request is not authorized.")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, gateway: Gateway, tls: ssl.SSLContext) -> None:
        self.gateway = gateway
        self.tls = tls
        settings = gateway.host.settings
        super().__init__((settings.address, settings.admin_port), _Connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away, or spoke no TLS, is no event."""


class AdminEndpoint:
    """Listens from `open` to the end of the process."""

    def __init__(self, server: _Server) -> None:
        loop = threading.Thread(target=server.serve_forever, args=(3600.0,), name="admin", daemon=True)
        loop.start()

    @classmethod
    def open(cls, gateway: Gateway, *, keystore: str | None) -> AdminEndpoint | None:
        """The endpoint; None without its own certificate and key in the keystore: it stays shut."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(f"{keystore}/AdminDefaultCert.pem", f"{keystore}/AdminDefaultKey.pem")
        except (OSError, ssl.SSLError) as error:
            text = f'Unable to create an SSL/TLS context: Endpoint="!AdminEndpoint" Error="{error}".'
            gateway.host.logs.server("CWLNA0911", "E", text=text)
            return None
        return cls(_Server(gateway, context))


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Amlen"
    sys_version = ""
    timeout = _IDLE_LIMIT_S
    disable_nagle_algorithm = True
    server: _Server
    connection: socket.socket
    request: socket.socket

    def setup(self) -> None:
        self.request.settimeout(_IDLE_LIMIT_S)
        if self.request.recv(1, socket.MSG_PEEK) == b"\x16":
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def do_GET(self) -> None:
        self._handle("GET")

    def do_POST(self) -> None:
        self._handle("POST")

    def do_DELETE(self) -> None:
        self._handle("DELETE")

    def log_message(self, format: str, *args: Any) -> None:
        """The real server logs no request either."""

    def _handle(self, method: str) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        faults = self.server.gateway.host.disturbances.active()
        if faults.get("rest_hang"):
            return self._hang()
        if isinstance(status := faults.get("rest_status"), int | float) and status >= 100:
            return self._answer(routes.error(int(status), "CWLNA0999", "An injected fault."), faults)
        if not self._is_authorized():
            return self._answer(_NOT_AUTHORIZED, faults)
        path = self.path.partition("?")[0]
        if method == "POST":
            self.server.gateway.host.requests.note(path, content)
        return self._answer(routes.answer(self.server.gateway, method, path=path, content=content), faults)

    def _is_authorized(self) -> bool:
        settings = self.server.gateway.host.settings
        if settings.admin_user is None:
            return True
        wanted = base64.b64encode(f"{settings.admin_user}:{settings.admin_password}".encode()).decode()
        scheme, _, given = (self.headers.get("Authorization") or "").partition(" ")
        return scheme.lower() == "basic" and hmac.compare_digest(given.strip().encode(), wanted.encode())

    def _answer(self, answer: Answer, faults: dict[str, Any]) -> None:
        body = _render(answer, faults)
        self.send_response(answer.status)
        if answer.status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="IMA"')
        self.send_header("Content-Type", "application/json;charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if faults.get("rest_half_body"):
            body = body[: len(body) // 2]
            self.close_connection = True
        self.wfile.write(body)

    def _hang(self) -> None:
        """Say nothing until the client has gone."""
        self.close_connection = True
        poll = select.poll()
        poll.register(self.connection, select.POLLIN | select.POLLRDHUP)
        poll.poll(600_000)


def _render(answer: Answer, faults: dict[str, Any]) -> bytes:
    if faults.get("rest_garbage"):
        return b"<html><body>It works!</body></html>\n"
    text = json.dumps(answer.body, indent=2)
    if faults.get("malformed_cluster_json") and "Cluster" in answer.body:
        text = text.replace('"Cluster": {', '"Cluster": {\n,', 1)
    return text.encode() + b"\n"
