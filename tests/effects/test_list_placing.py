"""A revocation list onto a node and off it again, wherever the script is broken off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from tasks.core.errors import OperatorError, RemoteError
from tasks.core.model import Cluster, Member
from tasks.core.plan import Plan
from tasks.core.revocation_plan import plan_list
from tasks.core.revocation_wish import ListWish
from tasks.core.snapshot import NodeSnapshot, Snapshot
from tasks.effects.list_files import write_list
from tasks.effects.list_journey import PreparedList
from tasks.effects.list_placing import change_list
from tasks.effects.looking import look_at_files
from tasks.effects.run import Run
from tasks.effects.site import Site
from tests.core.snapshots import healthy
from tests.effects.keystore_node import NO_REST, cluster_of, run_of
from tests.effects.node_tree import (
    SHELLS,
    Disturbed,
    Tree,
    in_shell,
    mode,
    needs_root,
    owner,
    sha256,
    tree,
)
from tests.effects.test_placing import NOW, Pair

NEW, OLD = b"new list\n" * 50, b"old list\n"
NAME = "Cluster_crl/crl.pem"


@pytest.fixture
def node() -> Iterator[Tree]:
    with tree() as made:
        yield made


@pytest.fixture(params=tuple(SHELLS.values()), ids=tuple(SHELLS))
def any_shell(request: pytest.FixtureRequest, node: Tree) -> Tree:
    return in_shell(node, *request.param)


def live(node: Tree, name: str = NAME) -> Path:
    return node.truststore / name


def old_list(node: Tree) -> None:
    node.folder(live(node).parent)
    node.write(live(node), OLD)


def planned(node: Tree, content: bytes | None = NEW, *, use: str = "cluster") -> Plan:
    """To place this content, which lies here; or to remove."""
    wish = ListWish(place=content is not None, remove=content is None, use=use)
    if content is not None:
        write_list(node.root / "here" / wish.names.crl, content)
    cluster = clustered(node, is_pair=use == "ha")
    files = look_at_files(node.remote)
    nodes = {one.name: NodeSnapshot(one, "", files, NO_REST, NO_REST, None, None) for one in cluster.nodes}
    sha = None if content is None else sha256(content)
    return plan_list(Snapshot(cluster, NOW, nodes), wish, sha256=sha, found=None, findings=())


def clustered(node: Tree, *, is_pair: bool = False) -> Cluster:
    cluster = cluster_of(node)
    one = node.remote.node
    nodes = (one, replace(one, name="gw-a2")) if is_pair else (one,)
    return replace(cluster, members=(Member(one.member, nodes),))


def change(node: Tree, plan: Plan) -> list[str]:
    run = run_of(node, plan)
    return [change_list(run, step) for step in plan.steps]


def test_it_is_there_as_the_service_users_own_and_the_former_one_is_kept(any_shell: Tree) -> None:
    node = any_shell
    old_list(node)
    (said,) = change(node, planned(node))
    assert said == "Cluster_crl/crl.pem is there and read back; in force with the next restart"
    assert live(node).read_bytes() == NEW
    assert (mode(live(node)), owner(live(node))) == ("600", node.user)
    assert (mode(live(node).parent), owner(live(node).parent)) == ("700", node.user)
    backup = node.data / ".fab-tls" / "run-1" / "backup"
    assert {path.name for path in backup.iterdir()} == {"Cluster_crl.pem", "complete"}
    assert (backup / "Cluster_crl.pem").read_bytes() == OLD
    state = look_at_files(node.remote).crl_file
    assert state is not None
    assert (state.sha256, state.readable) == (sha256(NEW), True)


def test_a_folder_that_is_made_has_owner_and_mode_from_the_start(node: Tree) -> None:
    change(node, planned(node))
    assert (mode(live(node).parent), owner(live(node).parent)) == ("700", node.user)
    assert {path.name for path in node.truststore.iterdir()} == {"Cluster_cafile.pem", "Cluster_crl"}
    assert (node.data / ".fab-tls" / "run-1" / "backup" / "Cluster_crl.pem.absent").exists()


def test_removing_leaves_nothing_but_the_backup_and_keeps_what_else_lies_there(any_shell: Tree) -> None:
    node = any_shell
    old_list(node)
    (said,) = change(node, planned(node, None))
    assert said == "Cluster_crl/crl.pem is gone; in force with the next restart"
    assert not live(node).parent.exists()
    assert (node.data / ".fab-tls" / "run-1" / "backup" / "Cluster_crl.pem").read_bytes() == OLD
    old_list(node)
    node.write(live(node).parent / "mine", b"mine")
    (node.data / ".fab-tls" / "run-1" / "backup" / "complete").unlink()
    change(node, planned(node, None))
    assert [path.name for path in live(node).parent.iterdir()] == ["mine"]


def test_a_second_time_is_nothing_to_do(node: Tree) -> None:
    plan = planned(node)
    change(node, plan)
    assert change(node, plan) == ["Cluster_crl/crl.pem is there and read back; as before"]
    assert planned(node).steps == ()
    removing = planned(node, None)
    change(node, removing)
    assert change(node, removing) == ["Cluster_crl/crl.pem is gone; as before"]


def test_the_list_of_the_ha_channel_is_another_file(node: Tree) -> None:
    plan = planned(node, use="ha")
    run = replace(run_of(node, plan), site=site_of(node, clustered(node, is_pair=True)))
    change_list(paired(run), plan.steps[0])
    assert live(node, "HA_crl/crl.pem").read_bytes() == NEW
    assert not live(node).exists()
    seen = look_at_files(node.remote)
    assert (seen.crl_file is not None, seen.crl_present) == (True, False)
    assert seen.crl_file is not None
    assert not seen.crl_file.exists
    assert seen.ha.crl_file is not None
    assert seen.ha.crl_file.sha256 == sha256(NEW)


def paired(run: Run) -> Run:
    """The same, where the second node of the pair is primary now."""
    return Pair(**{each.name: getattr(run, each.name) for each in fields(Run)})


def site_of(node: Tree, cluster: Cluster) -> Site:
    return cast("Site", SimpleNamespace(cluster=cluster, remote=lambda of: node.remote))


@pytest.mark.parametrize("content", [NEW, None], ids=["placed", "removed"])
def test_another_list_than_the_plan_saw_is_left_alone(node: Tree, content: bytes | None) -> None:
    old_list(node)
    plan = planned(node, content)
    node.write(live(node), b"somebody's")
    plan = plan.model_copy(update={"command": "credentials.crl --place"})
    with pytest.raises(RemoteError, match="another than the plan saw") as caught:
        change(node, plan)
    assert caught.value.remedy.endswith("then a new plan: fab credentials.crl --place --plan")
    assert live(node).read_bytes() == b"somebody's"


def test_another_list_here_than_planned_is_not_placed(node: Tree) -> None:
    plan = planned(node)
    write_list(node.root / "here" / NAME, b"renewed meanwhile")
    with pytest.raises(OperatorError, match="not the list that this run was planned with"):
        change(node, plan)
    assert not live(node).exists()


@needs_root
def test_a_folder_that_the_service_user_cannot_enter_gets_no_list(node: Tree) -> None:
    """A start would listen on nothing: opendir fails (T1)."""
    node.own(node.folder(live(node).parent), mode=0o700, uid=0)
    with pytest.raises(RemoteError, match=r"the service user cannot get into .*Cluster_crl \(0:0 700\)"):
        change(node, planned(node))
    assert not live(node).exists()


def test_in_a_pair_the_node_that_is_primary_now_comes_first_and_a_sync_in_between_is_no_fault(
    node: Tree,
) -> None:
    with tree() as other:
        old_list(node)
        old_list(other)
        trees = {"gw-a1": node, "gw-a2": other}
        nodes = tuple(
            replace(one.remote.node, name=name, member="gw-a", paths=one.remote.node.paths)
            for name, one in trees.items()
        )
        cluster = replace(cluster_of(node), members=(Member("gw-a", nodes),), credentials=node.root / "here")
        write_list(cluster.credentials / NAME, NEW)
        seen = {
            name: NodeSnapshot(one, "", look_at_files(trees[name].remote), NO_REST, NO_REST, None, None)
            for name, one in ((n.name, n) for n in nodes)
        }
        wish = ListWish(place=True)
        plan = plan_list(Snapshot(cluster, NOW, seen), wish, sha256=sha256(NEW), found=None, findings=())
        site = SimpleNamespace(cluster=cluster, remote=lambda of: trees[of.name].remote)
        run = replace(run_of(node, plan), site=cast("Site", site))
        run = paired(run)
        node.write(live(node), b"somebody's")
        with pytest.raises(RemoteError, match=r"gw-a1.*another than the plan saw"):
            change_list(run, plan.steps[0])
        assert live(other).read_bytes() == NEW
        node.write(live(node), NEW)  # what a sync does
        assert "as before" in change_list(run, plan.steps[0])


def test_broken_off_anywhere_one_of_the_two_lists_lies_there_whole() -> None:
    """Killed after its first command, its second, ...: looked at, repeated, looked at again."""
    for content, allowed in ((NEW, {OLD, NEW}), (None, {OLD, None})):
        number, problem = 0, "none yet"
        while problem:
            number += 1
            with tree() as node:
                old_list(node)
                plan = planned(node, content)
                kill = f"[ $n != {number} ] || kill -9 $PPID"
                wrapped = ("mv", "rm")
                disturbed = Disturbed.make(node.root / "bin", after=kill, wrapped=wrapped)
                problem = ""
                try:
                    change(node.with_path(disturbed.folder), plan)
                except RemoteError as error:
                    problem = error.problem
                    assert "exit -9" in problem
                    assert (live(node).read_bytes() if live(node).exists() else None) in allowed
                    change(node, plan)
                assert (live(node).read_bytes() if live(node).exists() else None) == content
        assert number >= 3


def test_what_was_refused_is_judged_again_by_the_same_wish() -> None:
    for wish, command in (
        (ListWish(place=True), "fab credentials.crl --place --plan"),
        (ListWish(place=True, use="ha"), "fab credentials.crl --place --use ha --plan"),
        (ListWish(remove=True), "fab credentials.crl --remove --plan"),
    ):
        prepared = PreparedList(healthy(), {}, (), None, None, wish.command)
        assert prepared.judged_again_by == command
