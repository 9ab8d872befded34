"""What the server's own logs say about a failure. The texts are the server's, so matched by code.

Line format: `2026-11-22T21:06:06.194Z Server       .          CWLNA0911 E: Unable to create ...`;
times are local with an offset where the server's zone is not UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from tasks.core.answer import clean
from tasks.core.dataclass import dataclass

DEFAULT_LOG, TRACE_LOG = "imaserver-default.log", "imatrace.log"
_LINE = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d(?::?\d\d)?)?\s+(.*)$")
# Codes at their place alone: behind it stands what clients and peers are called.
_TLS_CONTEXT = re.compile(r"\S+\s+(?:\S+\s+)?CWLNA0911 [A-Z]:")
_CLUSTER_START = re.compile(r"\S+\s+(?:\S+\s+)?CWLNA6120 [A-Z]:.*\b187\b")
_OUR_PROBE = "did not return a certificate"
# Of the cluster's channel; and, as storeHighAvailability.c writes them, of a pair's.
_REFUSALS = re.compile(
    r"FMDU(21133|21132|21128)\b|openssl func=SSL_(accept|connect),.* error\(\d+\): (?!SSL_ERROR)"
)


@dataclass(frozen=True, slots=True)
class LogLine:
    at: datetime
    text: str


def parse_log(text: str) -> tuple[LogLine, ...]:
    """The lines that begin with a time; others (continuations, a cut first line) are passed over."""
    found = []
    for line in text.split("\n"):  # nothing else ends a line: what a client is called may hold anything
        match = _LINE.match(line)
        if match and (at := _time(match[1], match[2] or "Z")) is not None:
            found.append(LogLine(at, clean(match[3])))
    return tuple(found)


def _time(stamp: str, zone: str) -> datetime | None:
    try:
        return datetime.fromisoformat(stamp + zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def dead_admin_lines(log: str, *, since: datetime) -> tuple[str, ...]:
    """The lines that say the process can make no TLS context and listens on nothing (T1)."""
    return tuple(
        line.text
        for line in parse_log(log)
        if line.at >= since and (_TLS_CONTEXT.match(line.text) or _CLUSTER_START.match(line.text))
    )


def peer_refusals(trace: str, *, since: datetime, most: int = 3) -> tuple[str, ...]:
    """The last trace lines in which a peer was refused, with its address and OpenSSL's reason.

    Visitors without a certificate are left out: those are our own probes.
    """
    lines = [line.text for line in parse_log(trace) if line.at >= since]
    found = [text for text in lines if _REFUSALS.search(text) and _OUR_PROBE not in text]
    return tuple(found[-most:])
