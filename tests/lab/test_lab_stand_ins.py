"""The stand-ins of service managers: found by SSH sessions, obeyed by the lab's gateway, recorded."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from tasks.lab.health import status
from tasks.lab.layout import Lab
from tasks.lab.stand_ins import StandIns, service_stand_ins
from tests.lab.stub_lab import eventually, kill, ssh, stub_lab

Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with stub_lab(tmp_path_factory.mktemp("stand-ins")) as made:
        yield made


@pytest.fixture
def stand_ins(lab: Lab) -> Iterator[StandIns]:
    """Those of the one node; its gateway runs before and after the test."""
    yield _written(lab)
    subprocess.run([str(lab.nodes[0].start)], check=True, timeout=30)
    assert eventually(lambda: _pid(lab) is not None)
    for path in lab.nodes[0].bin.iterdir():
        path.unlink()


def _written(lab: Lab, *, policy: Literal["no", "always"] = "no") -> StandIns:
    return service_stand_ins(lab, lab.nodes[0], lab.nodes[0].bin, policy=policy)


def _pid(lab: Lab) -> int | None:
    return status(lab.directory).nodes[0].supervisor_pid


def _end(lab: Lab) -> None:
    """The server ends by itself."""
    kill(_pid(lab))
    assert eventually(lambda: _pid(lab) is None)


def _call(stand_ins: StandIns, *argv: str, given: str = "") -> Done:
    program = (str(stand_ins.directory / argv[0]), *argv[1:])
    return subprocess.run(program, input=given, capture_output=True, text=True, timeout=30, check=False)


def test_sessions_of_the_node_find_them_before_the_real_ones(lab: Lab, stand_ins: StandIns) -> None:
    host, argv = lab.nodes[0].address, ("systemctl", "is-active", "imaserver")
    assert ssh(lab, host, shlex.join(argv)).stdout == "active\n"
    assert stand_ins.calls() == (argv,)


def test_sessions_of_a_node_without_them_find_what_is_installed(lab: Lab) -> None:
    assert list(lab.nodes[0].bin.iterdir()) == []
    assert str(lab.nodes[0].bin) not in ssh(lab, lab.nodes[0].address, "command -v sh systemctl").stdout


def test_systemd_starts_what_is_down_and_leaves_alone_what_runs(lab: Lab, stand_ins: StandIns) -> None:
    before = _pid(lab)
    assert _call(stand_ins, "systemctl", "start", "imaserver").returncode == 0
    assert _pid(lab) == before
    _end(lab)
    done = _call(stand_ins, "systemctl", "is-active", "imaserver.service")
    assert (done.returncode, done.stdout) == (3, "inactive\n")
    assert _call(stand_ins, "systemctl", "start", "imaserver").returncode == 0
    assert _call(stand_ins, "systemctl", "is-active", "imaserver").returncode == 0
    assert _pid(lab) not in (None, before)


def test_systemd_stops_the_whole_group(lab: Lab, stand_ins: StandIns) -> None:
    assert _call(stand_ins, "systemctl", "stop", "imaserver").returncode == 0
    assert _pid(lab) is None


@pytest.mark.parametrize(
    ("verb", "code", "stderr"),
    [
        ("start", 5, "Failed to start nosuch.service: Unit nosuch.service not found.\n"),
        ("cat", 1, "No files found for nosuch.service.\n"),
        ("is-active", 3, ""),
    ],
)
def test_systemd_knows_one_unit(stand_ins: StandIns, verb: str, code: int, stderr: str) -> None:
    done = _call(stand_ins, "systemctl", verb, "nosuch")
    assert (done.returncode, done.stderr) == (code, stderr)
    assert "ExecStart=" in _call(stand_ins, "systemctl", "cat", "imaserver").stdout


def test_systemd_shows_properties(stand_ins: StandIns) -> None:
    asked = ("systemctl", "show", "-p", "ActiveState,LoadState")
    assert _call(stand_ins, *asked, "imaserver").stdout == "ActiveState=active\nLoadState=loaded\n"
    assert _call(stand_ins, *asked, "--value", "nosuch").stdout == "inactive\nnot-found\n"


@pytest.mark.parametrize("engine", ["docker", "podman"])
def test_a_container_stops_starts_and_tells_so(lab: Lab, stand_ins: StandIns, engine: str) -> None:
    asked = (engine, "inspect", "--format", "{{.State.Running}} {{.State.StartedAt}}", "IMA")
    first = _call(stand_ins, *asked).stdout
    assert first.startswith("true 20")
    assert _call(stand_ins, engine, "stop", "-t", "30", "IMA").stdout == "IMA\n"
    assert _pid(lab) is None
    assert _call(stand_ins, *asked).stdout == first.replace("true", "false")
    assert _call(stand_ins, engine, "start", "IMA").stdout == "IMA\n"
    again = _call(stand_ins, *asked).stdout
    assert again.startswith("true 20")
    assert again != first
    assert _call(stand_ins, *asked).stdout == again


@pytest.mark.parametrize(("policy", "runs"), [("always", True), ("no", False)])
def test_the_restart_policy_brings_back_what_ended_by_itself(
    lab: Lab, stand_ins: StandIns, policy: Literal["no", "always"], runs: bool
) -> None:
    service_stand_ins(lab, lab.nodes[0], stand_ins.directory, policy=policy)
    _end(lab)
    state = json.loads(_call(stand_ins, "docker", "inspect", "IMA").stdout)[0]["State"]
    assert state["Running"] is runs
    assert (_pid(lab) is not None) is runs


def test_the_restart_policy_respects_a_stop(lab: Lab, stand_ins: StandIns) -> None:
    service_stand_ins(lab, lab.nodes[0], stand_ins.directory, policy="always")
    _call(stand_ins, "docker", "stop", "IMA")
    assert _call(stand_ins, "docker", "inspect", "-f", "{{.State.Running}}", "IMA").stdout == "false\n"


@pytest.mark.parametrize(("engine", "code"), [("docker", 1), ("podman", 125)])
@pytest.mark.parametrize("verb", ["inspect", "start", "stop", "exec"])
def test_an_unknown_container_is_refused(stand_ins: StandIns, engine: str, code: int, verb: str) -> None:
    done = _call(stand_ins, engine, verb, "nosuch", "true")
    assert done.returncode == code
    assert "nosuch" in done.stderr


def test_exec_hands_standard_input_on_only_if_asked(stand_ins: StandIns) -> None:
    assert _call(stand_ins, "docker", "exec", "-i", "IMA", "cat", given="content").stdout == "content"
    assert _call(stand_ins, "docker", "exec", "IMA", "cat", given="content").stdout == ""
    assert _call(stand_ins, "docker", "exec", "IMA", "sh", "-c", "exit 7").returncode == 7
    assert _call(stand_ins, "docker", "exec", "IMA", "no-such-program").returncode == 127
    assert "content" not in stand_ins.record.read_text()


@pytest.mark.parametrize(("engine", "code"), [("docker", 1), ("podman", 255)])
def test_nothing_runs_inside_a_stopped_container(stand_ins: StandIns, engine: str, code: int) -> None:
    _call(stand_ins, engine, "stop", "IMA")
    done = _call(stand_ins, engine, "exec", "-i", "IMA", "true")
    assert done.returncode == code
    assert "running" in done.stderr


def test_a_template_with_an_unknown_field_is_refused(stand_ins: StandIns) -> None:
    done = _call(stand_ins, "docker", "inspect", "-f", "{{.State.Mood}}", "IMA")
    assert (done.returncode, done.stdout) == (1, "")
    assert "State.Mood" in done.stderr


def test_the_mount_is_the_data_directory_unless_said_otherwise(
    lab: Lab, stand_ins: StandIns, tmp_path: Path
) -> None:
    asked = ("docker", "inspect", "--format", "{{json .Mounts}}", "IMA")
    mount = json.loads(_call(stand_ins, *asked).stdout)[0]
    assert mount["Source"] == mount["Destination"] == str(lab.nodes[0].data_dir)
    service_stand_ins(lab, lab.nodes[0], stand_ins.directory, volume=("/mnt/ima", "/var/lib/amlen-server"))
    mount = json.loads(_call(stand_ins, *asked).stdout)[0]
    assert (mount["Source"], mount["Destination"]) == ("/mnt/ima", "/var/lib/amlen-server")


def test_a_server_that_ignores_the_stop_is_killed_when_the_limit_has_passed(
    lab: Lab, stand_ins: StandIns
) -> None:
    pid = _pid(lab)
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    assert _call(stand_ins, "docker", "stop", "-t", "0.3", "IMA").returncode == 0
    assert _pid(lab) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_exec_runs_as_the_user_it_is_given(stand_ins: StandIns) -> None:
    asked = ("sh", "-c", "echo $(id -u):$(id -g)")
    assert _call(stand_ins, "docker", "exec", "--user", "463:463", "IMA", *asked).stdout == "463:463\n"
    assert _call(stand_ins, "docker", "exec", "IMA", *asked).stdout == "0:0\n"
