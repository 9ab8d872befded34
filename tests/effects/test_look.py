"""A look at a node over a short way and over a long one tells the same, whatever the server is up to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import cast

import pytest

from tasks.core.errors import RemoteError
from tasks.core.model import Member, Node, Via
from tasks.core.snapshot import CONTROL_PORT, NodeFiles, NodeSnapshot, Unseen, Wire
from tasks.core.status import Membership, NodeStatus, RemoteMember
from tasks.effects.admin import AdminApi
from tasks.effects.lock import Claim, lock
from tasks.effects.look import FAR_S, NodeLook, look_at_node
from tasks.effects.pool import WORKERS
from tasks.effects.site import BESIDE, Address
from tests.core.certs import BUILTIN_SET
from tests.core.snapshots import membership, remote, single, wire
from tests.core.statuses import NOON, counted, node_status, paired
from tests.effects.on_trees import Nodes, TreeSite, nodes_of

PRODUCTION = node_status()
STANDBY = node_status(state=10, cluster=counted(None, None, status="Standby"), ha=paired("STANDBY"))
OUTSIDE = node_status(cluster=counted(None, None, status="Inactive"))
ELSEWHERE = "10.9.9.9"


class Answers:
    """A node's REST, as it is asked over one connection; None for a status: it is silent."""

    via = Via.TUNNEL

    def __init__(self, status: NodeStatus | None, address: str, asked: list[str]) -> None:
        self._status, self._address, self._asked = status, address, asked

    def status(self) -> NodeStatus:
        return cast(NodeStatus, self._answer("status", self._status))

    def membership(self) -> Membership:
        found = replace(membership(control_address=self._address), control_port=CONTROL_PORT)
        return cast(Membership, self._answer("membership", found if self._status else None))

    def remotes(self) -> tuple[RemoteMember, ...]:
        return cast(tuple[RemoteMember, ...], self._answer("remotes", (remote(single("gw-b")),)))

    def close(self) -> None:
        self._asked.append("closed")

    def _answer(self, question: str, answer: object) -> object:
        self._asked.append(question)
        if answer is None:
            raise RemoteError("REST is silent", remedy="fab status")
        return answer


class LookedAt(TreeSite):
    """One node, so far away."""

    def __init__(self, nodes: Nodes, way_s: float, status: NodeStatus | None, address: str) -> None:
        super().__init__(nodes.trees, nodes.site.cluster.runs_dir)
        self._way_s, self._answers = way_s, (status, address)
        self.asked: list[str] = []

    def log_in(self, node: Node) -> float:
        return self._way_s

    def admin(self, node: Node) -> AdminApi:
        return cast(AdminApi, Answers(*self._answers, self.asked))

    another_admin = admin

    def wire(self, node: Node, address: Address) -> Wire:
        self.asked.append(f"wire {address[0]}")
        if self._answers[0] is None:
            raise RemoteError("connection refused", remedy="fab status")
        return wire(BUILTIN_SET, address=f"{address[0]}:{address[1]}")


@contextmanager
def looked(nodes: Nodes, way_s: float, status: NodeStatus | None, *, at: str = "") -> Iterator[LookedAt]:
    site = LookedAt(nodes, way_s, status, at)
    try:
        yield site
    finally:
        site.close()


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    with nodes_of("gw-a", runs_dir=tmp_path / "runs") as made:
        yield made


def told(look: NodeLook) -> NodeSnapshot:
    """Without what goes on by itself."""
    seen = look.snapshot
    assert isinstance(seen.files, NodeFiles)
    return replace(seen, files=replace(seen.files, clock_offset_s=0.0, free_bytes=0))


@pytest.mark.parametrize("at", ["", ELSEWHERE], ids=["where-it-is-guessed", "elsewhere"])
@pytest.mark.parametrize(
    "status",
    [
        pytest.param(PRODUCTION, id="production"),
        pytest.param(STANDBY, id="standby"),
        pytest.param(OUTSIDE, id="outside"),
        pytest.param(None, id="silent"),
    ],
)
def test_a_long_way_changes_nothing_of_what_is_seen(nodes: Nodes, status: NodeStatus | None, at: str) -> None:
    (node,) = nodes.site.cluster.nodes
    with looked(nodes, 0.0, status, at=at) as near, looked(nodes, 2 * FAR_S, status, at=at) as far:
        assert told(look_at_node(near, node)) == told(look_at_node(far, node))
        assert set(near.asked) <= set(far.asked)
        assert "closed" not in near.asked
        assert far.asked.count("closed") == 1


def test_a_control_port_elsewhere_is_asked_there(nodes: Nodes) -> None:
    (node,) = nodes.site.cluster.nodes
    with looked(nodes, 2 * FAR_S, PRODUCTION, at=ELSEWHERE) as far:
        seen = look_at_node(far, node).snapshot.wire
        assert isinstance(seen, Wire)
        assert seen.address == f"{ELSEWHERE}:{CONTROL_PORT}"
        assert far.asked.count(f"wire {ELSEWHERE}") == 1


def test_of_a_pair_no_port_is_guessed(nodes: Nodes) -> None:
    (node,) = nodes.site.cluster.nodes
    with looked(nodes, 2 * FAR_S, STANDBY) as far:
        far.cluster = replace(far.cluster, members=(Member("gw-a", (node, replace(node, name="gw-a2"))),))
        assert look_at_node(far, node).snapshot.wire is None
        assert not [question for question in far.asked if question.startswith("wire")]


def test_as_many_far_nodes_as_the_pool_has_workers_are_asked_everything_at_once(nodes: Nodes) -> None:
    asked = range(BESIDE * WORKERS)
    all_there = Barrier(len(asked), timeout=10)
    with looked(nodes, 2 * FAR_S, PRODUCTION) as far:
        far.beside.map(lambda _: all_there.wait(), asked)


def test_the_lock_is_seen_with_the_files(nodes: Nodes) -> None:
    (node,) = nodes.site.cluster.nodes
    with looked(nodes, 0.0, PRODUCTION) as near:
        assert look_at_node(near, node).holder is None
        lock(nodes.remotes, Claim("run-1", NOON), acting=nodes.acting)
        (tree,) = nodes.trees.values()
        tree.remote.ran.clear()
        holder = look_at_node(near, node).holder
        assert holder is not None
        assert holder.run == "run-1"
        assert len(tree.remote.ran) == 1


def test_files_that_cannot_be_looked_at_leave_the_rest(nodes: Nodes) -> None:
    (node,) = nodes.site.cluster.nodes
    lock(nodes.remotes, Claim("run-1", NOON), acting=nodes.acting)
    (tree,) = nodes.trees.values()
    tree.cfg.unlink()
    with looked(nodes, 0.0, PRODUCTION) as near:
        look = look_at_node(near, node)
    assert isinstance(look.snapshot.files, Unseen)
    assert look.snapshot.status == PRODUCTION
    assert look.holder is not None
