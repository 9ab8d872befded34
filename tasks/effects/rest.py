"""One REST exchange with a node: what is asked, what came back, and how it can fail."""

from __future__ import annotations

import base64
import json
import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tasks.core.answer import clean, excerpt
from tasks.core.errors import RemoteError
from tasks.core.model import Admin

LONGEST_ANSWER_BYTES = 1 << 20
_CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\\s]+-----END CERTIFICATE-----")


class RestError(RemoteError):
    """The admin REST API of a node did not do what was asked."""


class RestRefused(RestError):
    """Nothing listens there: not yet back, stopped, or an admin API that never came up."""


class RestTimeout(RestError):
    """No complete answer within the limit."""


class RestNotTrusted(RestError):
    """The endpoint's TLS certificate does not verify."""


class RestGarbage(RestError):
    """Something answers, but not the admin API as it should be: protocol, TLS or JSON."""


class RestUnauthorized(RestError):
    """User or password are wrong: asking again does not help."""


class RestRejected(RestError):
    """The admin API answered with an error.

    Attributes:
        status: The HTTP status.
        code: The server's message code, "CWLNA0130"; "" if the body has none.
    """

    def __init__(self, problem: str, *, remedy: str, node: str, status: int, code: str) -> None:
        super().__init__(problem, remedy=remedy, node=node)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Ask:
    """One request; path is below /ima/v1/."""

    method: str  # GET | POST
    path: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a node's admin API is, and how it is spoken to."""

    node: str
    admin: Admin
    limit_s: float
    authorization: str | None = field(default=None, repr=False)  # the header's value

    @property
    def base(self) -> str:
        host = f"[{self.admin.host}]" if ":" in self.admin.host else self.admin.host
        return f"{self.admin.scheme}://{host}:{self.admin.port}"

    @property
    def is_tls(self) -> bool:
        return self.admin.scheme == "https"

    def url(self, ask: Ask) -> str:
        return f"{self.base}/ima/v1/{ask.path}"

    def headers(self, ask: Ask) -> dict[str, str]:
        """What goes with the request; holds the password."""
        found = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if self.authorization:
            found["Authorization"] = self.authorization
        if ask.body:
            found["Content-Type"] = "application/json"
        return found


class Transport(Protocol):
    """One way to carry an exchange, within the endpoint's limit; one at a time."""

    def ask(self, ask: Ask) -> Answer:
        """Raises RestError, or RemoteError where the way itself failed."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Failures:
    """The errors of one exchange: all say who was asked what, by which way."""

    endpoint: Endpoint
    ask: Ask
    via: str

    def refused(self, seen: str) -> RestRefused:
        return RestRefused(
            self._says(f"{seen}: nothing listens there"),
            remedy="is the server running? fab status; admin.host and admin.port in the inventory;"
            " if it just restarted: <log_dir>/imaserver-default.log on the node",
            node=self.endpoint.node,
        )

    def timeout(self) -> RestTimeout:
        return RestTimeout(
            self._says(f"no complete answer within {self.endpoint.limit_s:g} s"),
            remedy="fab status; limits.rest_s in the inventory, or a server or firewall that hangs",
            node=self.endpoint.node,
        )

    def not_trusted(self, reason: str) -> RestNotTrusted:
        ca = self.endpoint.admin.ca or "the system's trust store"
        return RestNotTrusted(
            self._says(f"TLS certificate not trusted by {ca}: {clean(reason)}"),
            remedy="admin.ca in the inventory: the CA of the admin endpoint's certificate; admin.host: a name"
            " in that certificate; or admin.verify: false, and every run says so",
            node=self.endpoint.node,
        )

    def wrong_scheme(self) -> RestGarbage:
        seen, right = ("plain HTTP", "http") if self.endpoint.is_tls else ("TLS", "https")
        return self.garbage(
            f"the port speaks {seen}, asked by {self.endpoint.admin.scheme}",
            remedy=f"admin.scheme: {right} in the inventory, if admin.port is right",
        )

    def garbage(self, seen: str, *, remedy: str = "") -> RestGarbage:
        other = "http" if self.endpoint.is_tls else "https"
        usual = f"is admin.host:admin.port the admin endpoint, or admin.scheme: {other}? then fab status"
        return RestGarbage(self._says(clean(seen)), remedy=remedy or usual, node=self.endpoint.node)

    def too_long(self) -> RestGarbage:
        return self.garbage(f"an answer of more than {LONGEST_ANSWER_BYTES} bytes, cut off")

    def broken_off(self, seen: str) -> RestGarbage:
        return self.garbage(
            f"the answer broke off: {seen}",
            remedy="did the server stop or restart just then? fab status; or a proxy or firewall in between",
        )

    def hung_up(self, seen: str) -> RestGarbage:
        other = "http" if self.endpoint.is_tls else "https"
        return self.garbage(
            f"no HTTP answer: the connection was closed ({seen})",
            remedy=f"did the server stop or restart just then? fab status; or is it admin.scheme: {other}?",
        )

    def unauthorized(self) -> RestUnauthorized:
        who = f"user {self.endpoint.admin.user!r}" if self.endpoint.authorization else "no user"
        return RestUnauthorized(
            self._says(f"HTTP 401, asked with {who}"),
            remedy="admin.user and admin.password in the inventory",
            node=self.endpoint.node,
        )

    def rejected(self, answer: Answer) -> RestRejected:
        code, message = _error_of(answer.body)
        text = message or excerpt(answer.body)
        return RestRejected(
            self._says(" ".join(filter(None, (f"HTTP {answer.status}", code, text)))),
            remedy=_REMEDIES.get(answer.status, "fab status; the server's logs on the node"),
            node=self.endpoint.node,
            status=answer.status,
            code=code,
        )

    def _says(self, seen: str) -> str:
        return f"{self.ask.method} {self.endpoint.url(self.ask)} ({self.via}): {seen}"


_REMEDIES = {
    400: "the server's version does not know or take this: fab status shows it",
    403: "admin.user in the inventory: a user that may do this",
    404: "is admin.host:admin.port the admin endpoint, at a version with /ima/v1/?",
    503: "the server is not ready for this: fab status",
} | dict.fromkeys(
    (301, 302, 303, 307, 308),
    "redirects are not followed: name the endpoint itself in admin.host/port/scheme",
)


def basic(user: str, password: str) -> str:
    """The Authorization header's value. The server splits at the first colon: a user has none."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def whole_seconds(limit_s: float) -> int:
    """For tools that take no fractions: at least 1."""
    return max(1, math.ceil(limit_s))


def read_ca(endpoint: Endpoint) -> str | None:
    """The PEM text of admin.ca; None: the system's trust store, or nothing to verify.

    Raises:
        RestNotTrusted: The file cannot be read, or holds no certificate.
    """
    path = endpoint.admin.ca
    if path is None or not (endpoint.is_tls and endpoint.admin.verify):
        return None
    try:
        pem = Path(path).read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise _bad_ca(endpoint, str(error)) from error
    found = _CERTIFICATE.findall(pem)  # nothing else of the file goes into a command on the node
    if not found:
        raise _bad_ca(endpoint, "it holds no PEM certificate")
    return "\n".join(found)


def _bad_ca(endpoint: Endpoint, reason: str) -> RestNotTrusted:
    return RestNotTrusted(
        f"admin.ca {endpoint.admin.ca} cannot be used: {reason}",
        remedy="admin.ca in the inventory: a PEM file with the CA of the admin endpoint's certificate",
        node=endpoint.node,
    )


def _error_of(body: bytes) -> tuple[str, str]:
    """Code and message of an error body; empty where it has none."""
    try:
        found = json.loads(body.decode("utf-8", "replace"), strict=False)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(found, dict):
        return "", ""
    return clean(str(found.get("Code", "")))[:20], clean(str(found.get("Message", "")))[:300]
