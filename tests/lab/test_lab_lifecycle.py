"""A lab comes up, goes down, and disappears with whoever wanted it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.core.errors import GateTimeout, UsageError
from tasks.lab.building import PROJECT
from tasks.lab.health import status
from tasks.lab.layout import Topology, read_lab
from tasks.lab.lifecycle import down, up
from tasks.lab.processes import started_ticks
from tests.lab.stub_lab import (
    SMALL,
    eventually,
    kill,
    make_stub_lab,
    nothing_left,
    processes_of,
    ssh_argv,
    stub_gateway,
    stub_lab,
)


def test_every_node_of_the_default_lab_has_an_sshd_and_a_gateway(tmp_path: Path) -> None:
    with stub_lab(tmp_path, Topology()) as lab:
        seen = status(lab.directory)
        assert [node.name for node in seen.nodes] == ["gw-a", "gw-b", "gw-c", "gw-d1", "gw-d2"]
        assert all(node.sshd_answers and node.gateway_alive for node in seen.nodes)
        assert len({node.address for node in seen.nodes}) == 5
        assert seen.is_running


def test_down_leaves_neither_processes_nor_directories(tmp_path: Path) -> None:
    lab = make_stub_lab(tmp_path)
    before = status(lab.directory).pids
    assert len(before) == 5  # keeper, warden, sshd, supervisor, gateway
    down(lab.directory)
    assert nothing_left(lab)
    assert not any(started_ticks(pid) for pid in before)


def test_two_labs_do_not_touch_each_other(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with stub_lab(tmp_path / "one") as one:
        with stub_lab(tmp_path / "two") as two:
            assert one.block != two.block
        seen = status(one.directory)
        assert seen.nodes[0].sshd_answers
        assert seen.nodes[0].gateway_alive


@pytest.mark.parametrize("victim", ["warden_pid", "keeper_pid"])
def test_killing_a_guard_ends_every_process_also_of_open_sessions(tmp_path: Path, victim: str) -> None:
    with stub_lab(tmp_path) as lab:
        argv = (*ssh_argv(lab, lab.nodes[0].address), "echo $$; exec sleep 1000")
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as session:
            assert session.stdout is not None
            remote = int(session.stdout.readline())
            assert started_ticks(remote) is not None
            kill(getattr(status(lab.directory), victim))
            assert eventually(lambda: started_ticks(remote) is None)
            assert eventually(lambda: session.poll() is not None)
        assert eventually(lambda: not processes_of(lab))
        assert not status(lab.directory).is_running
        assert lab.directory.exists()  # it was to be kept


def test_down_cleans_up_after_both_guards_were_killed_at_once(tmp_path: Path) -> None:
    with stub_lab(tmp_path) as lab:
        seen = status(lab.directory)
        assert seen.keeper_pid is not None
        os.kill(seen.keeper_pid, signal.SIGSTOP)
        kill(seen.warden_pid)
        kill(seen.keeper_pid)
        down(lab.directory)
        assert nothing_left(lab)


def test_a_process_that_only_has_a_pid_of_the_lab_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "1000"]) as stranger, stub_lab(tmp_path) as lab:
        kill(status(lab.directory).nodes[0].gateway_pid)
        for name in ("supervisor.pid", "gateway.pid"):
            (lab.nodes[0].directory / name).write_text(str(stranger.pid))
        assert not status(lab.directory).nodes[0].gateway_alive
        down(lab.directory)
        assert stranger.poll() is None
        stranger.kill()


def test_the_end_of_the_owner_removes_the_lab(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "1000"]) as owner, stub_lab(tmp_path, owner_pid=owner.pid) as lab:
        assert status(lab.directory).is_running
        owner.kill()
        owner.wait()
        assert eventually(lambda: nothing_left(lab))


def test_the_end_of_the_owner_and_of_the_warden_at_once_removes_the_lab(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "1000"]) as owner, stub_lab(tmp_path, owner_pid=owner.pid) as lab:
        kill(status(lab.directory).warden_pid)
        owner.kill()
        assert eventually(lambda: nothing_left(lab))


_UP = """
import sys
from pathlib import Path
from tasks.lab.layout import Topology
from tasks.lab.lifecycle import up
stub, small = ("/bin/sh", sys.argv[2]), Topology(members=1, pairs=0)
up(Path(sys.argv[1]), small, gateway=stub, missing=lambda lab: {missing!r})
"""


def _run_up(tmp_path: Path, *, missing: str | None) -> subprocess.Popen[bytes]:
    stub = stub_gateway(tmp_path)[1]
    argv = (sys.executable, "-c", _UP.format(missing=missing), str(tmp_path / "lab"), stub)
    return subprocess.Popen(argv, cwd=PROJECT)


def test_a_lab_without_owner_outlives_its_maker(tmp_path: Path) -> None:
    with _run_up(tmp_path, missing=None) as maker:
        assert maker.wait(timeout=30) == 0
    lab = read_lab(tmp_path / "lab")
    assert eventually(lambda: status(lab.directory).nodes[0].gateway_alive)
    down(lab.directory)
    assert nothing_left(lab)


def test_a_half_made_lab_disappears_with_its_maker(tmp_path: Path) -> None:
    with _run_up(tmp_path, missing="the cluster never forms") as maker:
        assert eventually(lambda: bool(list(tmp_path.glob("lab/nodes/*/gateway.pid"))))
        lab = read_lab(tmp_path / "lab")
        assert lab.state == "building"
        maker.kill()
    assert eventually(lambda: nothing_left(lab))


def test_a_cluster_that_does_not_form_in_time_is_given_up_and_removed(tmp_path: Path) -> None:
    with pytest.raises(GateTimeout, match=r"did not form within 0\.5 s; last seen: gw-a is asleep"):
        up(
            tmp_path / "lab",
            SMALL,
            gateway=stub_gateway(tmp_path),
            missing=lambda lab: "gw-a is asleep",
            limit_s=0.5,
        )
    assert not (tmp_path / "lab").exists()


def test_up_again_returns_the_running_lab(tmp_path: Path) -> None:
    with stub_lab(tmp_path) as lab:
        before = status(lab.directory).pids
        assert make_stub_lab(tmp_path) == lab
        assert status(lab.directory).pids == before


def test_up_with_another_topology_is_refused(tmp_path: Path) -> None:
    with stub_lab(tmp_path) as lab:
        with pytest.raises(UsageError, match=r"another lab runs in .* wanted: 2 members") as refused:
            make_stub_lab(tmp_path, Topology(members=2, pairs=0))
        assert "fab lab.down" in refused.value.remedy
        assert status(lab.directory).is_running


def test_up_on_the_remains_of_a_dead_lab_makes_a_new_one(tmp_path: Path) -> None:
    with stub_lab(tmp_path) as lab:
        kill(status(lab.directory).warden_pid)
        assert eventually(lambda: not processes_of(lab))
        again = make_stub_lab(tmp_path)
        assert again.block != lab.block
        assert status(again.directory).is_running


def test_a_directory_with_other_things_in_it_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="is not empty and not a lab"):
        up(tmp_path, SMALL)
    with pytest.raises(UsageError, match=r"is not a lab: there is no lab\.json"):
        down(tmp_path)
    with pytest.raises(UsageError, match=r"is not a lab: there is no lab\.json"):
        status(tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_copied_record_does_not_make_a_lab(tmp_path: Path) -> None:
    with stub_lab(tmp_path) as lab:
        (tmp_path / "copy").mkdir()
        (tmp_path / "copy" / "lab.json").write_text((lab.directory / "lab.json").read_text())
        with pytest.raises(UsageError, match=r"lab\.json cannot be read"):
            down(tmp_path / "copy")
        assert status(lab.directory).is_running


@pytest.mark.parametrize(
    ("topology", "said"),
    [
        pytest.param(Topology(members=0, pairs=0), "0 members and 0 pairs", id="nobody"),
        pytest.param(Topology(members=-1, pairs=2), "-1 members", id="negative"),
        pytest.param(Topology(members=27, pairs=0), "wanted at most 26", id="too-many"),
        pytest.param(Topology(speed=0), "speed 0 was asked for", id="standstill"),
    ],
)
def test_a_topology_that_cannot_be_is_refused(tmp_path: Path, topology: Topology, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        up(tmp_path / "lab", topology)
    assert not (tmp_path / "lab").exists()
