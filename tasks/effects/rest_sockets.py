"""REST by `requests` over sockets that somebody else opens: an SSH tunnel, or this machine."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from functools import lru_cache

import requests
import urllib3
from urllib3.connectionpool import HTTPConnectionPool

from tasks.core.errors import PortRefused
from tasks.effects.deadline import Deadline
from tasks.effects.rest import LONGEST_ANSWER_BYTES, Answer, Ask, Endpoint, read_ca
from tasks.effects.rest_failures import Failures
from tasks.effects.rest_pools import OnePool, PlainPool, TlsPool

_HUNG_UP = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)


class SocketTransport:
    """A kept-alive connection to the admin endpoint over sockets from `dial`.

    Args:
        via: How the sockets come about, for messages.
        dial: Opens a socket to the endpoint within the seconds given; raises RemoteError.
    """

    def __init__(self, endpoint: Endpoint, *, via: str, dial: Callable[[float], socket.socket]) -> None:
        self._endpoint = endpoint
        self._via = via
        self._dial = dial
        self._context = _tls_context(endpoint)
        self._adapter = OnePool(self._pool)
        self._session = requests.Session()
        self._session.trust_env = False  # no proxies, no .netrc
        self._questions: dict[Ask, requests.PreparedRequest] = {}
        self._lock = threading.Lock()
        self._deadline = Deadline(endpoint.limit_s)
        self._guard: socket.socket | None = None  # a second handle of the open connection
        self._dialled = False  # in this exchange

    def ask(self, ask: Ask) -> Answer:
        """See Transport. A GET whose kept-alive connection turns out to be dead is asked once more."""
        with self._lock, Deadline(self._endpoint.limit_s) as self._deadline:
            failures = Failures(self._endpoint, ask, self._via)
            if ask.method != "GET" or self._guard is None:
                self._drop()  # what changes something never goes over a connection that may be dead
            try:
                return self._exchange_again(ask, failures)
            except PortRefused as error:
                raise failures.refused("connection refused") from error
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
                raise _explained(error, failures, expired=self._deadline.expired) from error

    def close(self) -> None:
        with self._lock:
            self._drop()
            self._adapter.close()

    def _exchange_again(self, ask: Ask, failures: Failures) -> Answer:
        reused = self._guard is not None
        try:
            return self._exchange(ask, failures)
        except (requests.ConnectionError, urllib3.exceptions.ProtocolError):
            if not reused or self._dialled or self._deadline.expired:
                raise
            self._drop()
            return self._exchange(ask, failures)

    def _exchange(self, ask: Ask, failures: Failures) -> Answer:
        self._dialled, kept = False, False
        if self._guard is not None:
            self._deadline.watch(self._guard)
        try:
            with self._send(ask) as response:
                body = _read_body(response, failures)
                kept = _keeps_alive(response)
        finally:
            if not kept or self._deadline.expired:
                self._drop()
        if self._deadline.expired:
            raise failures.timeout()  # the body may have been cut by us
        return Answer(response.status_code, body)

    def _send(self, ask: Ask) -> requests.Response:
        return self._adapter.send(self._prepared(ask), timeout=self._deadline.left_s, stream=True)

    def _prepared(self, ask: Ask) -> requests.PreparedRequest:
        """A question that may be asked again is made once: that costs more than to send it."""
        if (known := self._questions.get(ask)) is not None:
            return known
        endpoint = self._endpoint
        request = requests.Request(
            ask.method, endpoint.url(ask), data=ask.body or None, headers=endpoint.headers(ask)
        )
        prepared = self._session.prepare_request(request)
        if ask.method == "GET":
            self._questions[ask] = prepared
        return prepared

    def _open(self) -> socket.socket:
        sock = self._dial(self._deadline.left_s)
        self._dialled = True
        self._unguard()
        self._guard = socket.socket(fileno=os.dup(sock.fileno()))
        self._deadline.watch(self._guard)
        sock.settimeout(self._deadline.left_s)
        return sock

    def _pool(self) -> HTTPConnectionPool:
        admin = self._endpoint.admin
        if self._context is None:
            return PlainPool(admin.host, admin.port, maxsize=1, opened=self._open)
        return TlsPool(admin.host, admin.port, maxsize=1, opened=self._open, ssl_context=self._context)

    def _drop(self) -> None:
        self._adapter.renew()
        self._unguard()

    def _unguard(self) -> None:
        if self._guard is not None:
            self._deadline.forget()
            self._guard.close()
            self._guard = None


def _tls_context(endpoint: Endpoint) -> ssl.SSLContext | None:
    if not endpoint.is_tls:
        return None
    try:
        return _context(read_ca(endpoint), verified=endpoint.admin.verify)
    except ssl.SSLError as error:
        raise Failures(endpoint, Ask("GET", ""), "").not_trusted(f"it cannot be loaded: {error}") from error


@lru_cache(maxsize=8)
def _context(ca_pem: str | None, *, verified: bool) -> ssl.SSLContext:
    """Of all nodes that trust the same: the system's own store takes longer to read than a node to answer."""
    context = ssl.create_default_context(cadata=ca_pem)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # as curl does: a pinned certificate is trusted
    # Python 3.13 would refuse CAs that older ones and curl take.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not verified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _keeps_alive(response: requests.Response) -> bool:
    return response.raw.version >= 11 and response.headers.get("Connection", "").lower() != "close"


def _read_body(response: requests.Response, failures: Failures) -> bytes:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise failures.garbage("an encoded body that was not asked for")
    body = b""
    for chunk in response.raw.stream(65536, decode_content=False):
        body += chunk
        if len(body) > LONGEST_ANSWER_BYTES:
            raise failures.too_long()
    return body


def _explained(error: Exception, failures: Failures, *, expired: bool) -> Exception:
    """The operator's version of what went wrong below."""
    reasons = tuple(_reasons(error))
    text = " ".join(str(reason) for reason in reasons)
    for untrusted in (r for r in reasons if isinstance(r, ssl.SSLCertVerificationError)):
        return failures.not_trusted(untrusted.verify_message)
    if expired or any(isinstance(r, TimeoutError | requests.Timeout) for r in reasons):
        return failures.timeout()
    if "WRONG_VERSION_NUMBER" in text or "HTTP_REQUEST" in text or "\\x15\\x03" in text or "\x15\x03" in text:
        return failures.wrong_scheme()
    for half in (r for r in reasons if isinstance(r, http.client.IncompleteRead)):
        return failures.broken_off(str(half))
    if any(isinstance(r, _HUNG_UP) for r in reasons):
        return failures.hung_up(_innermost(reasons))
    return failures.garbage(f"no HTTP answer: {_innermost(reasons)}")


def _reasons(error: BaseException) -> Iterator[BaseException]:
    """The error, and everything that libraries have wrapped into it."""
    seen: list[BaseException] = [error]
    for one in seen:
        inner = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
        seen.extend(i for i in inner if isinstance(i, BaseException) and i not in seen)
        yield one


def _innermost(reasons: tuple[BaseException, ...]) -> str:
    last = reasons[-1]
    return f"{type(last).__name__}: {last}"[:200]
