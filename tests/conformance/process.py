"""The server process of a node, found and signalled over SSH: needs sh, grep and coreutils there."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from tasks.core.model import Node
from tasks.effects.file_access import sh
from tasks.effects.remote import Remote

PROGRAM = "imaserver"

# args: a part of the command line. Prints pid, parent and the command line in base64, one per line.
_LIST = r"""
for file in $(grep -lasF -e "$1" -e imaserver /proc/[0-9]*/cmdline); do
    dir=${file%/cmdline}
    parent=$(sed -n 's/^PPid:[[:space:]]*//p' "$dir/status" 2>/dev/null) || continue
    echo "${dir#/proc/} $parent $(base64 < "$file" 2>/dev/null | tr -d '\n')"
done
"""
_TERM = 'kill -TERM "$1"'


@dataclass(frozen=True, slots=True)
class Found:
    pid: int
    parent: int
    argv: tuple[str, ...]


def own_directories(node: Node, others: Iterable[Node]) -> frozenset[PurePosixPath]:
    """The directories above (and with) the node's data that are no other node's."""
    shared = {path for other in others for path in _above(other)} if others else set()
    return frozenset(set(_above(node)) - shared)


def _above(node: Node) -> tuple[PurePosixPath, ...]:
    return (node.paths.data_dir, *node.paths.data_dir.parents)


def processes(remote: Remote, *, own: frozenset[PurePosixPath]) -> tuple[Found, ...]:
    """The server and its start script: the program's name, or a directory of the node's own, says so."""
    hint = str(min(own, default=PurePosixPath(PROGRAM))).lstrip("/")
    lines = sh(remote, _LIST, hint, what="look for the server process").text.splitlines()
    found = (_parsed(line) for line in lines if len(line.split(" ")) == 3)
    return tuple(one for one in found if _is_server(one.argv, own))


def server(remote: Remote, *, own: frozenset[PurePosixPath]) -> int | None:
    """The server's pid: of those found, the one that is no other's parent; None if it is down."""
    found = processes(remote, own=own)
    leafs = [one.pid for one in found if one.pid not in {other.parent for other in found}]
    assert len(leafs) <= 1, f"[{remote.node.name}] several server processes: {leafs}"
    return leafs[0] if leafs else None


def terminate(remote: Remote, pid: int) -> None:
    sh(remote, _TERM, str(pid), what=f"send TERM to {pid}")


def _parsed(line: str) -> Found:
    pid, parent, argv = line.split(" ")
    words = base64.b64decode(argv).decode("utf-8", "replace").rstrip("\0").split("\0")
    return Found(int(pid), int(parent), tuple(words))


def _is_server(argv: tuple[str, ...], own: frozenset[PurePosixPath]) -> bool:
    return PurePosixPath(argv[0]).name == PROGRAM or any(PurePosixPath(word) in own for word in argv)
