"""Where a run stops before its plan is complete: after so many members, after a round."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from tasks.core.errors import UsageError
from tasks.core.gates import Holds, NodeView, Verdict, Waiting
from tasks.core.plan import Plan, Step
from tasks.core.progress import Progress
from tasks.core.status import ClusterStatus, NodeStatus
from tasks.effects.execute import End, require_expected
from tasks.effects.run import Gates, Run
from tasks.effects.run_refusals import refuse_no_round
from tests.core.plans import plan_of
from tests.core.snapshots import cluster, healthy, pair
from tests.core.statuses import node_status

ROUNDS = plan_of(healthy(cluster(pair("gw-d"), "gw-f")), strategy="bridge")
ONE_ROUND = plan_of(healthy())


def stops_before(plan: Plan, end: End) -> str:
    """The id of the first step that is not done any more; "" where none is left out."""
    done: set[str] = set()
    record = SimpleNamespace(progress=lambda: Progress(done=frozenset(done)))
    run = cast("Run", SimpleNamespace(plan=plan, record=record))
    for step in plan.steps:
        if end.reached(run, step):
            return step.id
        done.add(step.id)
    return ""


@pytest.mark.parametrize(
    ("plan", "end", "step"),
    [
        pytest.param(ROUNDS, End(), "", id="nothing asked"),
        pytest.param(ROUNDS, End(until=1), "place:gw-d1@2", id="until a round: it is proven first"),
        pytest.param(ROUNDS, End(until=2), "", id="until the last round"),
        pytest.param(ONE_ROUND, End(until=1), "", id="until the only round"),
        pytest.param(ROUNDS, End(stop_after=1), "swap:gw-f@1", id="after a pair: both its nodes"),
        pytest.param(
            ROUNDS, End(stop_after=2), "swap:gw-d@2", id="after as many as a round has: it is proven"
        ),
        pytest.param(ROUNDS, End(stop_after=3), "swap:gw-f@2", id="counted over all rounds"),
        pytest.param(ROUNDS, End(stop_after=4), "", id="after the last"),
        pytest.param(ROUNDS, End(stop_after=3, until=1), "place:gw-d1@2", id="whichever comes first"),
        pytest.param(ONE_ROUND, End(stop_after=1), "swap:gw-b", id="of a plan without rounds"),
    ],
)
def test_a_run_stops_where_it_was_asked_to(plan: Plan, end: End, step: str) -> None:
    assert stops_before(plan, end) == step


@pytest.mark.parametrize(
    ("plan", "until", "said"),
    [
        (ROUNDS, 3, r"--until 3: the plan has 2 rounds$"),
        (ROUNDS, 0, r"--until 0: the plan has 2 rounds$"),
        (ROUNDS, -1, r"--until -1: the plan has 2 rounds$"),
        (ONE_ROUND, 2, r"--until 2: the plan has 1 round$"),
    ],
)
def test_a_round_that_the_plan_does_not_have_is_refused(plan: Plan, until: int, said: str) -> None:
    with pytest.raises(UsageError, match=said.removesuffix("$")) as no:
        refuse_no_round(plan, End(until=until))
    assert no.value.remedy == "fab plan shows its rounds"


@pytest.mark.parametrize(("plan", "until"), [(ROUNDS, 1), (ROUNDS, 2), (ONE_ROUND, 1), (ONE_ROUND, None)])
def test_one_that_it_has_is_not(plan: Plan, until: int | None) -> None:
    refuse_no_round(plan, End(until=until))


FAILED = ClusterStatus("Unavailable", enabled=True)


class _Waited:
    """A run up to the restart of `step`, in which the nodes show this: what it waits for first holds, or not."""

    def __init__(self, step: Step, shown: dict[str, NodeStatus]) -> None:
        nodes = cluster("gw-a", "gw-b", "gw-c")
        view = {name: NodeView(status) for name, status in shown.items()}
        self.verdicts: list[Verdict] = []
        fake = SimpleNamespace(
            plan=ONE_ROUND,
            gates=Gates(),
            member=nodes.member,
            facts=lambda step: {},
            active_nodes=lambda among: {name: name for name in among},
            expected_before=lambda step: ONE_ROUND.steps[ONE_ROUND.steps.index(step) - 1].expected,
            wait=lambda gate, node, awaited, **limits: self.verdicts.append(gate(view)),
        )
        require_expected(cast("Run", fake), step)


def _shows(name: str, counts: str) -> NodeStatus:
    connected, disconnected = map(int, counts.split("/"))
    return node_status(
        cluster=ClusterStatus("Active", enabled=True, connected=connected, disconnected=disconnected)
    )


def test_a_member_whose_cluster_component_failed_is_mended_by_its_own_restart_alone() -> None:
    step = next(s for s in ONE_ROUND.steps if s.id == "restart:gw-b")
    before = ONE_ROUND.steps[ONE_ROUND.steps.index(step) - 1].expected
    shown = {name: _shows(name, str(counts)) for name, counts in before.items()}
    assert isinstance(_Waited(step, shown).verdicts[0], Holds)
    out = {
        name: _shows(name, f"{max(c.connected - 1, 0)}/{c.disconnected + bool(c.connected)}")
        for name, c in before.items()
    }
    (verdict,) = _Waited(step, out | {"gw-b": node_status(cluster=FAILED)}).verdicts
    assert isinstance(verdict, Holds)
    starting = node_status(cluster=FAILED, state=6)
    assert isinstance(_Waited(step, out | {"gw-b": starting}).verdicts[0], Waiting)
    other = out | {"gw-a": node_status(cluster=FAILED), "gw-b": shown["gw-b"]}
    assert isinstance(_Waited(step, other).verdicts[0], Waiting)
