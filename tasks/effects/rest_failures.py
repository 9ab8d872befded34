"""What is said of a REST exchange that failed: who was asked what, by which way, what was seen, and what to do."""

from __future__ import annotations

import json

from tasks.core.answer import clean, excerpt
from tasks.core.dataclass import dataclass
from tasks.effects.rest import (
    LONGEST_ANSWER_BYTES,
    Answer,
    Ask,
    Endpoint,
    RestGarbage,
    RestNotTrusted,
    RestRefused,
    RestRejected,
    RestTimeout,
    RestUnauthorized,
)


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
        other = self.endpoint.other_scheme
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
        other = self.endpoint.other_scheme
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


def _error_of(body: bytes) -> tuple[str, str]:
    """Code and message of an error body; empty where it has none."""
    try:
        found = json.loads(body.decode("utf-8", "replace"), strict=False)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(found, dict):
        return "", ""
    return clean(str(found.get("Code", "")))[:20], clean(str(found.get("Message", "")))[:300]
