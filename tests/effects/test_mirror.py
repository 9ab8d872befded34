"""A run's plan on the nodes: whole or not at all, without secrets, and enough to go on from elsewhere."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.core.errors import Refused, RemoteError
from tasks.core.plan import Plan
from tasks.effects import mirror as mirroring
from tasks.effects.lock import Claim, lock
from tasks.effects.mirror import elsewhere, mirror, packed, plan_on
from tests.core.certs import OWN
from tests.core.kinds import NEW
from tests.core.plans import plan_of
from tests.core.snapshots import healthy
from tests.core.statuses import NOON
from tests.effects.node_tree import Tree, mode, owner
from tests.effects.on_trees import Nodes, nodes_of

RUN, OTHER = "20261122T120000Z-0123ab-4567", "20261122T130000Z-0123ab-89cd"
PLAN = plan_of(healthy(runs=OWN.sets), NEW["ca"], strategy="overlap")


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    with nodes_of("gw-a", "gw-b", runs_dir=tmp_path / "runs") as made:
        yield made


def mirrored(node: Tree, run: str = RUN) -> Path:
    return node.data / ".fab-tls" / run / "plan.json.gz"


def take(nodes: Nodes, run: str, *, on: slice = slice(None)) -> None:
    lock(nodes.remotes[on], Claim(run, NOON), acting=nodes.acting)


def leave(nodes: Nodes, plan: Plan = PLAN, *, on: slice = slice(None)) -> None:
    mirror(nodes.remotes[on], RUN, packed(plan), acting=nodes.acting)


def test_every_node_holds_the_plan_as_it_is_and_for_its_owner_alone(nodes: Nodes) -> None:
    leave(nodes)
    for node in nodes.trees.values():
        assert plan_on(node.remote, RUN) == PLAN
        assert (mode(mirrored(node)), mode(mirrored(node).parent)) == ("600", "700")
        assert owner(mirrored(node)) == node.user
        assert [path.name for path in mirrored(node).parent.iterdir()] == ["plan.json.gz"]
        assert b"PRIVATE KEY" not in gzip.decompress(mirrored(node).read_bytes())
        assert plan_on(node.remote, OTHER) is None


def test_a_later_plan_takes_the_place_of_the_first_at_once(nodes: Nodes) -> None:
    leave(nodes)
    later = plan_of(healthy(runs=OWN.sets), NEW["ca"])
    leave(nodes, later)
    assert [plan_on(remote, RUN) for remote in nodes.remotes] == [later, later]


def test_one_that_does_not_arrive_whole_replaces_nothing(nodes: Nodes) -> None:
    leave(nodes)
    (node, _) = nodes.trees.values()
    (argv,) = [argv for argv in node.remote.ran if "did not arrive whole" in " ".join(argv)]
    done = node.remote.run(argv, stdin=packed(PLAN)[:-100])
    assert (done.exit_status, done.error_text) == (4, "the plan did not arrive whole")
    assert plan_on(node.remote, RUN) == PLAN


def test_one_that_an_older_tool_has_left_is_read_as_well(nodes: Nodes) -> None:
    leave(nodes)
    (node, _) = nodes.trees.values()
    mirrored(node).unlink()
    node.write(mirrored(node).with_suffix(""), PLAN.model_dump_json().encode() + b"\n")
    assert plan_on(node.remote, RUN) == PLAN


BROKEN = (
    b"",
    b"{}",
    b'{"cluster": "x"',
    b"\xff\xfe",
    b"\x1f\x8b",
    packed(PLAN)[:-9],
    packed(PLAN)[:40] + b"x" * 40,
)


@pytest.mark.parametrize("content", BROKEN, ids=range(len(BROKEN)))
def test_what_is_no_whole_plan_is_none(nodes: Nodes, content: bytes) -> None:
    leave(nodes)
    (node, _) = nodes.trees.values()
    mirrored(node).write_bytes(content)
    assert plan_on(node.remote, RUN) is None


def test_one_that_swells_beyond_measure_is_none(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    leave(nodes)
    (node, _) = nodes.trees.values()
    monkeypatch.setattr(mirroring, "_MOST_BYTES", len(PLAN.model_dump_json()) - 1)
    assert plan_on(node.remote, RUN) is None
    monkeypatch.setattr(mirroring, "_MOST_BYTES", len(PLAN.model_dump_json()))
    assert plan_on(node.remote, RUN) == PLAN


def test_where_it_cannot_be_left_the_node_is_named(nodes: Nodes) -> None:
    node = nodes.trees["gw-b"]
    node.write(node.data / ".fab-tls", b"a file where the directory should be")
    with pytest.raises(RemoteError, match="the plan could not be left in") as no:
        leave(nodes)
    assert no.value.node == "gw-b"


class TestElsewhere:
    def test_without_a_lock_no_run_is_under_way_whatever_plans_lie_there(self, nodes: Nodes) -> None:
        leave(nodes)
        assert elsewhere(nodes.remotes) is None

    def test_the_run_that_holds_it_is_found_with_its_plan_and_where_that_is_from(self, nodes: Nodes) -> None:
        take(nodes, RUN)
        leave(nodes)
        found = elsewhere(nodes.remotes)
        assert found is not None
        assert (found.holder.run, found.plan, found.sources) == (RUN, PLAN, ("gw-a", "gw-b"))

    def test_one_node_with_lock_and_one_with_its_plan_suffice(self, nodes: Nodes) -> None:
        """It was killed while it took the lock, or gave it back."""
        take(nodes, RUN, on=slice(0, 1))
        leave(nodes, on=slice(1, 2))
        found = elsewhere(nodes.remotes)
        assert found is not None
        assert (found.holder.run, found.sources) == (RUN, ("gw-b",))

    def test_different_runs_are_not_chosen_from(self, nodes: Nodes) -> None:
        take(nodes, RUN, on=slice(0, 1))
        take(nodes, OTHER, on=slice(1, 2))
        leave(nodes)
        with pytest.raises(Refused, match="locked by different runs") as no:
            elsewhere(nodes.remotes)
        assert RUN in no.value.problem
        assert OTHER in no.value.problem
        assert no.value.remedy == "give the dead ones up: fab migrate-cluster --break-lock RUN"

    def test_a_run_without_its_plan_can_be_given_up_only(self, nodes: Nodes) -> None:
        take(nodes, RUN)
        with pytest.raises(Refused, match="no node holds its plan") as no:
            elsewhere(nodes.remotes)
        assert f"fab migrate-cluster --break-lock {RUN}" in no.value.remedy

    def test_different_plans_of_one_run_are_not_chosen_from(self, nodes: Nodes) -> None:
        """It was killed while it left a later one."""
        take(nodes, RUN)
        leave(nodes)
        leave(nodes, plan_of(healthy(runs=OWN.sets), NEW["ca"]), on=slice(0, 1))
        with pytest.raises(Refused, match="the nodes hold different plans of it"):
            elsewhere(nodes.remotes)
