"""What a status asks of each node: counted by its sshd and its REST, not timed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.effects.look import FAR_S
from tests import forked_fab
from tests.bench.latency import far_away
from tests.bench.nodes import BenchSite, bench_site

COMMANDS = 1  # server.cfg, files, what would start the server, the lock
REST = ("service/status", "monitor/Cluster", "configuration/ClusterMembership")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BenchSite]:
    with bench_site(tmp_path_factory.mktemp("counted") / "site", 2, log_level="VERBOSE") as made:
        yield made


def fab(site: BenchSite, *words: str, inventory: Path | None = None) -> str:
    argv = ("fab", *words, "--inventory", str(inventory or site.inventory))
    home = {"HOME": str(site.directory), "PATH": os.environ["PATH"]}
    done = forked_fab.run(argv, cwd=Path(__file__).parents[2], env=home, limit_s=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_status_takes_one_login_and_few_questions_of_each_node(site: BenchSite) -> None:
    asked, logged = site.asked(), {node.name: site.logged(node) for node in site.nodes}
    fab(site, "status")
    new = site.asked() - asked
    for node in site.nodes:
        log = site.logged(node).removeprefix(logged[node.name])
        assert log.count("Accepted publickey") == log.count("Connection from") == 1
        assert log.count("Starting session: command") == COMMANDS
        assert new.pop(f"{node.name} REST connection") == new.pop(f"{node.name} control handshake") == 1
        assert [new.pop(f"{node.name} GET /ima/v1/{path} HTTP/1.1") for path in REST] == [1, 1, 1]
    assert not new


def test_over_a_long_way_questions_are_asked_at_the_same_time_and_the_answers_are_the_same(
    site: BenchSite,
) -> None:
    with far_away(site, FAR_S) as inventory:
        asked = site.asked()
        there = _nodes(fab(site, "status", "--json", inventory=inventory))
        new = site.asked() - asked
    assert there == _nodes(fab(site, "status", "--json"))
    for node in site.nodes:
        assert new.pop(f"{node.name} REST connection") == 2
        assert new.pop(f"{node.name} control handshake") == 1
        assert [new.pop(f"{node.name} GET /ima/v1/{path} HTTP/1.1") for path in REST] == [1, 1, 1]
    assert not new


def _nodes(answer: str) -> list[dict[str, object]]:
    """Of a status as JSON; without what goes on by itself."""
    nodes: list[dict[str, object]] = json.loads(answer)["rows"]
    return [{key: value for key, value in node.items() if key not in {"uptime_s"}} for node in nodes]


def test_another_command_is_seen(site: BenchSite) -> None:
    logged = {node.name: site.logged(node) for node in site.nodes}
    fab(site, "runs.list")  # which looks at what runs have left on the nodes
    for node in site.nodes:
        log = site.logged(node).removeprefix(logged[node.name])
        assert log.count("Starting session: command") > COMMANDS
