"""Gates of one's own: real processes of this machine, before and after a restart."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tasks.core.errors import GateTimeout
from tasks.core.model import Admin, EnvSecret, Member, OwnGates
from tasks.effects.clock import SystemClock
from tasks.effects.own_gates import after_restart, before_restart, missing_gates
from tasks.effects.run import Run
from tests.core.plans import plan_of
from tests.core.snapshots import cluster, healthy
from tests.effects.servers import step_of

PLAIN = cluster("gw-a", "gw-b")
PLAN = plan_of(healthy(PLAIN))
RESTART = step_of(PLAN, "restart:gw-a")


class Bench:
    """A run with gates for gw-a in a folder of its own; what it journals and shows is kept."""

    def __init__(self, folder: Path, gates: OwnGates, *, facts: dict[str, str] | None = None) -> None:
        self.written: list[str] = []
        self.shown: list[str] = []
        self.cluster = replace(
            PLAIN, inventory=folder / "inventory.yaml", members=tuple(_with(m, gates) for m in PLAIN.members)
        )
        fake = SimpleNamespace(
            site=SimpleNamespace(cluster=self.cluster, clock=SystemClock()),
            plan=PLAN,
            record=SimpleNamespace(id="run-1"),
            report=SimpleNamespace(waiting=lambda node, awaited, seen, left_s: self.shown.append(awaited)),
            member=self.cluster.member,
            facts=lambda step: facts or {},
            write=lambda event, step, seen: self.written.append(f"{event} {step.id}: {seen}"),
            resume_line="fab migrate-cluster --resume",
        )
        self.run = cast(Run, fake)


def _with(member: Member, gates: OwnGates) -> Member:
    if member.name != "gw-a":
        return member
    node = replace(member.nodes[0], gates=gates, admin=Admin(host="h", password=EnvSecret("IMA_PASSWORD")))
    return replace(member, nodes=(node,))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def script(folder: Path, text: str, *, name: str = "gate.sh") -> tuple[str, ...]:
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)
    return (f"./{name}", "one argument")


def test_a_gate_gets_the_event_and_passes_with_0(folder: Path) -> None:
    argv = script(folder, 'cat > seen.json; echo "$1" > argument')
    bench = Bench(folder, OwnGates(before_restart=argv))
    before_restart(bench.run, RESTART)
    seen: dict[str, Any] = json.loads((folder / "seen.json").read_text())
    assert (seen["event"], seen["member"], seen["step"]) == ("before_restart", "gw-a", "restart:gw-a")
    assert (seen["cluster"], seen["run"], seen["steps"]) == (PLAIN.key, "run-1", len(PLAN.steps))
    assert (folder / "argument").read_text() == "one argument\n"
    assert bench.written == ["noted restart:gw-a: gate before restart passed: ./gate.sh"]


def test_one_that_fails_stops_the_line_and_what_it_printed_last_is_said(folder: Path) -> None:
    bench = Bench(folder, OwnGates(after_restart=script(folder, "echo pool is empty >&2; exit 3")))
    with pytest.raises(
        GateTimeout, match=r"gate after restart: ./gate.sh 'one argument': ended with exit"
    ) as no:
        after_restart(bench.run, RESTART)
    assert "status 3; it printed last: pool is empty" in no.value.problem
    assert (no.value.node, no.value.exit_code) == ("gw-a", 5)
    assert no.value.remedy.endswith("fab migrate-cluster --resume")
    assert bench.written == []


def test_one_that_is_late_is_ended_with_all_that_it_began(folder: Path) -> None:
    argv = script(folder, "sleep 60 & echo $! > child; trap '' TERM; wait; sleep 60")
    bench = Bench(folder, OwnGates(before_restart=argv, limit_s=0.5))
    with pytest.raises(GateTimeout, match=r"not within 0.5 s, and was ended; it printed nothing"):
        before_restart(bench.run, RESTART)
    child = int((folder / "child").read_text())
    assert _gone(child)
    assert bench.shown[0] == "the gate before restart (./gate.sh)"


def _gone(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


def test_a_flood_of_output_is_no_matter_and_its_end_is_kept(folder: Path) -> None:
    argv = script(folder, "head -c 3000000 /dev/zero | tr '\\0' x; echo; echo the end; exit 1")
    with pytest.raises(GateTimeout, match="it printed last: ") as no:
        before_restart(Bench(folder, OwnGates(before_restart=argv)).run, RESTART)
    assert no.value.problem.endswith("xxx / the end")
    assert len(no.value.problem) < 500


def test_one_that_reads_nothing_or_is_killed_is_told_apart(folder: Path) -> None:
    before_restart(Bench(folder, OwnGates(before_restart=("true",))).run, RESTART)
    killed = script(folder, "kill -9 $$")
    with pytest.raises(GateTimeout, match="was killed by signal 9"):
        before_restart(Bench(folder, OwnGates(before_restart=killed)).run, RESTART)


def test_one_whose_program_has_vanished_is_no_traceback(folder: Path) -> None:
    with pytest.raises(GateTimeout, match=r"the gate ./none.sh cannot be run: No such file") as no:
        before_restart(Bench(folder, OwnGates(before_restart=("./none.sh",))).run, RESTART)
    assert "correct `gates` in the inventory" in no.value.remedy


def test_a_restart_that_was_asked_for_already_is_not_prepared_again(folder: Path) -> None:
    argv = script(folder, "touch ran")
    asked = Bench(
        folder, OwnGates(before_restart=argv), facts={"started_before": "2026-11-22T00:00:00+00:00"}
    )
    before_restart(asked.run, RESTART)
    assert not (folder / "ran").exists()
    before_restart(Bench(folder, OwnGates(before_restart=argv)).run, RESTART)
    assert (folder / "ran").exists()


@pytest.mark.parametrize("step", ["place:gw-a", "swap:gw-a", "restart:gw-b"])
def test_other_steps_and_other_members_have_none(folder: Path, step: str) -> None:
    argv = script(folder, "touch ran")
    bench = Bench(folder, OwnGates(before_restart=argv, after_restart=argv))
    before_restart(bench.run, step_of(PLAN, step))
    after_restart(bench.run, step_of(PLAN, step))
    assert not (folder / "ran").exists()


def test_its_environment_is_what_a_command_needs_and_holds_no_secret(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMA_PASSWORD", "hush")
    monkeypatch.setenv("TZ", "UTC")
    before_restart(Bench(folder, OwnGates(before_restart=script(folder, "env > env"))).run, RESTART)
    seen = (folder / "env").read_text()
    assert "TZ=UTC" in seen
    assert "hush" not in seen
    assert os.environ["IMA_PASSWORD"] == "hush"


def test_a_gate_that_cannot_be_run_is_found_by_the_check(folder: Path) -> None:
    script(folder, "", name="good.sh")
    (folder / "plain.txt").write_text("")
    for argv, trouble in {
        ("./good.sh",): "",
        ("true",): "",
        ("no-such-program-here",): "not in PATH",
        ("./none.sh",): "none.sh is no file",
        ("./plain.txt",): "plain.txt is not executable",
    }.items():
        found = list(missing_gates(Bench(folder, OwnGates(after_restart=argv)).cluster))
        assert [f.name for f in found] == (["gate-missing"] if trouble else [])
        assert all(trouble in f.problem and f.where == "gw-a" for f in found)
