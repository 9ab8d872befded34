"""A run of several rounds, killed again and again while servers restart by themselves: it ends, and parts nobody.

`make test-rounds` kills it at every line of its journal; here it is at some of them, so that each round has a few.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from itertools import count, cycle
from pathlib import Path
from typing import Any

import pytest

from tasks.lab.health import not_formed
from tests import forked_fab
from tests.conftest import EVERY_LINE
from tests.e2e.labs import Rig, make_sets, rigged, small
from tests.e2e.onlooker import Seen, onlooking
from tests.e2e.sights import eventually, fingerprint, leftovers, rest, restart, served

SOME = 23  # lines of another kind from one kill to the next
ROUNDS = 3

Kind = tuple[str, str, tuple[str, ...]]  # of a line: its event, its step, the names of its facts


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
        _on_credentials_of_its_own(rig)
    with onlooking(rig.lab) as seen:
        kills, kinds = _killed_until_complete(rig, strategy, every=every)
    _is_whole(rig, seen)
    assert kills >= ROUNDS
    sys.stderr.write(
        f"{strategy}: killed {kills} times, at {kinds} kinds of journal lines, "
        f"{seen.samples} samples, none apart\n"
    )


def _on_credentials_of_its_own(rig: Rig) -> None:
    """Serving a first set, with another one to come."""
    if not rig.runs:
        rig.migrate().ok()
    make_sets(rig, kind="ca")


def _killed_until_complete(rig: Rig, strategy: str, *, every: int) -> tuple[int, int]:
    """How often it was killed, and how many kinds of lines there were; a node restarts behind its back each time.

    A resumed step writes its first line again: what was killed there once passes on to the next, or it would
    never end.
    """
    nodes, known, seen = cycle(rig.lab.nodes), len(rig.runs), set[Kind]()
    with rig.going("--yes", "--strategy", strategy) as process:
        _until_other_lines(rig, known, seen, 1, process)
        process.kill()
    for kills in count(1):
        restart(rig.lab, _settled(rig, next(nodes).name))
        assert eventually(lambda: not_formed(rig.lab) is None), not_formed(rig.lab)
        with rig.going("--resume") as process:
            if _until_other_lines(rig, known, seen, every, process):
                assert process.wait(30) == 0
                return kills, len(seen)
            process.kill()
    raise AssertionError


def _settled(rig: Rig, name: str) -> str:
    """The node, once a restart of it would be a clean one (T5)."""
    node = rig.lab.node(name)
    assert eventually(lambda: rest(rig.lab, node)["Server"]["State"] in (1, 10))
    return name


def _kinds(rig: Rig, known: int) -> list[Kind]:
    """One per line of the run that came after those that were known."""
    runs = rig.runs[known:]
    path = runs[0] / "journal.jsonl" if runs else Path("/nowhere")
    lines = path.read_text().split("\n")[:-1] if path.exists() else []
    return [_kind(json.loads(line)) for line in lines]


def _kind(entry: dict[str, Any]) -> Kind:
    return entry["event"], entry.get("step", ""), tuple(sorted(entry.get("facts", ())))


def _until_other_lines(
    rig: Rig, known: int, seen: set[Kind], wanted: int, process: forked_fab.Running
) -> bool:
    """Wait for so many lines of kinds not seen before; whether the run was complete before."""
    deadline = time.monotonic() + 60
    while len({*(kinds := _kinds(rig, known))} - seen) < wanted and not _is_complete(kinds):
        assert process.poll() in (None, 0), kinds[-1:]
        assert time.monotonic() < deadline, kinds[-1:]
        time.sleep(0.001)
    seen.update(kinds)
    return _is_complete(kinds)


def _is_complete(kinds: list[Kind]) -> bool:
    return bool(kinds) and kinds[-1][0] == "completed"


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
