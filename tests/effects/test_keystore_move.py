"""A keystore that moves takes all its other files along, wherever it is broken off."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from tasks.core.errors import RemoteError
from tasks.core.snapshot import NodeFiles
from tasks.effects.files import MovedFrom, back_up, clean_up, stage, swap_in
from tasks.effects.looking import look_at_files
from tests.effects.live_files import NEW, OLD, killed_everywhere, live, seen, staged
from tests.effects.node_tree import (
    CA,
    CERT,
    CFG,
    KEY,
    SHELLS,
    Tree,
    deliveries,
    in_shell,
    mode,
    needs_root,
    owner,
    program,
    sha256,
    tree,
)


@pytest.fixture
def node() -> Iterator[Tree]:
    with tree() as made:
        yield made


def furnish_old_keystore(node: Tree) -> None:
    """An admin endpoint's files, a dot file, a folder, symlinks: what else a keystore holds."""
    node.write(node.keystore / "AdminDefaultKey.pem", b"admin key" * 1000, mode=0o400)
    node.write(node.keystore / "Admin Default$(touch ran).pem", b"odd name", mode=0o644)
    node.write(node.keystore / "..data", b"dots")
    node.write(node.keystore.parent / "shared.pem", b"shared")
    (node.keystore / "Linked.pem").symlink_to("../shared.pem")
    node.folder(node.keystore / "folder")
    node.write(node.keystore / "folder" / "inner", b"inner")


OTHERS = {"AdminDefaultKey.pem", "Admin Default$(touch ran).pem", "..data", "Linked.pem", "folder"}


def move(node: Tree, new: Path, *, files: NodeFiles | None = None) -> bytes:
    """Stage (once) with an edited server.cfg, and swap in with the keystore moving to `new`."""
    files = files or seen()
    before = node.cfg.read_bytes()
    text = before.replace(bytes(node.keystore) + b"\n", bytes(new) + b"\n")
    at = node.places(keystore=new)
    if text != before and not Path(at.cfg_stage / CFG).exists():
        found = deliveries(at, {**NEW, CFG: text})
        stage(node.with_path(Path("/")).remote, found, acting=files.acting, owner=node.user)
    wanted = {name: sha256(content) for name, content in {**NEW, CFG: text}.items()}
    old = PurePosixPath(node.keystore) if text != before else None
    swap_in(node.remote, at, wanted=wanted, moved_from=MovedFrom(keystore=old), files=files)
    return text


@pytest.fixture(params=tuple(SHELLS.values()), ids=tuple(SHELLS))
def any_shell(request: pytest.FixtureRequest, node: Tree) -> Tree:
    return in_shell(node, *request.param)


def test_a_moving_keystore_takes_every_other_file_along_and_not_ours(any_shell: Tree) -> None:
    node = any_shell
    furnish_old_keystore(node)
    new = node.root / "amlen" / "new"
    back_up(
        node.remote, {KEY: PurePosixPath(node.keystore / KEY)}, to=node.places().backup, acting=node.acting
    )
    staged(node)
    text = move(node, new)
    clean_up(node.remote, node.places(keystore=new), acting=node.acting)
    assert live(node, new) == NEW
    assert {path.name for path in new.iterdir()} == {CERT, KEY} | OTHERS
    assert (mode(new), owner(new)) == ("700", node.user)
    assert mode(new / "AdminDefaultKey.pem") == "400"
    assert (new / "Linked.pem").read_bytes() == b"shared"
    assert (new / "folder" / "inner").read_bytes() == b"inner"
    assert live(node)[KEY] == OLD[KEY]
    assert (node.cfg.read_bytes(), mode(node.cfg)) == (text, "640")
    assert not list(node.root.rglob("ran"))


@needs_root
def test_a_moving_keystore_keeps_the_owners_where_root_acts(node: Tree) -> None:
    furnish_old_keystore(node)
    node.own(node.keystore / "AdminDefaultKey.pem", mode=0o440, uid=0)
    os.chown(node.keystore / "AdminDefaultKey.pem", 0, node.gid)
    node.own(node.cfg, mode=0o644, uid=0)
    new = node.root / "srv" / "amlen" / "keystore"
    files = look_at_files(node.with_paths(keystore=new).remote)
    assert files.acting == "0:0"
    move(node, new, files=files)
    assert owner(new / "AdminDefaultKey.pem") == f"0:{node.gid}"
    assert (owner(node.cfg), mode(node.cfg)) == ("0:0", "644")
    assert {owner(path) for path in (new, new.parent, new.parent.parent, new / KEY)} == {node.user}
    now = look_at_files(node.remote)
    assert now.keystore == PurePosixPath(new)
    assert now.files[KEY].readable


def test_a_keystore_move_broken_off_anywhere_is_completed_by_the_next_try() -> None:
    def attempt(node: Tree) -> None:
        if not (node.keystore / "AdminDefaultKey.pem").exists():
            node.write(node.keystore / "AdminDefaultKey.pem", b"admin key" * 1000, mode=0o400)
        move(node, node.root / "amlen" / "deep" / "new")

    def look(node: Tree) -> None:
        new = node.root / "amlen" / "deep" / "new"
        if bytes(new) + b"\n" in node.cfg.read_bytes():
            assert live(node, new) == NEW
            assert {path.name for path in new.iterdir()} - {".fab-tls"} == {CERT, KEY, "AdminDefaultKey.pem"}
            assert (new / "AdminDefaultKey.pem").read_bytes() == b"admin key" * 1000
            assert {owner(path) for path in (new.parent, new, new / KEY)} == {node.user}
        else:
            assert live(node) in (OLD, OLD | {CA: NEW[CA]})

    assert killed_everywhere(attempt, look) >= 8


def test_a_copy_that_was_cut_in_the_middle_is_made_anew(node: Tree) -> None:
    furnish_old_keystore(node)
    new = node.root / "amlen" / "new"
    cut = node.root / "bin"
    cut.mkdir(mode=0o755)
    program(
        cut / "cp",
        "for made; do :; done\n"
        '/bin/cp "$@"; case $* in *AdminDefaultKey.pem*) ;; *) exit 0 ;; esac\n'
        '[ ! -d "$made" ] || made=$made/AdminDefaultKey.pem\n'
        'chmod u+w -- "$made"; echo cut > "$made"; kill -9 $PPID',
    )
    with pytest.raises(RemoteError, match="swap in the staged files: exit -9"):
        move(node.with_path(cut), new)
    move(node, new)
    assert (new / "AdminDefaultKey.pem").read_bytes() == b"admin key" * 1000


def test_what_is_in_the_new_keystore_already_is_kept(node: Tree) -> None:
    furnish_old_keystore(node)
    new = node.folder(node.root / "amlen" / "new")
    node.write(new / "AdminDefaultKey.pem", b"another")
    move(node, new)
    assert (new / "AdminDefaultKey.pem").read_bytes() == b"another"


def test_a_moving_truststore_takes_its_other_files_along_and_not_the_old_ca_file(node: Tree) -> None:
    node.folder(node.truststore / "Cluster_capath")
    node.write(node.truststore / "Cluster_capath" / "0a1b2c3d.0", b"more trust")
    node.write(node.truststore / "Client_cafile.pem", b"clients", mode=0o440)
    staged(node)
    new = node.root / "amlen" / "trust"
    at = replace(node.places(), truststore=PurePosixPath(new))
    moved = MovedFrom(truststore=PurePosixPath(node.truststore))
    swap_in(node.remote, at, wanted={}, moved_from=moved, files=look_at_files(node.remote))
    assert (new / "Cluster_cafile.pem").read_bytes() == NEW["Cluster_cafile.pem"]
    assert (new / "Cluster_capath" / "0a1b2c3d.0").read_bytes() == b"more trust"
    assert mode(new / "Client_cafile.pem") == "440"


def test_a_truststore_that_stays_is_not_copied(node: Tree) -> None:
    node.write(node.truststore / "Client_cafile.pem", b"clients")
    staged(node)
    new = node.root / "amlen" / "trust"
    at = replace(node.places(), truststore=PurePosixPath(new))
    swap_in(node.remote, at, wanted={}, files=look_at_files(node.remote))
    assert {path.name for path in new.iterdir()} == {"Cluster_cafile.pem"}
