"""Who only looks takes no lock, breaks none and leaves nothing on the nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tasks.core.course import Wish
from tasks.core.errors import Refused
from tasks.effects.lock import Claim, lock
from tasks.effects.operations import show_check
from tasks.effects.planning import make_plan
from tasks.effects.rolling_back import prepare_return
from tasks.effects.sights import begin_sights
from tasks.effects.site import Site
from tasks.effects.status_shown import show_status
from tests.core.plans import plan_of
from tests.core.snapshots import healthy
from tests.core.statuses import NOON
from tests.effects.node_tree import Tree
from tests.effects.on_trees import Nodes, nodes_of

READING: dict[str, Callable[[Site], object]] = {
    "status": lambda site: show_status(site, begin_sights(site)),
    "check": lambda site: show_check(site, ignored=frozenset()),
    "plan": lambda site: make_plan(site, Wish()),
    "rollback --plan": lambda site: prepare_return(site, "RUN-1", plan_of(healthy())),
}


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    with nodes_of("gw-a", runs_dir=tmp_path / "runs") as made:
        yield made


def tree_of(node: Tree) -> dict[str, tuple[bytes, float]]:
    files = (path for path in node.root.rglob("*") if path.is_file())
    return {str(path): (path.read_bytes(), path.stat().st_ctime) for path in files}


@pytest.mark.parametrize("name", READING)
def test_a_reading_task_takes_no_lock_and_one_of_a_run_does_not_stop_it(nodes: Nodes, name: str) -> None:
    (node,) = nodes.trees.values()
    for locked in (False, True):
        if locked:
            lock(nodes.remotes, Claim("run-1", NOON), acting=nodes.acting)
        before, asked = tree_of(node), len(node.remote.ran)
        with suppress(Refused):  # no server runs there: that is a finding, and Locked would be none of these
            READING[name](nodes.site)
        assert len(node.remote.ran) > asked
        assert tree_of(node) == before
        assert any("/.fab-tls/lock/" in path for path in before) is locked
