"""Placing and swapping in on one node: what is staged, what becomes live, and what is refused."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import cast

import pytest

from tasks.core.credential_set import CredentialSet
from tasks.core.errors import RemoteError
from tasks.core.issuing import Subject, shared_self_signed
from tasks.core.model import Cluster, Member, Node
from tasks.core.plan import Edit, Plan, Step, Target
from tasks.core.server_cfg import edit
from tasks.core.step_kinds import StepKind
from tasks.effects.console_reporter import ConsoleReporter
from tasks.effects.placing import clean_node, place, require_live, swap
from tasks.effects.record import RunRecord, open_run
from tasks.effects.run import Roles, Run
from tasks.effects.site import Site
from tests.effects.node_tree import CA, CERT, KEY, Tree, needs_root, not_as_root, tree

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SHARED = shared_self_signed(Subject("production"), days=365, now=NOW)


class Pair(Run):
    """A member of two nodes, of which the second is primary now."""

    def roles(self, member: Member) -> Roles:
        return Roles(primary=member.nodes[1], standby=member.nodes[0])


class Going:
    def requested(self) -> bool:
        return False


@pytest.fixture
def node() -> Iterator[Tree]:
    with tree() as made:
        yield made


def migration(node: Tree, *others: Tree, keystore: Path | None = None, plan: Plan | None = None) -> Run:
    """One member, planned now; the keystore moves if one is given, and no other plan is."""
    trees = (node, *others)
    nodes = tuple(dataclasses.replace(one.remote.node, member="gw") for one in trees)
    cluster = Cluster(
        key="production",
        cluster_name="MyCluster",
        credentials=node.root / "credentials",
        members=(Member("gw", nodes),),
        observer=None,
        retired=frozenset(),
        runs_dir=node.root / "runs",
        inventory=node.root / "inventory.yaml",
        ca_folder=node.root / "ca",
    )
    edits = {node.remote.node.name: moved_to(node, keystore)} if keystore else {}
    record = open_run(cluster.runs_dir, plan or plan_with(edits, SHARED), at=NOW)
    remotes = {one.remote.node.name: one.remote for one in trees}
    site = SimpleNamespace(cluster=cluster, remote=lambda of: remotes[of.name])
    made = Pair if others else Run
    return made(
        site=cast("Site", site),
        plan=record.plan,
        record=record,
        sets={"gw": SHARED},
        clock_offsets={},
        report=ConsoleReporter(),
        stop=Going(),
    )


def plan_with(edits: dict[str, Edit], wanted: CredentialSet) -> Plan:
    files = dict(wanted.sha256)
    target = Target(files=files, leaf_sha256=wanted.leaf.sha256, leaf_subject="CN=x", not_after="2027")
    return Plan(
        cluster="production",
        cluster_name="MyCluster",
        strategy="prescribed",
        why="asked for",
        observer="gw",
        steps=(),
        targets={"gw": target},
        before={},
        edits=edits,
        baseline={},
        pairs=(),
        addresses={},
    )


def moved_to(node: Tree, keystore: Path) -> Edit:
    old = node.cfg.read_text()
    new = edit(old, keystore=PurePosixPath(keystore))
    hashes = [hashlib.sha256(text.encode()).hexdigest() for text in (old, new)]
    return Edit(
        path=str(node.cfg),
        keystore=str(keystore),
        truststore=None,
        old_sha256=hashes[0],
        new_sha256=hashes[1],
        diff="",
        carried=(),
    )


def step(kind: StepKind, target: str) -> Step:
    return Step(kind=kind, target=target, expected={})


def place_all(run: Run) -> None:
    for one in run.site.cluster.nodes:
        place(run, step(StepKind.PLACE, one.name))


def swap_all(run: Run) -> str:
    return swap(run, step(StepKind.SWAP, "gw"))


def live(node: Tree, keystore: Path | None = None) -> dict[str, bytes]:
    home = keystore or node.keystore
    paths = {CA: node.truststore / CA, CERT: home / CERT, KEY: home / KEY}
    return {name: path.read_bytes() for name, path in paths.items() if path.exists()}


OLD = {CA: b"ca old", CERT: b"cert old", KEY: b"key old"}


def test_placing_stages_and_backs_up_and_touches_nothing_that_is_live(node: Tree) -> None:
    run = migration(node)
    seen = place(run, step(StepKind.PLACE, "gw-a"))
    work = node.data / ".fab-tls" / run.record.id
    assert seen == f"3 files staged and read back in {work}/stage"
    assert {path.name: path.read_bytes() for path in (work / "stage").iterdir()} == SHARED.files()
    assert {name: (work / "backup" / name).read_bytes() for name in OLD} == OLD
    assert live(node) == OLD


def test_placing_again_keeps_the_backup_of_what_was_live_first(node: Tree) -> None:
    run = migration(node)
    place_all(run)
    swap_all(run)
    place_all(run)
    assert live(node) == SHARED.files()
    backup = node.data / ".fab-tls" / run.record.id / "backup"
    assert (backup / KEY).read_bytes() == OLD[KEY]


def test_swapping_makes_the_set_live_and_may_be_repeated(node: Tree) -> None:
    run = migration(node)
    place_all(run)
    assert swap_all(run) == "live on gw-a; nothing loads them before a restart"
    assert live(node) == SHARED.files()
    swap_all(run)
    assert live(node) == SHARED.files()


def test_a_keystore_moves_with_everything_in_it_and_the_swap_may_be_repeated(node: Tree) -> None:
    new = node.root / "amlen" / "new"
    node.write(node.keystore / "AdminDefaultKey.pem", b"admin")
    run = migration(node, keystore=new)
    place_all(run)
    assert str(new) not in node.cfg.read_text()
    swap_all(run)
    swap_all(run)
    assert live(node, new) == SHARED.files()
    assert (new / "AdminDefaultKey.pem").read_bytes() == b"admin"
    assert f"KeyStore = {new}\n" in node.cfg.read_text()
    assert live(node)[KEY] == OLD[KEY]


@needs_root
def test_a_keystore_that_only_root_can_make_is_the_service_users(node: Tree) -> None:
    new = node.root / "srv" / "keystore"
    run = migration(node.with_paths(keystore=new), keystore=new)
    place_all(run)
    swap_all(run)
    assert {path.stat().st_uid for path in (new.parent, new, new / KEY)} == {node.uid}


@pytest.mark.parametrize("when", ["before placing", "before swapping"])
def test_a_server_cfg_that_was_changed_since_the_plan_stops_the_line(node: Tree, when: str) -> None:
    run = migration(node, keystore=node.root / "amlen" / "new")
    if when == "before swapping":
        place_all(run)
    node.cfg.write_text(node.cfg.read_text() + "Other = 2\n")
    with pytest.raises(RemoteError, match=r"\[gw-a\] server.cfg was changed since the plan was made"):
        (swap_all if when == "before swapping" else place_all)(run)
    assert live(node) == OLD


def test_without_a_keystore_in_server_cfg_nothing_is_staged(node: Tree) -> None:
    node.cfg.write_text(f"TrustedCertificateDir = {node.truststore}\n")
    with pytest.raises(RemoteError, match="names no KeyStore or no truststore"):
        place_all(migration(node))
    assert not (node.data / ".fab-tls").exists()


def test_swapping_in_what_was_never_placed_is_an_error_and_changes_nothing(node: Tree) -> None:
    with pytest.raises(RemoteError, match="reads back as"):
        swap_all(migration(node))
    assert live(node) == OLD


def test_of_a_pair_the_primary_comes_first(node: Tree) -> None:
    with ExitStack() as stack:
        second = stack.enter_context(tree())
        name = dataclasses.replace(second.remote.node, name="gw-b")
        second = dataclasses.replace(second, remote=dataclasses.replace(second.remote, node=name))
        run = migration(node, second)
        place_all(run)
        assert swap_all(run).startswith("live on gw-b, gw-a;")
        assert live(node) == live(second) == SHARED.files()


class TestRequireLive:
    @pytest.fixture
    def swapped(self, node: Tree) -> tuple[Run, Node, Tree]:
        run = migration(node)
        place_all(run)
        swap_all(run)
        return run, run.site.cluster.nodes[0], node

    def test_the_right_files_are_no_error(self, swapped: tuple[Run, Node, Tree]) -> None:
        run, server, _ = swapped
        require_live(run, step(StepKind.SWAP, server.member), server)

    def test_an_absent_file_is_named(self, swapped: tuple[Run, Node, Tree]) -> None:
        run, server, node = swapped
        (node.keystore / KEY).unlink()
        with pytest.raises(RemoteError, match=f"{KEY} is absent"):
            require_live(run, step(StepKind.SWAP, server.member), server)

    def test_another_file_is_named(self, swapped: tuple[Run, Node, Tree]) -> None:
        run, server, node = swapped
        node.write(node.keystore / CERT, b"another")
        with pytest.raises(RemoteError, match=f"{CERT} has SHA-256 [0-9a-f]{{12}}, wanted"):
            require_live(run, step(StepKind.SWAP, server.member), server)

    @needs_root
    def test_a_file_of_another_user_is_named(self, swapped: tuple[Run, Node, Tree]) -> None:
        run, server, node = swapped
        node.own(node.keystore / KEY, mode=0o600, uid=0)
        with pytest.raises(RemoteError, match=r"cannot be read by the service user \(owner 0:0, mode 600\)"):
            require_live(run, step(StepKind.SWAP, server.member), server)

    @not_as_root
    def test_a_file_that_cannot_be_read_is_named(self, swapped: tuple[Run, Node, Tree]) -> None:
        run, server, node = swapped
        (node.keystore / KEY).chmod(0)
        with pytest.raises(RemoteError, match=KEY):
            require_live(run, step(StepKind.SWAP, server.member), server)


def test_cleaning_removes_the_stage_and_keeps_the_backup(node: Tree) -> None:
    run = migration(node)
    place_all(run)
    record: RunRecord = run.record
    clean_node(run.site, record, run.site.cluster.nodes[0])
    work = node.data / ".fab-tls" / record.id
    assert {path.name for path in work.iterdir()} == {"backup"}
