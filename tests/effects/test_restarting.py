"""Right before a restart: the files that the plan was made for must lie there still."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from tasks.core.errors import RemoteError
from tasks.core.plan import Step, StepKind
from tasks.effects.restarting import require_planned_files
from tasks.effects.run import Run
from tests.effects.node_tree import CA, CERT, KEY, Tree, tree
from tests.effects.test_placing import SHARED, migration

RESTART = Step(kind=StepKind.RESTART, target="gw", expected={})
STANDBY = Step(kind=StepKind.RESTART_STANDBY, target="gw", expected={})
SWAP = Step(kind=StepKind.SWAP, target="gw", expected={})


@pytest.fixture
def node() -> Iterator[Tree]:
    with tree() as made:
        put(made)
        yield made


def put(node: Tree) -> None:
    content = SHARED.files()
    node.write(node.truststore / CA, content[CA])
    node.write(node.keystore / CERT, content[CERT])
    node.write(node.keystore / KEY, content[KEY])


def run_of(steps: tuple[Step, ...], *nodes: Tree) -> Run:
    run = migration(*nodes)
    return dataclasses.replace(run, plan=run.plan.model_copy(update={"steps": steps}))


def test_files_as_planned_let_the_restart_go_on(node: Tree) -> None:
    run = run_of((RESTART,), node)
    require_planned_files(run, RESTART, run.member("gw").nodes[0])


@pytest.mark.parametrize(
    ("content", "says"), [(b"another", "has SHA-256"), (None, "is absent")], ids=["other", "gone"]
)
def test_a_file_changed_since_the_plan_stops_it(node: Tree, content: bytes | None, says: str) -> None:
    run = run_of((RESTART,), node)
    key = node.keystore / KEY
    key.unlink() if content is None else node.write(key, content)
    with pytest.raises(RemoteError, match=rf"Cluster_key\.pem {says}"):
        require_planned_files(run, RESTART, run.member("gw").nodes[0])


def test_a_run_that_places_files_has_its_own_proof_of_them(node: Tree) -> None:
    run = run_of((SWAP, RESTART), node)
    node.write(node.keystore / KEY, b"another")
    require_planned_files(run, RESTART, run.member("gw").nodes[0])


def test_of_a_standby_the_files_of_its_primary_count(node: Tree) -> None:
    with tree(name="other") as primary:
        put(primary)
        node.write(node.keystore / KEY, b"another")
        run = run_of((STANDBY,), node, _named(primary, "gw-b"))
        require_planned_files(run, STANDBY, run.member("gw").nodes[0])
        primary.write(primary.keystore / KEY, b"another")
        with pytest.raises(RemoteError, match="has SHA-256"):
            require_planned_files(run, STANDBY, run.member("gw").nodes[0])


def _named(node: Tree, name: str) -> Tree:
    remote = dataclasses.replace(node.remote, node=dataclasses.replace(node.remote.node, name=name))
    return dataclasses.replace(node, remote=remote)
