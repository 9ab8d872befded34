"""A node of a pair that was started anew by somebody else between two steps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from tasks.core.errors import GateTimeout, RemoteError
from tasks.core.file_names import HA
from tasks.core.status import NodeStatus
from tasks.effects.ha_lead import came_back, require_answer, started_as_node
from tests.core.ha_pairs import PAIR
from tests.core.statuses import node_status, paired
from tests.effects.node_tree import Tree, tree

STEP = SimpleNamespace(id="ha-rejoin:gw-d")


@pytest.fixture
def node() -> Iterator[Tree]:
    with tree() as made:
        for name in HA.in_order:
            made.write((made.truststore if name == HA.ca else made.keystore) / name, b"new")
        yield made


def run_of(node: Tree, status: NodeStatus | None) -> Any:
    def answer(_: object) -> NodeStatus:
        if status is None:
            raise RemoteError("refused", remedy="-")
        return status

    noted: list[dict[str, str]] = []
    return SimpleNamespace(
        remote=lambda _: node.remote,
        status=answer,
        report=SimpleNamespace(note=lambda *_: None),
        node_time=lambda _: datetime.now(UTC),
        write=lambda event, step, **facts: noted.append(facts),
        noted=noted,
        record=SimpleNamespace(id="run1"),
        plan=SimpleNamespace(task="ha.migrate"),
    )


def started(*, after_s: float, role: str = "PRIMARY") -> NodeStatus:
    state = 10 if role == "STANDBY" else 1
    return node_status(
        state=state, started_at=datetime.now(UTC) + timedelta(seconds=after_s), ha=paired(role)
    )


@pytest.mark.parametrize(
    ("after_s", "role", "back"),
    [(60, "PRIMARY", True), (-60, "PRIMARY", False), (-60, "STANDBY", True)],
    ids=["younger than its files", "older", "a standby: the other one takes nobody with the former set"],
)
def test_a_primary_came_back_if_it_has_loaded_its_new_files(
    node: Tree, after_s: float, role: str, back: bool
) -> None:
    status = started(after_s=after_s, role=role)
    run = run_of(node, status)
    primary = PAIR.member("gw-d").nodes[0]
    assert came_back(run, STEP, primary, status) is back  # type: ignore[arg-type]
    assert [one["node"] for one in run.noted] == ["gw-d1"] * back


@pytest.mark.parametrize(("role", "back"), [("HADISABLED", False), ("UNSYNC", True), ("PRIMARY", True)])
def test_a_node_to_be_was_started_if_it_knows_its_pair(node: Tree, role: str, back: bool) -> None:
    run = run_of(node, started(after_s=0, role=role))
    assert started_as_node(run, STEP, PAIR.member("gw-d").nodes[0]) is back  # type: ignore[arg-type]
    assert len(run.noted) == back


def test_a_primary_that_is_down_stops_the_line_with_its_backup(node: Tree) -> None:
    primary, standby = PAIR.member("gw-d").nodes
    with pytest.raises(GateTimeout, match="nobody serves the clients of gw-d") as stopped:
        require_answer(run_of(node, None), primary, standby)
    assert "its new files lie it finds gw-d2" in stopped.value.remedy
    assert "/data/.fab-tls/run1/backup)" in stopped.value.remedy
