"""Around a restart: the files that the plan was made for must lie there still; one that brought others is repeated."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast

import pytest

from tasks.core.certificates import Certificate
from tasks.core.errors import RemoteError
from tasks.core.gates import NodeView
from tasks.core.issuing import Subject, shared_self_signed
from tasks.core.journal import Entry
from tasks.core.plan import PlanRound, Step, Target
from tasks.core.status import ClusterStatus, NodeStatus
from tasks.core.step_kinds import StepKind
from tasks.effects.clock import SystemClock
from tasks.effects.restarting import forget_failed_restart, require_planned_files
from tasks.effects.run import Run
from tasks.effects.site import Site
from tests.core.statuses import node_status
from tests.effects.node_tree import CA, CERT, KEY, Tree, tree
from tests.effects.test_placing import NOW, SHARED, migration

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


IN_ROUND = Step(kind=StepKind.RESTART, target="gw", expected={}, round=1)
OTHER = shared_self_signed(Subject("other"), days=365, now=NOW)
WANTED = (SHARED.leaf.subject,)


FAILED = ClusterStatus("Unavailable", enabled=True)


def asked_before(
    node: Tree,
    *,
    serves: Certificate | None,
    accepts: tuple[str, ...] = WANTED,
    status: NodeStatus | None = None,
) -> Run:
    """The restart of a round was asked for before the tool ended; the server shows that since."""
    run = migration(node)
    target = Target(
        files=dict(SHARED.sha256), leaf_sha256=SHARED.leaf.sha256, leaf_subject="-", not_after="-"
    )
    one = PlanRound(what="-", targets={"gw": target}, accepts={"gw": WANTED}, moving=("gw",))
    plan = run.plan.model_copy(update={"rounds": (one,)})
    run.record.append(
        Entry(at=NOW, event="noted", step=IN_ROUND.id, facts={"started_before": NOW.isoformat()})
    )
    seen = NodeView(status or node_status(), served=serves, accepts=accepts)
    site = SimpleNamespace(
        cluster=run.site.cluster,
        remote=run.site.remote,
        clock=SystemClock(),
        view=lambda addresses, probe: {"gw-a": seen},
    )
    return dataclasses.replace(run, plan=plan, site=cast("Site", site))


def asked_for(run: Run) -> str:
    return run.facts(IN_ROUND)["started_before"]


@pytest.mark.parametrize(
    ("leaf", "accepts"),
    [
        pytest.param(OTHER.leaf, WANTED, id="another certificate"),
        pytest.param(SHARED.leaf, (), id="it could not read its CA file (T3)"),
        pytest.param(SHARED.leaf, (*WANTED, OTHER.leaf.subject), id="another CA file"),
    ],
)
def test_a_server_that_came_back_otherwise_is_restarted_once_more(
    node: Tree, leaf: Certificate, accepts: tuple[str, ...]
) -> None:
    run = asked_before(node, serves=leaf, accepts=accepts)
    assert forget_failed_restart(run, IN_ROUND)
    assert asked_for(run) == ""


def test_one_that_came_back_without_its_cluster_component_is_too(node: Tree) -> None:
    run = asked_before(node, serves=None, status=node_status(cluster=FAILED))
    assert forget_failed_restart(run, IN_ROUND)
    assert asked_for(run) == ""


def test_one_that_is_on_its_way_down_is_not(node: Tree) -> None:
    run = asked_before(node, serves=None, status=node_status(cluster=FAILED, state=2))
    assert not forget_failed_restart(run, IN_ROUND)


@pytest.mark.parametrize("leaf", [SHARED.leaf, None], ids=["as planned", "nothing seen"])
def test_one_that_came_back_as_planned_or_is_not_seen_yet_is_not(
    node: Tree, leaf: Certificate | None
) -> None:
    run = asked_before(node, serves=leaf)
    assert not forget_failed_restart(run, IN_ROUND)
    assert asked_for(run) == NOW.isoformat()


def test_nor_is_one_whose_files_are_still_wrong(node: Tree) -> None:
    node.write(node.truststore / CA, b"another")
    run = asked_before(node, serves=SHARED.leaf, accepts=())
    with pytest.raises(RemoteError, match=r"Cluster_cafile\.pem has SHA-256"):
        forget_failed_restart(run, IN_ROUND)
    assert asked_for(run) == NOW.isoformat()
