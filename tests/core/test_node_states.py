"""What a node was doing, in a word."""

from __future__ import annotations

import pytest

from tasks.core.node_states import NodeState, by_state, node_state, states_of
from tasks.core.status import NodeStatus
from tests.core.statuses import counted, node_status, paired

STANDBY = counted(0, 0, status="Standby")


@pytest.mark.parametrize(
    ("status", "word"),
    [
        pytest.param(node_status(), "ready", id="production"),
        pytest.param(node_status(cluster=counted(None, None, status="Unavailable")), "waiting", id="leaving"),
        pytest.param(node_status(cluster=counted(0, 0, status="Discover")), "waiting", id="discover"),
        pytest.param(node_status(state=2), "stopping", id="stopping"),
        pytest.param(node_status(state=9), "maintenance", id="maintenance"),
        pytest.param(node_status(state=4), "starting", id="transport started"),
        pytest.param(node_status(state=16), "starting", id="engine starting"),
        pytest.param(node_status(state=99), "starting", id="a state that nobody knows"),
        pytest.param(node_status(state=10, ha=paired("STANDBY"), cluster=STANDBY), "standby", id="standby"),
        pytest.param(
            node_status(state=10, ha=paired("UNSYNC"), cluster=STANDBY), "waiting", id="not in sync"
        ),
        pytest.param(
            node_status(state=10, ha=paired("PRIMARY"), cluster=STANDBY), "waiting", id="taking over"
        ),
        pytest.param(None, "down", id="silent"),
    ],
)
def test_a_state_has_one_word(status: NodeStatus | None, word: str) -> None:
    assert node_state(status) == word


def test_nodes_that_are_ready_are_left_out_and_read_back_as_such() -> None:
    states = {"gw-a": NodeState.READY, "gw-b": NodeState.DOWN, "gw-c": NodeState.DOWN}
    assert by_state(states) == {NodeState.DOWN: ("gw-b", "gw-c")}
    assert states_of(states, by_state(states)) == states
