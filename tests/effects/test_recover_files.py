"""What `fab recover` does to the files of a node: kept first, then one swap, read back."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import cast

import pytest

from tasks.core.errors import RemoteError
from tasks.core.file_names import ABSENT
from tasks.core.journal import Entry
from tasks.core.open_run import OpenRun
from tasks.core.plan import Plan
from tasks.core.progress import Progress
from tasks.core.recovery import Sight, diagnose
from tasks.core.recovery_choice import Goal
from tasks.core.recovery_keystore import Copied, Led
from tasks.core.recovery_kinds import LostBySync
from tasks.core.recovery_process import Processes
from tasks.core.snapshot import NodeSnapshot, Snapshot
from tasks.core.status import NodeStatus
from tasks.core.step_kinds import StepKind
from tasks.effects.looking import look_at_files
from tasks.effects.recover_files import put_files, put_keystore_right
from tasks.effects.recover_look import Scene, kept_before, look_for_admin_files
from tasks.effects.recover_repair import swap_in_again
from tasks.effects.recover_waits import Recovery
from tasks.effects.run import Run
from tasks.effects.site import Site
from tests.core.statuses import NOON, counted, node_status, paired
from tests.effects.node_tree import CA, CFG, KEY, Tree, mode, owner, sha256, tree
from tests.effects.test_placing import (
    OLD,
    SHARED,
    Going,
    live,
    migration,
    place_all,
    plan_with,
    step,
    swap_all,
)

OLD_SHA = {name: sha256(content) for name, content in OLD.items()}
NEW = Goal(SHARED.sha256, SHARED.leaf.sha256, "the set")
FORMER = Goal(OLD_SHA, "", "the backup")


@pytest.fixture
def node() -> Iterator[Tree]:
    with tree() as made:
        yield made


def scene_of(
    *nodes: Tree, run: Run, statuses: tuple[NodeStatus, ...] = (), done: tuple[str, ...] = ()
) -> Scene:
    """The first node, its partner, and the open run."""
    shown = statuses or tuple(node_status() for _ in nodes)
    servers = run.site.cluster.nodes
    seen = {
        server.name: NodeSnapshot(server, "", look_at_files(one.remote), status, status, None, None)  # type: ignore[arg-type]
        for server, one, status in zip(servers, nodes, shown, strict=True)
    }
    snapshot = Snapshot(run.site.cluster, NOON, seen)
    sight = Sight(
        node=servers[0],
        seen=seen[servers[0].name],
        processes=Processes(()),
        control_port=9104,
        partner=seen[servers[1].name] if len(servers) > 1 else None,
        run=OpenRun(run.record.id, run.plan, Progress(done=frozenset(done), begun=frozenset(done))),
    )
    return Scene(sight, snapshot, run.record)


def replaced(node: Tree) -> dict[str, bytes]:
    """What was kept of the files that were replaced."""
    (kept,) = (node.data / ".fab-tls").glob("recover-gw-a-*/replaced-*")
    return {path.name: path.read_bytes() for path in kept.iterdir() if path.name != "complete"}


def test_the_set_is_put_there_and_what_lay_there_is_kept(node: Tree) -> None:
    node.write(node.keystore / KEY, b"spoilt")
    put_files(node.remote, scene_of(node, run=migration(node)), NEW, SHARED)
    assert live(node) == SHARED.files()
    assert replaced(node) == {**OLD, KEY: b"spoilt"}
    assert (mode(node.keystore / KEY), owner(node.keystore / KEY)) == ("600", node.user)
    assert not list((node.data / ".fab-tls").glob("**/stage"))


def test_the_files_of_before_the_run_come_from_its_backup_without_leaving_the_node(node: Tree) -> None:
    run = migration(node)
    place_all(run)
    swap_all(run)
    node.write(node.keystore / KEY, b"spoilt")
    scene = scene_of(node, run=run)
    kept = kept_before(run.site, scene)
    assert kept is not None
    assert dict(kept.files) == OLD_SHA
    put_files(node.remote, scene, FORMER, None)
    assert live(node) == OLD


def test_a_node_that_had_no_files_is_left_with_none(node: Tree) -> None:
    run = migration(node)
    put_files(node.remote, scene_of(node, run=run), Goal(dict.fromkeys(OLD, ABSENT), "", "none"), None)
    assert live(node) == {}
    assert replaced(node) == OLD


def test_a_backup_that_does_not_hold_them_changes_nothing(node: Tree) -> None:
    with pytest.raises(RemoteError, match=r"no backup of Cluster_cafile\.pem has SHA-256"):
        put_files(
            node.remote, scene_of(node, run=migration(node)), Goal({**OLD_SHA, CA: "0" * 64}, "", ""), None
        )
    assert live(node) == OLD


def test_keystore_is_led_to_the_admin_files_and_nothing_else_is_changed(node: Tree) -> None:
    good = node.cfg.read_text()
    node.cfg.write_text(good.replace("/keystore\n", "/keystor\n"))
    scene = scene_of(node, run=migration(node))
    put_keystore_right(
        node.remote, scene, Led(node.remote.node.paths.data_dir / "data/certificates/keystore")
    )
    assert node.cfg.read_text() == good
    assert (mode(node.cfg), live(node)) == ("640", OLD)
    assert set(replaced(node)) == {CFG}


def test_the_admin_files_are_copied_to_where_keystore_leads(node: Tree) -> None:
    old = node.folder(node.root / "old")
    names = ("AdminDefaultCert.pem", "AdminDefaultKey.pem")
    for name in names:
        node.write(old / name, name.encode())
    node.write(node.keystore / names[0], b"its own")
    places = [
        node.remote.node.paths.data_dir.joinpath(str(path)) for path in (old, node.keystore, node.root / "no")
    ]
    held = look_for_admin_files(node.remote, places)
    assert list(held.values()) == [frozenset(names), frozenset(names[:1]), None]
    put_keystore_right(node.remote, scene_of(node, run=migration(node)), Copied(places[0], places[1]))
    assert (node.keystore / names[0]).read_bytes() == b"its own"
    copied = node.keystore / names[1]
    assert (copied.read_bytes(), mode(copied), owner(copied)) == (names[1].encode(), "600", node.user)


def _pair_plan() -> Plan:
    steps = (*(step(StepKind.PLACE, name) for name in ("gw-a", "gw-b")), step(StepKind.SWAP, "gw"))
    return plan_with({}, SHARED).model_copy(update={"steps": steps})


def test_a_pair_that_lost_its_files_to_a_sync_gets_them_back_the_primary_first(node: Tree) -> None:
    with ExitStack() as stack:
        other = stack.enter_context(tree())
        server = dataclasses.replace(other.remote.node, name="gw-b")
        other = dataclasses.replace(other, remote=dataclasses.replace(other.remote, node=server))
        run = migration(node, other, plan=_pair_plan())
        place_all(run)
        swap_all(run)
        for one in (node, other):
            for name, content in OLD.items():
                one.write((one.truststore if name == CA else one.keystore) / name, content)
        roles = (
            node_status(state=10, ha=paired("STANDBY"), cluster=counted(0, 0, status="Standby")),
            node_status(ha=paired("PRIMARY")),
        )
        done = tuple(each.id for each in run.plan.steps)
        for each in run.plan.steps:
            run.record.append(Entry(at=NOON, event="done", step=each.id))
        scene = scene_of(node, other, run=run, statuses=roles, done=done)
        lost = diagnose(scene.sight)
        assert lost == LostBySync("gw", primary="gw-b", standby="gw-a", round=0)
        seen = swap_in_again(_recovery(run, scene, roles), lost, SHARED)
        assert seen.startswith("live on gw-b, gw-a;")
        assert live(node) == live(other) == SHARED.files()


def _recovery(run: Run, scene: Scene, roles: tuple[NodeStatus, ...]) -> Recovery:
    by_node = dict(zip((each.name for each in run.site.cluster.nodes), roles, strict=True))

    def admin(of: object) -> object:
        return SimpleNamespace(status=lambda: by_node[of.name])  # type: ignore[attr-defined]

    site = SimpleNamespace(cluster=run.site.cluster, remote=run.site.remote, admin=admin)
    return Recovery(cast("Site", site), scene, run.report, Going())
