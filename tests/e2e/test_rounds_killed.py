"""A run of several rounds, killed again and again while servers restart by themselves: it ends, and parts nobody.

`make test-rounds` kills it at every journal line; here it is at some of them, so that each round has a few.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from itertools import count, cycle
from pathlib import Path

import pytest

from tasks.lab.health import not_formed
from tests import forked_fab
from tests.conftest import EVERY_LINE
from tests.e2e.labs import Rig, make_sets, rigged, small
from tests.e2e.onlooker import Seen, onlooking
from tests.e2e.sights import eventually, fingerprint, leftovers, rest, restart, served

SOME = 25  # lines from one kill to the next
ROUNDS = 3


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Both have the same machinery: the second only where there is time."""
    if "strategy" in metafunc.fixturenames:
        thorough = metafunc.config.getoption(EVERY_LINE)
        metafunc.parametrize("strategy", ["bridge", "overlap"] if thorough else ["bridge"])


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rigged(tmp_path_factory.mktemp("rounds"), small(1, pairs=1), credentials="ca") as made:
        yield made


def test_killed_again_and_again_it_ends_without_partition(
    rig: Rig, strategy: str, request: pytest.FixtureRequest
) -> None:
    every = 1 if request.config.getoption(EVERY_LINE) else SOME
    if strategy == "overlap":
        make_sets(rig, kind="ca")
    with onlooking(rig.lab) as seen:
        kills = _killed_until_complete(rig, strategy, every=every)
    _is_whole(rig, seen)
    assert kills >= ROUNDS
    sys.stderr.write(
        f"{strategy}: killed {kills} times at journal lines, {seen.samples} samples, none apart\n"
    )


def _killed_until_complete(rig: Rig, strategy: str, *, every: int) -> int:
    """How often it was killed, each time a few lines further on; a node restarts behind its back each time."""
    nodes, known = cycle(rig.lab.nodes), len(rig.runs)
    with rig.going("--yes", "--strategy", strategy) as process:
        _until_lines(rig, known, 1, process)
        process.kill()
    for kills in count(1):
        restart(rig.lab, _settled(rig, next(nodes).name))
        assert eventually(lambda: not_formed(rig.lab) is None), not_formed(rig.lab)
        due = len(_lines(rig, known)) + every
        with rig.going("--resume") as process:
            if _until_lines(rig, known, due, process):
                assert process.wait(30) == 0
                return kills
            process.kill()
    raise AssertionError


def _settled(rig: Rig, name: str) -> str:
    """The node, once a restart of it would be a clean one (T5)."""
    node = rig.lab.node(name)
    assert eventually(lambda: rest(rig.lab, node)["Server"]["State"] in (1, 10))
    return name


def _lines(rig: Rig, known: int) -> list[str]:
    """Of the run that came after those that were known."""
    runs = rig.runs[known:]
    path = runs[0] / "journal.jsonl" if runs else Path("/nowhere")
    return path.read_text().split("\n")[:-1] if path.exists() else []


def _until_lines(rig: Rig, known: int, wanted: int, process: forked_fab.Running) -> bool:
    """Wait for so many lines of the journal; whether it was complete before."""
    deadline = time.monotonic() + 60
    while len(lines := _lines(rig, known)) < wanted:
        if lines and '"event":"completed"' in lines[-1]:
            return True
        assert process.poll() in (None, 0), lines[-1:]
        assert time.monotonic() < deadline, lines[-1:]
        time.sleep(0.001)
    return '"event":"completed"' in lines[-1]


def _is_whole(rig: Rig, seen: Seen) -> None:
    assert not seen.apart
    assert seen.samples > 20
    assert leftovers(rig.lab) == ()
    shared = rig.credentials / "Cluster_cert.pem"
    for node in rig.lab.nodes:
        folder = rig.credentials if shared.exists() else rig.credentials / node.member
        for name, home in (("Cluster_cafile.pem", "truststore"), ("Cluster_key.pem", "keystore")):
            assert (node.certificates / home / name).read_bytes() == (folder / name).read_bytes()
        if rest(rig.lab, node)["Server"]["State"] == 1:
            assert served(rig.lab, node.name) == fingerprint(folder / "Cluster_cert.pem")
