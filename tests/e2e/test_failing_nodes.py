"""Nodes that fail in the middle: the line stops, says why, and --resume goes on once they are mended."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks.lab.faults import break_node, mend
from tests.e2e.labs import Begun, Ran, Rig, begun, rigged, small
from tests.e2e.sights import files, fingerprint, leftovers, processes, served

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
        ran = rig.migrate(inventory=_unstartable(rig))
    finally:
        mend(rig.lab.directory, "gw-a")
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
