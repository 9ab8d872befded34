"""A look at a keystore: what each entry is, whose it is, who can read it, where a link leads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest

from tasks.core.folders import Kind, State
from tasks.effects.folders import look_at_folders
from tasks.effects.looking import look_at_files
from tests.effects.keystore_node import furnished
from tests.effects.node_tree import (
    Tree,
    needs_root,
    not_as_root,
    sha256,
    tree,
)


@pytest.fixture
def node() -> Iterator[Tree]:
    with tree() as made:
        yield furnished(made)


def test_a_look_says_what_each_entry_is_and_whose(node: Tree) -> None:
    (node.keystore / "gone").symlink_to("nowhere")
    os.mkfifo(node.keystore / "pipe")
    (node.keystore / "loop").symlink_to(".")
    files = look_at_files(node.remote)
    absent = PurePosixPath(node.root / "no" / "such")
    looked = look_at_folders(node.remote, files, (PurePosixPath(node.keystore), absent))
    found = looked.by_path[PurePosixPath(node.keystore)]
    kinds = {item.name: item.kind for item in found.items if item.name.count("/") == 0}
    assert {kinds["gone"], kinds["pipe"], kinds["loop"]} == {Kind.DANGLING, Kind.OTHER, Kind.DIRECTORY}
    assert any(item.kind is Kind.DEEP for item in found.items)
    key = found.by_name["AdminDefaultKey.pem"]
    assert (key.sha256, key.size_bytes) == (sha256(b"admin key" * 1000), 9000)
    assert (key.owner, key.mode, key.readable) == (node.user, "400", True)
    assert (found.state, found.mode, found.reachable) == (State.DIRECTORY, "700", True)
    assert (looked.by_path[absent].state, looked.by_path[absent].items) == (State.ABSENT, ())
    assert looked.cfg.changed_at == pytest.approx(node.cfg.stat().st_ctime, abs=1)


def test_a_look_follows_a_link_to_a_keystore_and_says_where_it_leads(node: Tree) -> None:
    linked = node.root / "linked"
    linked.symlink_to(node.keystore)
    found = look_at_folders(node.remote, look_at_files(node.remote), (PurePosixPath(linked),))
    assert found.by_path[PurePosixPath(linked)].real == PurePosixPath(node.keystore)


@needs_root
def test_what_the_service_user_cannot_get_to_is_said(node: Tree) -> None:
    shut = node.folder(node.root / "shut")
    os.chown(shut, 0, 0)
    inside = PurePosixPath(shut / "keystore")
    node.write(node.keystore / "roots.pem", b"x", uid=0)
    looked = look_at_folders(node.remote, look_at_files(node.remote), (inside, PurePosixPath(node.keystore)))
    assert not looked.by_path[inside].reachable
    assert not looked.by_path[PurePosixPath(node.keystore)].by_name["roots.pem"].readable


@needs_root
def test_of_many_entries_just_those_that_the_service_user_cannot_read_are_said(node: Tree) -> None:
    """All entries of a folder are asked at once: each answer has to find its own."""
    for name in ("..first", ".fab-tls.part", "between $(id) *.pem", "folder/a", "folder/z", "zz"):
        node.write(node.keystore / name, b"x", uid=0)
    looked = look_at_folders(node.remote, look_at_files(node.remote), (PurePosixPath(node.keystore),))
    (found,) = looked.by_path.values()
    shut = {item.name for item in found.items if not item.readable}
    assert shut == {"..first", "between $(id) *.pem", "folder/a", "folder/z", "zz"}
    assert {"..data", "AdminDefaultKey.pem", "folder", "folder/inner"} <= {
        item.name for item in found.items
    } - shut


@not_as_root
def test_what_our_login_cannot_look_into_is_said(node: Tree) -> None:
    shut = node.folder(node.root / "shut", mode=0)
    looked = look_at_folders(node.remote, look_at_files(node.remote), (PurePosixPath(shut),))
    assert looked.by_path[PurePosixPath(shut)].state is State.CLOSED


@pytest.mark.parametrize("end", ["\n", "\u2028", "\u0085"])
def test_a_name_that_holds_the_end_of_a_line_is_one_entry(node: Tree, end: str) -> None:
    (node.keystore / f"x{end}folder absent - - no tmpfs /").write_bytes(b"")
    looked = look_at_folders(node.remote, look_at_files(node.remote), (PurePosixPath(node.keystore),))
    (found,) = looked.by_path.values()
    assert [item.size_bytes for item in found.items if item.name.startswith("x")] == [0]
