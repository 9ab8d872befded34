"""A node whose keystore holds everything that one can hold, and what moves it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

from tasks.core.keystore_plan import plan_move
from tasks.core.model import Cluster, Member
from tasks.core.plan import Plan
from tasks.core.snapshot import NodeSnapshot, Snapshot, Unseen
from tasks.effects.console_reporter import ConsoleReporter
from tasks.effects.looking import look_at_files
from tasks.effects.moving import move_keystore, moving_of
from tasks.effects.record import RunRecord
from tasks.effects.run import Run
from tasks.effects.site import Site
from tests.effects.node_tree import (
    Tree,
)
from tests.effects.test_placing import NOW, Going

NO_REST = Unseen("not asked", "-")
OTHERS = {
    "AdminDefaultCert.pem",
    "AdminDefaultKey.pem",
    "..data",
    "Linked.pem",
    "folder",
    "odd $(touch ran).pem",
}
CLUSTER = {"Cluster_cert.pem", "Cluster_key.pem", "HA_key.pem"}


def furnished(node: Tree) -> Tree:
    """Everything that a keystore can hold: the admin endpoint's, a pair's, dots, folders, links, odd names."""
    node.write(node.keystore / "AdminDefaultCert.pem", b"admin cert", mode=0o644)
    node.write(node.keystore / "AdminDefaultKey.pem", b"admin key" * 1000, mode=0o400)
    node.write(node.keystore / "HA_key.pem", b"ha key")
    node.write(node.keystore / "odd $(touch ran).pem", b"odd name")
    node.write(node.keystore / "..data", b"dots")
    node.write(node.keystore.parent / "shared.pem", b"shared")
    (node.keystore / "Linked.pem").symlink_to("../shared.pem")
    node.folder(node.keystore / "folder")
    node.write(node.keystore / "folder" / "inner", b"inner")
    return node


def move(node: Tree, new: Path, *, truststore: Path | None = None, plan: Plan | None = None) -> Plan:
    """Plan, if there is no plan yet, and perform its step."""
    paths = {"keystore": new, **({"truststore": truststore} if truststore else {})}
    one = node.with_paths(**paths)
    plan = plan or planned(one)
    for step in plan.steps:
        move_keystore(run_of(one, plan), step)
    return plan


def cluster_of(node: Tree) -> Cluster:
    member = Member(node.remote.node.member, (node.remote.node,))
    here = node.root / "here"
    return Cluster("production", "C", here, (member,), None, frozenset(), here, here, here)


def planned(one: Tree) -> Plan:
    files = look_at_files(one.remote)
    seen = NodeSnapshot(one.remote.node, "", files, NO_REST, NO_REST, None, None)
    snapshot = Snapshot(cluster_of(one), NOW, {one.remote.node.name: seen})
    return plan_move(snapshot, (moving_of(one.remote, files),), findings=(), lines=())


def run_of(one: Tree, plan: Plan) -> Run:
    site = SimpleNamespace(cluster=cluster_of(one), remote=lambda of: one.remote)
    record = RunRecord("run-1", one.root, plan)
    return Run(
        site=cast("Site", site),
        plan=plan,
        record=record,
        sets={},
        clock_offsets={},
        report=ConsoleReporter(),
        stop=Going(),
    )


def content(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and ".fab-tls" not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
