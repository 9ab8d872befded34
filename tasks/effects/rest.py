"""One REST exchange with a node: what is asked, what came back, and how it can fail."""

from __future__ import annotations

import base64
import math
import re
from dataclasses import field
from pathlib import Path
from typing import Protocol

from tasks.core.dataclass import dataclass
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

    @property
    def other_scheme(self) -> str:
        return "http" if self.is_tls else "https"

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
