"""A keystore moves on a node: everything is there before server.cfg names it, wherever it is broken off."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import cast

import pytest

from tasks.core.errors import RemoteError
from tasks.core.model import HostFiles, Member, Paths, Volume
from tasks.core.plan import Plan
from tasks.effects.looking import look_at_files
from tasks.effects.moving import move_keystore
from tasks.effects.site import Site
from tests.effects.keystore_node import CLUSTER, OTHERS, cluster_of, content, furnished, move, planned, run_of
from tests.effects.node_tree import (
    CFG,
    KEY,
    SHELLS,
    Disturbed,
    Tree,
    in_shell,
    mode,
    needs_root,
    owner,
    program,
    sha256,
    tree,
)
from tests.effects.test_placing import Pair


@pytest.fixture
def node() -> Iterator[Tree]:
    with tree() as made:
        yield furnished(made)


@pytest.fixture(params=tuple(SHELLS.values()), ids=tuple(SHELLS))
def any_shell(request: pytest.FixtureRequest, node: Tree) -> Tree:
    return in_shell(node, *request.param)


def test_everything_goes_along_the_old_one_stays_and_server_cfg_names_the_new_one(any_shell: Tree) -> None:
    node, new = any_shell, any_shell.root / "amlen" / "own" / "keystore"
    before = content(node.keystore)
    text = node.cfg.read_bytes()
    move(node, new)
    assert {path.name for path in new.iterdir()} == OTHERS | CLUSTER
    assert content(new) == before == content(node.keystore)
    assert (mode(new), owner(new), mode(new / "AdminDefaultKey.pem")) == ("700", node.user, "400")
    assert (new / "Linked.pem").read_bytes() == b"shared"
    assert node.cfg.read_bytes() == text.replace(bytes(node.keystore) + b"\n", bytes(new) + b"\n")
    assert mode(node.cfg) == "640"
    backup = node.data / ".fab-tls" / "run-1" / "backup"
    assert {path.name for path in backup.iterdir()} == {CFG, "complete"}
    assert (backup / CFG).read_bytes() == text
    assert not list(node.root.rglob("ran"))
    assert look_at_files(node.remote).files[KEY].path == PurePosixPath(new / KEY)


def test_the_truststore_moves_with_what_is_in_its_folders(node: Tree) -> None:
    node.folder(node.truststore / "Cluster_capath")
    node.write(node.truststore / "Cluster_capath" / "0a1b2c3d.0", b"more trust", mode=0o440)
    new, trust = node.root / "amlen" / "keys", node.root / "amlen" / "trust"
    move(node, new, truststore=trust)
    assert content(trust) == content(node.truststore)
    assert mode(trust / "Cluster_capath" / "0a1b2c3d.0") == "440"
    assert look_at_files(node.remote).truststore == PurePosixPath(trust)


def test_the_way_back_is_the_same_and_a_second_time_is_nothing_to_do(node: Tree) -> None:
    text, new = node.cfg.read_bytes(), node.root / "amlen" / "own"
    plan = move(node, new)
    move(node, new, plan=plan)
    assert planned(node.with_paths(keystore=new)).steps == ()
    move(node, node.keystore)
    assert node.cfg.read_bytes() == text
    assert content(new) == content(node.keystore)


def test_a_folder_that_is_there_in_part_is_filled(node: Tree) -> None:
    new = node.folder(node.root / "amlen" / "own")
    node.folder(new / "folder")
    node.write(new / "folder" / "mine", b"mine")
    move(node, new)
    assert content(new / "folder") == {"inner": b"inner", "mine": b"mine"}


def test_another_file_that_came_after_the_plan_is_not_overwritten_and_server_cfg_stays(node: Tree) -> None:
    new, text = node.root / "amlen" / "own", node.cfg.read_bytes()
    plan = planned(node.with_paths(keystore=new))
    node.folder(new)
    node.write(new / "AdminDefaultKey.pem", b"another")
    wanted = (
        f"AdminDefaultKey.pem has SHA-256 {sha256(b'another')[:12]}, in .* {sha256(b'admin key' * 1000)[:12]}"
    )
    with pytest.raises(RemoteError, match=f"{wanted}; server.cfg still names the former place"):
        move(node, new, plan=plan)
    assert node.cfg.read_bytes() == text
    assert (new / "AdminDefaultKey.pem").read_bytes() == b"another"


def test_a_keystore_without_the_admin_endpoints_files_is_never_named(node: Tree) -> None:
    new, text = node.root / "amlen" / "own", node.cfg.read_bytes()
    plan = planned(node.with_paths(keystore=new))
    (node.keystore / "AdminDefaultKey.pem").unlink()
    with pytest.raises(RemoteError, match=r"own has no AdminDefaultKey.pem \(T11\); server.cfg still names"):
        move(node, new, plan=plan)
    assert node.cfg.read_bytes() == text


def test_a_server_cfg_that_was_changed_since_the_plan_stops_it(node: Tree) -> None:
    new = node.root / "amlen" / "own"
    plan = planned(node.with_paths(keystore=new))
    node.cfg.write_bytes(node.cfg.read_bytes() + b"# mine\n")
    with pytest.raises(RemoteError, match=r"server\.cfg was changed since the plan was made"):
        move(node, new, plan=plan)
    assert not new.exists()


@needs_root
def test_another_owner_is_kept_where_we_are_root(node: Tree) -> None:
    key = node.keystore / "AdminDefaultKey.pem"
    key.chmod(0o440)
    os.chown(key, 0, node.gid)
    new = node.root / "amlen" / "own"
    move(node, new)
    assert (owner(new / key.name), mode(new / key.name)) == (f"0:{node.gid}", "440")
    assert {owner(new), owner(new / KEY), owner(node.cfg)} == {node.user}
    assert not list((node.data / ".fab-tls").rglob("stage/*"))


def test_in_a_pair_the_node_that_is_primary_now_moves_first(node: Tree) -> None:
    with tree() as other:
        furnished(other)
        nodes = {name: in_pair(one, name) for name, one in (("gw-a1", node), ("gw-a2", other))}
        plan = merged(*(planned(one) for one in nodes.values()))
        node.cfg.write_bytes(node.cfg.read_bytes() + b"# mine\n")
        members = (Member("gw-a", tuple(one.remote.node for one in nodes.values())),)
        cluster = replace(cluster_of(node), members=members)
        site = SimpleNamespace(cluster=cluster, remote=lambda of: nodes[of.name].remote)
        run = replace(run_of(node, plan), site=cast("Site", site))
        run = Pair(**{each.name: getattr(run, each.name) for each in fields(run)})  # the second is primary
        with pytest.raises(RemoteError, match=r"gw-a1.*server\.cfg was changed"):
            move_keystore(run, plan.steps[0])
        assert look_at_files(other.remote).keystore == PurePosixPath(other.root / "amlen" / "own")


def in_pair(one: Tree, name: str) -> Tree:
    moved = one.with_paths(keystore=one.root / "amlen" / "own")
    return replace(
        moved, remote=replace(moved.remote, node=replace(moved.remote.node, name=name, member="gw-a"))
    )


def merged(first: Plan, second: Plan) -> Plan:
    return first.model_copy(
        update={"steps": first.steps + second.steps, "edits": {**first.edits, **second.edits}}
    )


def test_in_a_volume_server_cfg_gets_the_path_that_the_container_sees(node: Tree) -> None:
    inside, host = PurePosixPath("/srv/inside"), node.root / "amlen"
    node.cfg.write_text(node.cfg.read_text().replace(str(host), str(inside)))
    paths = Paths(inside, inside / "data/config" / CFG, inside / "diag/logs")
    volume = HostFiles(Volume(PurePosixPath(host), inside))
    server = replace(node.remote.node, paths=paths, files_by=volume)
    contained = replace(node, remote=replace(node.remote, node=server))
    before = content(node.keystore)
    move(contained, Path(inside / "own"))
    assert content(host / "own") == before
    assert f"KeyStore = {inside / 'own'}\n" in node.cfg.read_text()
    with pytest.raises(RemoteError, match="lies outside of the volume"):
        move(contained, node.root / "elsewhere")


def test_broken_off_anywhere_server_cfg_names_a_directory_that_is_whole() -> None:
    """Killed after its first copy or rename, its second, ...: looked at, repeated, looked at again."""
    number, problem = 0, "none yet"
    while problem:
        number += 1
        with tree() as node:
            (node.keystore / KEY).unlink()
            node.write(node.keystore / "AdminDefaultCert.pem", b"admin cert")
            node.write(node.keystore / "AdminDefaultKey.pem", b"admin key" * 1000, mode=0o400)
            new = node.root / "amlen" / "own"
            plan = planned(node.with_paths(keystore=new))
            kill = f"[ $n != {number} ] || kill -9 $PPID"
            disturbed = Disturbed.make(node.root / "bin", after=kill, wrapped=("cp", "mv"))
            problem = ""
            try:
                move(node.with_path(disturbed.folder), new, plan=plan)
            except RemoteError as error:
                problem = error.problem
                assert "exit -9" in problem
                require_whole(node)
                move(node, new, plan=plan)
            require_whole(node)
            assert bytes(new) + b"\n" in node.cfg.read_bytes()
    assert number >= 8


def require_whole(node: Tree) -> None:
    """What server.cfg names holds all that the former keystore holds."""
    (named,) = re.findall(r"^KeyStore = (.*)$", node.cfg.read_text(), re.MULTILINE)
    assert content(Path(named)) == content(node.keystore)


def test_a_cut_copy_is_made_anew(node: Tree) -> None:
    new = node.root / "amlen" / "own"
    plan = planned(node.with_paths(keystore=new))
    cut = node.root / "cut"
    cut.mkdir(mode=0o755)
    body = 'for made; do :; done\n/bin/cp "$@"; echo cut > "$made"; kill -9 $PPID'
    program(cut / "cp", body)
    with pytest.raises(RemoteError, match="carry the keystore: exit -9"):
        move(node.with_path(cut), new, plan=plan)
    move(node, new, plan=plan)
    assert content(new) == content(node.keystore)
