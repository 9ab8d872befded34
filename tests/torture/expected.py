"""What is right: how the tool may end at each fault, and what it must say then.

A fault that heals within the limits may be gone through (exit 0); which did is in the table that the matrix makes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from signal import SIGKILL

from tests.torture.points import Fault

OK, REFUSED, REMOTE, GATE, UNHEALTHY = 0, 3, 4, 5, 6
_COMMAND = re.compile(r"(->|;|then|first|:) +fab [a-z]")


@dataclass(frozen=True, slots=True)
class Right:
    """How the tool may end once the fault has struck, unless it goes through.

    Args:
        codes: Its exit codes.
        names: What its last words must name, as a pattern.
    """

    codes: frozenset[int]
    names: str = ""


_REMOTE_OR_GATE = frozenset({REMOTE, GATE})
RIGHT: dict[Fault, Right] = {
    Fault.TOOL_KILLED: Right(frozenset({-SIGKILL})),
    Fault.SSH_CUT: Right(_REMOTE_OR_GATE, r"SSH|TCP connect|connection|session|command|no HTTP answer"),
    Fault.NODE_KILLED: Right(
        _REMOTE_OR_GATE,
        r"silent|no answer|refused|connection was closed|broke off|PRIMARY|State|ConnectedServers|connected",
    ),
    Fault.NODE_RESTARTED: Right(_REMOTE_OR_GATE),
    Fault.BUILTIN_PAIR: Right(_REMOTE_OR_GATE),
    Fault.MAINTENANCE: Right(_REMOTE_OR_GATE),
    Fault.DISK_FULL: Right(frozenset({REMOTE}), r"No space|full|space"),
    Fault.REST_HANGS: Right(_REMOTE_OR_GATE),
}


def wrong_end(fault: Fault, *, code: int, stderr: str) -> str:
    """What is wrong with how the tool ended after the fault; "" where nothing is."""
    right = RIGHT[fault]
    if "Traceback" in stderr:
        return "it ended with a traceback"
    if code not in right.codes:
        return f"exit {code}, wanted {' or '.join(map(str, sorted(right.codes)))}"
    if code == -SIGKILL:
        return ""
    if not _COMMAND.search(stderr):
        return f"exit {code} names no command that comes next"
    if not re.search(right.names, stderr):
        return f"exit {code} does not name the cause: no {right.names!r}"
    return ""
