"""Who may start a run: approval by fingerprint, the open run, the lock."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from signal import SIGKILL
from typing import Any

import pytest

from tasks.core.results import Ending, Result
from tasks.effects.record import held, runs
from tests.e2e.labs import LIMIT_S, PROJECT, Ran, Rig, begun, documented, rigged, small
from tests.e2e.sights import WORK, files, leftovers, processes

FINGERPRINT = re.compile(r"fingerprint ([0-9a-f]{12})")


@contextmanager
def untouched(rig: Rig) -> Iterator[None]:
    """No file of any node changes in the block, and no server restarts."""
    before = files(rig.lab), processes(rig.lab)
    yield
    assert (files(rig.lab), processes(rig.lab)) == before


DOCUMENTED = ("--strategy", "prescribed")


def _fingerprint(ran: Ran) -> str:
    found = FINGERPRINT.search(ran.stdout)
    assert found is not None, ran.stdout
    return found[1]


def test_without_a_terminal_a_run_wants_yes_or_a_fingerprint(quiet: Rig) -> None:
    with untouched(quiet):
        ran = quiet.fab("migrate-cluster")
    assert ran.code == 2
    assert f"fab migrate-cluster --approve {_fingerprint(ran)} (or --yes)" in ran.stderr


def test_a_fingerprint_that_nobody_saw_here_is_refused(quiet: Rig) -> None:
    with untouched(quiet):
        ran = quiet.fab("migrate-cluster", "--approve", "0123456789ab")
    assert ran.code == 3
    assert "approved was 0123456789ab: the approved plan was not made on this machine" in ran.stderr


def test_a_stale_fingerprint_is_refused_with_the_difference(quiet: Rig) -> None:
    approved = _fingerprint(quiet.fab("plan").ok())
    assert _fingerprint(quiet.fab("plan").ok()) == approved
    with untouched(quiet):
        ran = quiet.fab("migrate-cluster", "--approve", approved, "--observer", "gw-a")
    assert ran.code == 3
    assert f"approved was {approved}: observer: gw-b -> gw-a" in ran.stderr
    assert "-> fab plan, have it approved anew" in ran.stderr
    assert quiet.runs == ()


def _executed(rig: Rig, *args: str) -> Ran:
    """By the real executable."""
    done = subprocess.run(
        rig.argv("migrate-cluster", *args),
        cwd=PROJECT,
        env=rig.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@contextmanager
def _locked(rig: Rig) -> Iterator[str]:
    """Another run holds one node while the block runs: its id."""
    lock = rig.lab.node("gw-b").data_dir / "data" / WORK / "lock"
    lock.mkdir(parents=True)
    holder = {"run": "20260101T000000Z-abcdef", "owner": "eve", "host": "elsewhere", "since": "today"}
    (lock / "owner").write_text(json.dumps(holder, separators=(",", ":")) + "\n")
    try:
        yield holder["run"]
    finally:
        shutil.rmtree(lock.parent, ignore_errors=True)


def test_a_lock_of_another_run_is_named_and_respected(quiet: Rig) -> None:
    with _locked(quiet) as run:
        with untouched(quiet):
            ran = _executed(quiet, *documented("--yes", "--json"))
        assert ran.code == 7
        assert f"[gw-b] another run works on this cluster: run {run} of eve" in ran.stderr
        assert f"fab migrate-cluster --break-lock {run}" in ran.stderr
        assert Result.model_validate_json(ran.stdout).outcome is Ending.LOCKED
        with untouched(quiet):
            other = quiet.fab("migrate-cluster", "--break-lock", "20260101T000000Z-000000")
        assert other.code == 2
        assert (
            "there is no run 20260101T000000Z-000000, neither here nor in a lock: [gw-b] run 2026"
            in other.stderr
        )
        quiet.fab("migrate-cluster", "--break-lock", run).ok()
        assert leftovers(quiet.lab) == ()
    assert quiet.migrate("--observer", "gw-x").code == 2  # no run is open: it is the wish that is refused


def test_every_exit_code_reaches_a_real_shell(quiet: Rig) -> None:
    """Of those left out here 5 is in test_failing_nodes, 130 in test_interrupted."""
    dead = quiet.changed_inventory("dead", _with_a_dead_member)
    asked = {
        0: quiet.argv("cluster.show"),
        1: quiet.argv("migrate-cluster", "--stop-after", "two"),
        2: quiet.argv("status", inventory=quiet.lab.directory / "absent.yaml"),
        3: quiet.argv("credentials.renew"),
        4: quiet.argv("config.show", "--node", "gw-x", inventory=dead),
        6: quiet.argv("status", "--json", inventory=dead),
        7: quiet.argv("migrate-cluster", *documented("--yes")),
    }
    lines = "\n".join(f"{shlex.join(argv)}\necho exit $?" for argv in asked.values())
    with _locked(quiet):
        done = subprocess.run(
            ["sh", "-c", lines],
            cwd=PROJECT,
            env=quiet.environment(),
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )
    assert re.findall("^exit ([0-9]+)$", done.stdout, re.MULTILINE) == [str(code) for code in asked], (
        done.stderr
    )
    assert "Traceback" not in done.stderr


def _with_a_dead_member(document: dict[str, Any]) -> None:
    document["clusters"]["rehearsal"]["members"]["gw-x"] = {"host": "127.9.9.9"}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Two members with a run that was killed while it placed the files."""
    with rigged(tmp_path_factory.mktemp("open"), small()) as rig:
        approved = _fingerprint(rig.fab("plan", *DOCUMENTED).ok())
        with begun(rig, *DOCUMENTED, "--approve", approved) as run:
            run.until("done", "place:gw-a")
            run.signalled(SIGKILL)
        yield rig


def test_an_open_run_refuses_a_new_one(opened: Rig) -> None:
    (run,) = opened.runs
    with untouched(opened):
        ran = opened.migrate()
    assert ran.code == 3
    assert f"run {run.name} is not finished" in ran.stderr
    assert "fab migrate-cluster --resume" in ran.stderr
    assert f"--break-lock {run.name}" in ran.stderr


def test_a_run_that_another_process_carries_on_is_left_alone(opened: Rig) -> None:
    (record,) = runs(opened.runs[0].parent)
    with untouched(opened), held(record):
        for wish in (("--resume",), ("--yes",), ("--break-lock", record.id)):
            ran = opened.fab("migrate-cluster", *wish)
            assert ran.code == 7, ran.stderr
            assert f"run {record.id} is being worked on by another process of this machine" in ran.stderr


def test_a_run_that_is_given_up_leaves_no_key_and_no_lock_and_its_plan_can_run_again(opened: Rig) -> None:
    (run,) = opened.runs
    assert len(leftovers(opened.lab)) == 3  # two locks, one stage
    opened.fab("migrate-cluster", "--break-lock", run.name).ok()
    assert leftovers(opened.lab) == ()
    approved = _fingerprint(opened.fab("plan", *DOCUMENTED).ok())
    assert (
        "complete: healthy" in opened.fab("migrate-cluster", *DOCUMENTED, "--approve", approved).ok().stdout
    )
