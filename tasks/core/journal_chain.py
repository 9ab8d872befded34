"""The chain of a journal: each line seals all that stand before it.

The rule, for bytes: a line is a JSON object whose last field is `chain`. Its value is the SHA-256, in 64 lower-case
hexadecimal digits, of the chain of the line before (those 64 digits) followed by the line itself without that field
and without its end. Before the first chained line there is no chain: in its place stands the SHA-256 of all bytes
before that line, of none where the journal begins with it. So a journal that an older version began is sealed from
the first line on that this one adds.

No secret goes into it: who changes a line can seal all that follow anew. What proves that nobody did is a chain value
that was noted elsewhere: in a report, a ticket, on paper.
"""

from __future__ import annotations

import hashlib
import re

_FIELD = re.compile(rb',"chain":"([0-9a-f]{64})"\}\Z')


def chained(content: bytes, *, after: bytes) -> bytes:
    """The line for a journal: its content, one JSON object with a field at least, and the chain; without an end.

    Args:
        after: The chain of the line before; see `chain_after`.
    """
    return content[:-1] + b',"chain":"' + seal(content, after=after) + b'"}'


def seal(content: bytes, *, after: bytes) -> bytes:
    return hashlib.sha256(after + content).hexdigest().encode()


def parted(line: bytes) -> tuple[bytes, bytes]:
    """A line's content and its chain, b"" where it has none."""
    found = _FIELD.search(line)
    return (line[: found.start()] + b"}", found[1]) if found else (line, b"")


def chain_after(journal: bytes) -> bytes:
    """What the next line is sealed with.

    Args:
        journal: Whole lines only.
    """
    last = journal[:-1].rpartition(b"\n")[2]
    return parted(last)[1] or hashlib.sha256(journal).hexdigest().encode()
