"""Nodes that fail in the middle: the line stops, says why, and --resume goes on once they are mended."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tasks.core.events import Event, EventKind
from tasks.core.results import Ending, Result
from tasks.lab.faults import break_node, mend
from tests.e2e.labs import LIMIT_S, PROJECT, Begun, Ran, Rig, begun, documented, rigged, small
from tests.e2e.sights import files, fingerprint, leftovers, processes, served
from tests.effects.posts import web
from tests.schemas import conforms

IMPATIENT = {"restart_s": 8, "return_s": 2, "join_s": 4}


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Two members; every test leaves them healthy and on the set that it made last."""
    with rigged(tmp_path_factory.mktemp("failing"), small()) as made:
        yield made


@pytest.fixture
def impatient(rig: Rig) -> Path:
    """The lab's inventory with limits of a few seconds."""
    return rig.changed_inventory(
        "impatient", lambda document: document["defaults"]["limits"].update(IMPATIENT)
    )


def _unstartable(rig: Rig) -> Path:
    """The same, where the service manager claims to have started what it has not."""

    def change(document: dict[str, Any]) -> None:
        document["defaults"]["limits"].update(IMPATIENT)
        document["clusters"]["rehearsal"]["members"]["gw-a"]["service"]["start"] = ["true"]

    return rig.changed_inventory("unstartable", change)


def _events(rig: Rig, event: str) -> list[str]:
    return [entry["step"] for entry in rig.journal() if entry["event"] == event]


def _completes(rig: Rig, ran: Ran) -> None:
    new = fingerprint(rig.credentials / "Cluster_cert.pem")
    assert "complete: healthy: 2 members, 2 nodes" in ran.ok().stdout
    assert [served(rig.lab, name) for name in ("gw-a", "gw-b")] == [new, new]
    assert leftovers(rig.lab) == ()


def _stopped(ran: Ran, *texts: str) -> None:
    assert ran.code == 5, ran.stderr
    for text in texts:
        assert text in ran.stderr, ran.stderr
    assert "Traceback" not in ran.stderr


def _telling(rig: Rig, inventory: Path, url: str) -> Path:
    """The same, with commands that keep what they are told, and a webhook."""
    yaml = YAML()
    document = yaml.load(inventory.read_text())
    document["clusters"]["rehearsal"]["notify"] = {
        "on": {
            kind: ["sh", "-c", "cat >> heard"] for kind in ("start", "step", "waiting_long", "failed", "done")
        },
        "waiting_long_s": 1,
        "webhook": {"url": url},
    }
    with inventory.open("w") as file:
        yaml.dump(document, file)
    return inventory


def _in_a_shell(rig: Rig, inventory: Path) -> Ran:
    """As a script would call it: the real executable, and the exit code that the shell sees."""
    argv = rig.argv(
        "migrate-cluster", *documented("--yes", "--json", "--progress", "json"), inventory=inventory
    )
    done = subprocess.run(
        ["sh", "-c", '"$@"; code=$?; echo "exit $code" >&2; exit $code', "sh", *argv],
        cwd=PROJECT,
        env=rig.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def _is_told_as_json(rig: Rig, ran: Ran) -> None:
    """One object on stdout, an event per line on stderr beside the error, and to the commands what they asked for."""
    conforms("migrate-cluster", ran.stdout)
    result = Result.model_validate_json(ran.stdout)
    assert (result.outcome, result.exit_code, result.node) == (Ending.FAILED, 5, "gw-a")
    assert result.resume.startswith("fab migrate-cluster --resume")
    assert result.plan is not None
    assert 0 < result.plan.steps_done < result.plan.steps
    assert (result.run, result.report) == (rig.runs[-1].name, f"fab runs.report {result.run}")
    assert result.availability is not None
    assert result.availability.away["gw-a"] > 0
    lines = ran.stderr.splitlines()
    events = [Event.model_validate_json(line) for line in lines if line.startswith("{")]
    assert [line for line in lines if not line.startswith("{")][-1] == "exit 5"
    assert (events[0].event, events[-1].event) == (EventKind.START, EventKind.FAILED)
    assert {event.run for event in events} == {result.run}
    heard = [json.loads(line)["event"] for line in (rig.lab.directory / "heard").read_text().splitlines()]
    assert (heard[0], heard[-1], heard.count("waiting_long"), "done" in heard) == (
        "start",
        "failed",
        1,
        False,
    )


def test_a_server_that_stays_down_is_started_by_the_service_manager(rig: Rig, impatient: Path) -> None:
    break_node(rig.lab.directory, "gw-a", "no-return")
    try:
        ran = rig.migrate(inventory=impatient)
    finally:
        mend(rig.lab.directory, "gw-a")
    assert "[gw-a] silent for 2 s: asking the service manager to start it" in ran.stderr
    _completes(rig, ran)


def test_a_server_that_never_comes_back_stops_the_line_before_the_next_one(rig: Rig) -> None:
    rig.new_credentials()
    old_b = served(rig.lab, "gw-b"), processes(rig.lab)["gw-b"]
    break_node(rig.lab.directory, "gw-a", "no-return")
    try:
        with web() as hook:
            ran = _in_a_shell(rig, _telling(rig, _unstartable(rig), hook.url))
    finally:
        mend(rig.lab.directory, "gw-a")
    _is_told_as_json(rig, ran)
    assert [json.loads(post.body)["event"] for post in hook.posts] == ["failed"]
    _stopped(ran, "[gw-a]", "not within 8 s; last seen: REST is silent", "fab migrate-cluster --resume")
    assert _events(rig, "failed") == ["restart:gw-a"]
    assert (served(rig.lab, "gw-b"), processes(rig.lab)["gw-b"]) == old_b
    assert not any("gw-b" in step for step in _events(rig, "done") if not step.startswith("place"))
    subprocess.run([str(rig.lab.node("gw-a").start)], check=True, timeout=30)
    _completes(rig, rig.resume())


def test_a_server_that_falls_back_to_the_built_in_pair_stops_the_line(rig: Rig, impatient: Path) -> None:
    rig.new_credentials()
    before = files(rig.lab)
    break_node(rig.lab.directory, "gw-a", "fallback")
    ran = rig.migrate(inventory=impatient)
    _stopped(ran, "[gw-a]", "serves the BUILT-IN certificate", "(T2)", "fab migrate-cluster --resume")
    touched = {path for path, seen in files(rig.lab).items() if before.get(path) != seen}
    assert not any("/gw-b/" in path and "/certificates/" in path for path in touched)
    still = rig.resume(inventory=impatient)
    _stopped(still, "serves the BUILT-IN certificate")  # not mended: it is stopped again
    mend(rig.lab.directory, "gw-a")
    _completes(rig, rig.resume())


def _spoil_key_after_the_swap(run: Begun, rig: Rig) -> None:
    run.until("done", "swap:gw-a")
    break_node(rig.lab.directory, "gw-a", "key-mismatch")


def test_a_server_with_a_key_that_does_not_fit_is_found_dead_by_its_log(rig: Rig, impatient: Path) -> None:
    rig.new_credentials()
    with begun(rig, "--yes", inventory=impatient) as run:
        _spoil_key_after_the_swap(run, rig)
        ran = run.end()
    _stopped(
        ran,
        "listens on nothing (T1)",
        "CWLNA0911",
        "key values mismatch",
        "fab recover gw-a gives it files that work",
    )
    assert "once it is mended" not in ran.stderr  # one remedy, not two
    assert _events(rig, "failed") == ["restart:gw-a"]
    assert "swap:gw-b" not in _events(rig, "started")
    recovered = rig.fab("recover", "gw-a", "--yes").ok()
    assert f"put back what run {rig.runs[-1].name} swapped in" in " ".join(recovered.stdout.split())
    assert [e["event"] for e in rig.journal()][-2:] == ["recovering", "recovered"]
    mend(rig.lab.directory, "gw-a")
    _completes(rig, rig.resume())
