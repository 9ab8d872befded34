"""Who writes on a node: the service user where that suffices, else root; and what forbids it."""

from __future__ import annotations

from tasks.core.dataclass import dataclass
from tasks.effects.file_config import ConfigSeen
from tasks.effects.file_facts import Facts


@dataclass(frozen=True, slots=True)
class Rights:
    """How our file operations run.

    Args:
        acting: "uid:gid"; "" where the login user is that already.
        fault: Why staged files could not be renamed into place; None if they can.
        free_bytes: Of the tightest file system.
    """

    acting: str
    fault: str | None
    free_bytes: int


def rights_of(facts: Facts, config: ConfigSeen) -> Rights:
    """From what was seen of every directory that is to be written to."""
    rows = [value.split(" ", 4) for key, value in facts if key == "target"]
    free = min((int(row[3]) for row in rows), default=0) * 1024
    apart = [row[4] for row in rows if row[1] != row[2]]
    if apart:
        fault = f"{apart[0]} is on another file system than its work directory"
        return Rights(config.user, fault, free)
    nobody = [row[4] for row in rows if row[0] == "nobody" and config.uid != 0]
    if nobody:
        return Rights(config.user, f"uid {config.uid} may not write to {nobody[0]} as {config.user}", free)
    needs_root = any(row[0] != "service" for row in rows) or config.owner != config.user
    if needs_root and config.uid == 0:
        return Rights("0:0", None, free)
    if needs_root:
        fault = f"server.cfg belongs to {config.owner}, not to {config.user}"
        return Rights(config.user, fault, free)
    return Rights(config.user if config.uid == 0 else "", None, free)
