"""Which nodes `fab credentials.inspect` says it had no look at."""

from __future__ import annotations

import pytest

from tasks.core.snapshot import Snapshot
from tasks.effects.inspecting import not_seen
from tests.core.snapshots import NO_ANSWER, THREE, alter, healthy, unreachable

SILENT = alter(healthy(THREE), "gw-b", wire=NO_ANSWER)


@pytest.mark.parametrize(
    ("snapshot", "disk", "wire", "missing"),
    [
        pytest.param(healthy(THREE), True, True, [], id="all seen"),
        pytest.param(SILENT, False, True, ["gw-b"], id="its port is silent, and was asked for"),
        pytest.param(SILENT, True, False, [], id="its port is silent, and the files were asked for"),
        pytest.param(unreachable(healthy(THREE), "gw-a"), True, False, ["gw-a"], id="no ssh, no files"),
        pytest.param(unreachable(healthy(THREE), "gw-a"), False, True, ["gw-a"], id="no ssh, nothing served"),
    ],
)
def test_a_node_is_missing_where_what_was_asked_for_could_not_be_seen(
    snapshot: Snapshot, disk: bool, wire: bool, missing: list[str]
) -> None:
    assert list(not_seen(snapshot, disk=disk, wire=wire)) == missing
