"""RequireCertificates on a lab: asked for twice, gated, seen on the wire, resumed after a kill."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from collections.abc import Iterator
from signal import SIGKILL

import pytest

from tests.e2e.labs import LIMIT_S, PROJECT, Ran, Rig, begun, rigged, small
from tests.e2e.sights import configurations, processes
from tests.e2e.test_consent import untouched
from tests.lab.handshakes import probe

TASK = "cluster.require-certificates"


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A single member gw-a and a pair gw-b, on the built-in pair."""
    with rigged(tmp_path_factory.mktemp("require"), small(1, pairs=1)) as made:
        yield made


def fingerprint_of(ran: Ran) -> str:
    found = re.search(r"fingerprint ([0-9a-f]{12}) -> fab (.*)", ran.stdout)
    assert found is not None, ran.stdout
    return found[1]


def listener(rig: Rig, node: str) -> str:
    """What the node's messaging listener makes of a visitor without a certificate."""
    return probe((rig.lab.node(node).address, rig.lab.ports.messaging), client=None).outcome


@pytest.mark.parametrize("word", ["", "no", "False"])
def test_a_wrong_word_is_told_the_right_ones(rig: Rig, word: str) -> None:
    with untouched(rig):
        ran = rig.fab(TASK, *filter(None, (word,)), "--yes")
    assert ran.code == 2
    assert f"-> fab {TASK} true, or fab {TASK} false" in ran.stderr


def test_true_where_it_is_true_is_nothing_to_do(rig: Rig) -> None:
    with untouched(rig):
        ran = rig.fab(TASK, "true", "--yes").ok()
    assert "nothing to do: RequireCertificates is true already, and in force" in ran.stdout


def test_false_is_not_taken_from_yes_alone(rig: Rig) -> None:
    with untouched(rig):
        ran = rig.fab(TASK, "false", "--yes")
    assert ran.code == 2
    assert "no terminal to type false at" in ran.stderr
    approve = f"-> fab {TASK} false --approve {fingerprint_of(ran)}; --yes does not stand for it"
    assert approve in ran.stderr


@pytest.mark.parametrize("typed", ["yes", ""])
def test_another_word_than_false_does_not_agree_to_it(rig: Rig, typed: str) -> None:
    with untouched(rig):
        code, told = at_a_terminal(rig, TASK, "false", "--yes", typed=typed)
    assert code == 3
    assert "Type false to go on" in told
    assert "not confirmed; nothing was changed" in told


def at_a_terminal(rig: Rig, task: str, *args: str, typed: str) -> tuple[int, str]:
    """Run a task whose standard input is a terminal at which this is typed."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, f"{typed}\n".encode())
        done = subprocess.run(
            rig.argv(task, *args),
            cwd=PROJECT,
            env=rig.environment(),
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    return done.returncode, done.stdout


def test_false_comes_into_force_on_every_node_with_a_kill_on_the_way(rig: Rig) -> None:
    assert "certificate required" in listener(rig, "gw-a")
    before = processes(rig.lab)
    approved = fingerprint_of(rig.fab(TASK, "false", "--plan").ok())
    with begun(rig, "false", "--approve", approved, task=TASK) as run:
        run.until("done", "configure:gw-a")
        run.signalled(SIGKILL)
    assert "certificate required" in listener(rig, "gw-a")
    resumed = rig.fab(TASK, "--resume").ok()
    assert "gw-a lets visitors in without a certificate" in resumed.stderr
    assert listener(rig, "gw-a") == "open"
    after = processes(rig.lab)
    assert all(before[name] != after[name] for name in before)
    noted = [e for e in rig.journal() if "RequireCertificates" in e.get("seen", "") and e["event"] == "noted"]
    assert {e["step"] for e in noted} == {f"configure:{node.name}" for node in rig.lab.nodes}
    assert {e["seen"] for e in noted} == {"ClusterMembership: RequireCertificates true -> false"}
    assert all("@" in e["facts"]["by"] and e["at"] for e in noted)
    assert configurations(rig.lab) == {n.name: ({"RequireCertificates": False},) for n in rig.lab.nodes}
    assert all(posts[0]["RequireCertificates"] is False for posts in configurations(rig.lab).values())
    told = rig.fab("status").ok().stdout
    assert "WARNING certificates-not-required: [gw-a, gw-b1, gw-b2]" in told
    assert f"-> once every member has its own credentials: fab {TASK} true" in told


def test_back_to_true_what_was_configured_and_given_up_is_seen_on_the_wire(rig: Rig) -> None:
    """Of one member alone: the other one stays as it is, and is warned of."""
    with begun(rig, "true", "--member", "gw-a", "--yes", task=TASK) as run:
        run.until("done", "configure:gw-a")
        run.signalled(SIGKILL)
    rig.fab(TASK, "--break-lock", rig.runs[-1].name).ok()
    assert listener(rig, "gw-a") == "open"
    ran = rig.fab(TASK, "true", "--member", "gw-a", "--yes").ok()
    assert "gw-a is set to it already, but its listener does otherwise" in ran.stdout
    assert "configure gw-a" not in ran.stdout
    assert "gw-a wants certificates" in ran.stderr
    assert "certificate required" in listener(rig, "gw-a")
    assert configurations(rig.lab)["gw-a"][1:] == ({"RequireCertificates": True},)
    assert len(configurations(rig.lab)["gw-b1"]) == 1
    assert "WARNING certificates-not-required: [gw-b1, gw-b2]" in rig.fab("status").stdout
