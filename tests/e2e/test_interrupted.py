"""Runs that are broken off, and go on with --resume to the same end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from signal import SIGINT, SIGKILL

import pytest

from tasks.lab.faults import break_node, mend
from tasks.lab.health import not_formed
from tests.e2e.by_hand import Sights, as_expected, foreseen, sights
from tests.e2e.labs import Rig, begun, rigged, small
from tests.e2e.sights import eventually, fingerprint, leftovers, processes, rest, served
from tests.runbook_reading import read_steps

RESUME = "fab migrate-cluster --resume"


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A single member and a pair; every test leaves it healthy, on the set that it made last."""
    with rigged(tmp_path_factory.mktemp("interrupted"), small(1, pairs=1)) as made:
        yield made


def _ends_well(rig: Rig) -> None:
    """The run is resumed to its end, everybody on the new set, nothing left behind, no step done twice."""
    ran = rig.resume().ok()
    new = fingerprint(rig.credentials / "Cluster_cert.pem")
    assert "complete: healthy: 2 members, 3 nodes" in ran.stdout
    assert {served(rig.lab, name) for name in ("gw-a", _pair(rig)[0])} == {new}
    assert leftovers(rig.lab) == ()
    done = [entry["step"] for entry in rig.journal() if entry["event"] == "done"]
    assert len(done) == len(set(done))
    assert rig.journal()[-1]["event"] == "completed"


def _restarts(rig: Rig, node: str) -> int:
    """How often the server was asked to end since the lab was made."""
    return (rig.lab.node(node).log_dir / "imaserver-admin.log").read_text().count("CWLNA6005")


def test_a_run_stopped_after_one_member_is_resumed_where_it_stood_and_its_runbook_foresaw_it(
    rig: Rig,
) -> None:
    path = rig.home / "RUNBOOK.md"
    rig.fab("plan", "--strategy", "prescribed", "--runbook", str(path)).ok()
    stopped = rig.migrate("--stop-after", "1").ok()
    assert "stopped as asked" in stopped.stdout
    assert f"-> {RESUME}" in stopped.stdout
    done = [entry["step"] for entry in rig.journal() if entry["event"] == "done"]
    assert done[-1] == "restart:gw-b"
    assert "swap:gw-a" not in done
    assert served(rig.lab, "gw-a") != fingerprint(rig.credentials / "Cluster_cert.pem")
    half_seen = sights(rig.lab)
    half = rig.fab("status")
    assert half.code == 6
    assert f"is open, 3 of 9 steps left -> {RESUME}" in half.stdout
    before = processes(rig.lab)
    _ends_well(rig)
    after = processes(rig.lab)
    assert {name for name in before if before[name] != after[name]} == {"gw-a"}
    _as_in_the_runbook(rig, path.read_text(), half=half_seen)


def _as_in_the_runbook(rig: Rig, text: str, *, half: Sights) -> None:
    """Its expectations, by what was seen at the stop and is seen at the end, and step by step by the journal."""
    steps = {step.last: step for step in read_steps(text)}
    assert "--stop-after 1" in text.split("### Step 6: ")[1].split("###")[0]
    assert as_expected(steps[6], half, rig.lab)
    assert as_expected(steps[9], sights(rig.lab), rig.lab)
    assert not as_expected(steps[6], sights(rig.lab), rig.lab)
    done = [entry for entry in rig.journal() if entry["event"] == "done"]
    restarts = {number: e for number, e in enumerate(done, 1) if e["step"].startswith("restart")}
    assert list(restarts) == [5, 6, 8]
    for number, entry in restarts.items():
        assert foreseen(steps[number], entry), (steps[number], entry)
        for other in {"gw-a": "1/1"}, {"gw-b": "2/0"}:
            assert not foreseen(replace(steps[number], counts={**steps[number].counts, **other}), entry)


def test_a_run_broken_off_again_and_again_reaches_its_end(rig: Rig) -> None:
    rig.new_credentials()
    before = {node.name: _restarts(rig, node.name) for node in rig.lab.nodes}
    with begun(rig, "--yes", executable=True) as run:
        run.until("done", "swap:gw-b")
        assert run.signalled(SIGKILL).code == -SIGKILL
    assert rig.journal()[-1]["event"] in ("done", "started")
    with begun(rig, "--resume", executable=True) as run:
        run.until_told("waiting for standby")
        _is_interrupted(run.signalled(SIGINT).stderr, run.process.returncode)
    assert rig.journal()[-1]["event"] == "interrupted"
    with begun(rig, "--resume") as run:
        run.until_told("waiting for restart of gw-a: REST is silent")
        run.signalled(SIGKILL)
    _ends_well(rig)
    assert {name: _restarts(rig, name) - count for name, count in before.items()} == dict.fromkeys(before, 1)


def _is_interrupted(stderr: str, code: int | None) -> None:
    assert code == 130
    assert "SIGINT: finishing the current operation, then stopping" in stderr
    assert stderr.splitlines()[-1].endswith(RESUME)
    assert "Traceback" not in stderr


def test_a_run_killed_while_files_are_swapped_is_resumed(rig: Rig) -> None:
    rig.new_credentials()
    with begun(rig, "--yes") as run:
        run.until("started", "swap:gw-b")
        run.signalled(SIGKILL)
    _ends_well(rig)


def test_a_primary_whose_standby_is_gone_is_not_restarted(rig: Rig) -> None:
    rig.new_credentials()
    with begun(rig, "--yes") as run:
        run.until("done", "restart-standby:gw-b")
        primary, standby = _pair(rig)
        break_node(rig.lab.directory, standby, "gateway-down")
        ran = run.end()
    assert ran.code in (4, 5), ran.stderr
    no_roles, no_sync = "once the pair is whole and in sync: ", "REST is silent, wanted STANDBY 2/2"
    assert no_roles in ran.stderr or no_sync in ran.stderr  # as it went before the roles were read, or after
    assert RESUME in ran.stderr
    seen = rest(rig.lab, rig.lab.node(primary))
    assert (seen["Server"]["State"], seen["HighAvailability"]["NewRole"]) == (1, "PRIMARY")
    assert not any(e["event"] == "noted" and e["step"] == "restart:gw-b" for e in rig.journal())
    mend(rig.lab.directory, standby)
    assert eventually(lambda: not_formed(rig.lab) is None)
    _ends_well(rig)


def _pair(rig: Rig) -> tuple[str, str]:
    """Who is primary of gw-b and who is standby, now."""
    roles = {rest(rig.lab, node)["HighAvailability"]["NewRole"]: node.name for node in rig.lab.nodes[1:]}
    return roles["PRIMARY"], roles["STANDBY"]
