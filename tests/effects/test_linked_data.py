"""Symbolic links on the way to the files: followed, shown, and left in place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from tasks.core.places import Places, data_of, places
from tasks.effects.files import clean_up, stage, swap_in
from tasks.effects.looking import look_at_files
from tests.effects.node_tree import CA, CERT, CFG, KEY, Tree, deliveries, sha256, tree

NEW = {CA: b"ca new", CERT: b"cert new", KEY: b"key new"}


@pytest.fixture
def node() -> Iterator[Tree]:
    with tree() as made:
        yield made


def _linked(node: Tree, where: Path) -> Tree:
    """What lies at `where` is moved away, and a link to it left."""
    away = node.root / f"real-{where.name}"
    where.rename(away)
    where.symlink_to(away)
    return node


def _places(node: Tree) -> Places:
    files = look_at_files(node.remote)
    assert files.keystore
    assert files.truststore
    return places(
        files.resolved(data_of(node.remote.node)),
        run="run-1",
        keystore=files.resolved(files.keystore),
        truststore=files.resolved(files.truststore),
        cfg=files.cfg_path,
    )


def _renewed(node: Tree) -> None:
    """Stage, swap in, and clean up, as a run does."""
    files, at = look_at_files(node.remote), _places(node)
    assert files.target_fault is None
    stage(node.remote, deliveries(at, NEW), acting=files.acting, owner=files.service_user)
    wanted = {name: sha256(content) for name, content in NEW.items()}
    swap_in(node.remote, at, wanted=wanted | {CFG: files.cfg_sha256}, files=files)
    clean_up(node.remote, at, acting=files.acting)


def _links(node: Tree) -> set[Path]:
    return {path for path in node.root.rglob("*") if path.is_symlink()}


@pytest.mark.parametrize("place", ["amlen", "amlen/data", "certificates", "keystore", "config"])
def test_files_go_to_where_a_link_leads_and_the_link_stays(node: Tree, place: str) -> None:
    spots = {"certificates": node.keystore.parent, "keystore": node.keystore, "config": node.cfg.parent}
    _linked(node, spots.get(place, node.root / place))
    before = _links(node)
    assert len(before) == 1
    _renewed(node)
    assert _links(node) == before
    live = {CA: node.truststore / CA, CERT: node.keystore / CERT, KEY: node.keystore / KEY}
    assert {name: path.read_bytes() for name, path in live.items()} == NEW
    assert not list(node.root.rglob(".fab-tls*"))


def test_work_is_done_in_the_real_data_directory_whichever_name_a_path_has(node: Tree) -> None:
    """server.cfg names the newer path, the inventory the legacy one: the same directory."""
    legacy = node.root / "messagesight"
    legacy.symlink_to(node.root / "amlen")
    named = node.with_paths(data_dir=legacy, server_cfg=legacy / "data/config" / CFG)
    at = _places(named)
    assert at.key_stage == at.ca_stage == at.cfg_stage == PurePosixPath(node.data / ".fab-tls/run-1/stage")
    seen = look_at_files(named.remote)
    assert seen.resolved(PurePosixPath(legacy / "data")) == PurePosixPath(node.data)
    assert seen.cfg_path == PurePosixPath(node.cfg)


def test_without_links_every_path_is_itself(node: Tree) -> None:
    seen = look_at_files(node.remote)
    assert all(path == real for path, real in seen.real.items())
    assert len(seen.real) == 6  # keystore, truststore, the configuration's directory and file, the data's two


def test_a_link_inside_the_data_directory_does_not_move_the_directory(node: Tree) -> None:
    away = node.root / "elsewhere"
    node.data.rename(away)
    node.data.symlink_to(away)
    home = PurePosixPath(node.root / "amlen")
    seen = look_at_files(node.remote)
    assert (seen.resolved(home), seen.resolved(home / "data")) == (home, PurePosixPath(away))
