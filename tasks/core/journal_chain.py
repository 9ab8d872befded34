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
import json
import re

ENDS = frozenset({"completed", "abandoned"})  # events after which nothing is left to do
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


def ends_sealed(journal: bytes) -> bool:
    """Whether every line is sealed by the one before, the first by nothing, and one of them ends the run.

    False where it takes a closer look (`journal.py`): at lines that are cut short, damaged, or not chained.
    """
    *lines, rest = journal.split(b"\n")
    chain, over = hashlib.sha256(b"").hexdigest().encode(), False
    for line in lines:
        content, own = parted(line)
        if not own or seal(content, after=chain) != own:
            return False
        chain, over = own, over or _event(content) in ENDS
    return over and not rest


def _event(content: bytes) -> str:
    """ "" where somebody has sealed what is no line of ours."""
    try:
        return str(json.loads(content)["event"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
