"""The three live files of a node: staged, swapped in, looked at, and the script killed anywhere."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from tasks.core.errors import RemoteError
from tasks.core.places import Places
from tasks.core.snapshot import NodeFiles
from tasks.effects.files import MovedFrom, stage, swap_in
from tasks.effects.looking import look_at_files
from tests.effects.node_tree import (
    CA,
    CERT,
    KEY,
    WRAPPED,
    Disturbed,
    Tree,
    deliveries,
    sha256,
    tree,
)

NEW = {CA: b"ca new", CERT: b"cert new", KEY: b"key new"}
OLD = {CA: b"ca old", CERT: b"cert old", KEY: b"key old"}
PAIRS = {(b"cert old", b"key old"), (b"cert new", b"key new")}


@functools.cache
def seen() -> NodeFiles:
    """What a look at an untouched node shows: who acts, who owns."""
    with tree() as untouched:
        return look_at_files(untouched.remote)


def staged(node: Tree, contents: dict[str, bytes] | None = None, *, keystore: Path | None = None) -> Places:
    at = node.places(keystore=keystore)
    found = deliveries(at, NEW if contents is None else contents)
    stage(node.remote, found, acting=node.acting, owner=node.user)
    return at


def swap(node: Tree, at: Places, *, moved_from: Path | None = None, **contents: bytes) -> None:
    """Swap in what is staged; `contents` by file name without its ending."""
    wanted = {name: sha256(content) for name, content in NEW.items()}
    swap_in(
        node.remote,
        at,
        wanted=wanted | {f"{name}.cfg": sha256(content) for name, content in contents.items()},
        moved_from=MovedFrom(keystore=PurePosixPath(moved_from) if moved_from else None),
        files=seen(),
    )


def live(node: Tree, keystore: Path | None = None) -> dict[str, bytes]:
    """What the server would read now, by file name."""
    home = keystore or node.keystore
    files = {CA: node.truststore / CA, CERT: home / CERT, KEY: home / KEY}
    return {name: path.read_bytes() for name, path in files.items() if path.exists()}


def killed_everywhere(attempt: Callable[[Tree], None], look: Callable[[Tree], None]) -> int:
    """Kill the script after its first, second, ... command; look, repeat without, look again."""
    number = 0
    while True:
        number += 1
        with tree() as node:
            after = f"[ $n != {number} ] || kill -9 $PPID"
            disturbed = Disturbed.make(node.root / "bin", after=after, wrapped=WRAPPED[:6])
            problem = ""
            try:
                attempt(node.with_path(disturbed.folder))
            except RemoteError as error:
                problem = error.problem
            look(node)
            if not problem:
                return number
            assert "exit -9" in problem
            attempt(node)
            look(node)
