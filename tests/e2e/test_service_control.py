"""Servers that systemd, docker or podman run: stopped by REST once, started once, files where they are."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any, Literal

import pytest

from tasks.core.errors import RemoteError
from tasks.effects.inventory_file import open_inventory
from tasks.effects.secrets import Secrets
from tasks.effects.service import request_restart, start
from tasks.effects.site import Site
from tasks.lab.faults import break_node, mend
from tasks.lab.health import not_formed
from tasks.lab.layout import LabNode
from tasks.lab.processes import read_pid
from tasks.lab.stand_ins import StandIns, service_stand_ins
from tests.e2e.labs import Ran, Rig, begun, rigged, small
from tests.e2e.sights import eventually, files, fingerprint, leftovers, processes, served
from tests.effects.node_tree import program

STOPPING = "CWLNA6005"  # the admin log's line for every stop and restart by REST or signal


def calls(node: LabNode) -> tuple[tuple[str, ...], ...]:
    return StandIns(node.bin, node.bin / "calls.jsonl").calls()


def changing(node: LabNode) -> list[tuple[str, ...]]:
    """The calls that are neither questions nor our scripts."""
    return [argv for argv in calls(node) if argv[1] not in ("show", "cat", "inspect", "exec")]


def stops(node: LabNode) -> int:
    log = node.log_dir / "imaserver-admin.log"
    return log.read_text().count(STOPPING) if log.exists() else 0


def _migrated(rig: Rig, ran: Ran) -> None:
    new = fingerprint(rig.credentials / "Cluster_cert.pem")
    assert "complete: healthy: 2 members, 2 nodes" in ran.ok().stdout
    assert [served(rig.lab, node.name) for node in rig.lab.nodes] == [new, new]
    assert leftovers(rig.lab) == ()


def test_a_migration_under_systemd_stops_by_rest_and_only_starts_by_systemd(tmp_path: Path) -> None:
    with rigged(tmp_path, small(service="systemd")) as rig:
        before = [stops(node) for node in rig.lab.nodes]
        _migrated(rig, rig.migrate())
        for node, earlier in zip(rig.lab.nodes, before, strict=True):
            assert changing(node) == [("systemctl", "start", "imaserver")]
            assert stops(node) == earlier + 1


def _killed_before_the_start(rig: Rig, program_name: str, inventory: Path) -> None:
    """Its server is stopped, and the tool is gone before anything has started it."""
    node = rig.lab.nodes[0]
    real, asked = node.bin / program_name, node.bin / "asked"
    kept = real.rename(node.bin / "kept")
    program(real, f'case $1 in start) touch {asked}; sleep 2; exit 1 ;; esac\nexec {kept} "$@"')
    with begun(rig, "--yes", inventory=inventory) as run:
        assert eventually(asked.exists)
        assert run.signalled(signal.SIGKILL).code == -signal.SIGKILL
    kept.replace(real)


@pytest.mark.parametrize("manager", ["systemd", "docker"])
def test_a_run_killed_between_stop_and_start_starts_the_server_when_it_is_resumed(
    tmp_path: Path, manager: Literal["systemd", "docker"]
) -> None:
    def patient(document: dict[str, Any]) -> None:
        document["defaults"]["limits"]["return_s"] = 600  # silence alone would start nothing

    with rigged(tmp_path, small(1, service=manager)) as rig:
        inventory, node = rig.changed_inventory("patient", patient), rig.lab.nodes[0]
        _killed_before_the_start(rig, "systemctl" if manager == "systemd" else "docker", inventory)
        assert changing(node) == []
        resumed = rig.resume(inventory=inventory).ok()
        assert "it was stopped for its restart, and was down: started" in resumed.stderr
        assert [argv[1] for argv in changing(node)] == ["start"]
        assert served(rig.lab, node.name) == fingerprint(rig.credentials / "Cluster_cert.pem")


@pytest.fixture(scope="module")
def docked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Two members in docker containers; every test leaves them running."""
    with rigged(tmp_path_factory.mktemp("docked"), small(service="docker")) as made:
        yield made
        assert not_formed(made.lab) is None


def _service(rig: Rig, **settings: Any) -> Path:
    """The lab's inventory with other settings of every node's service."""

    def change(document: dict[str, Any]) -> None:
        document["defaults"]["limits"]["return_s"] = 2
        for member in document["clusters"]["rehearsal"]["members"].values():
            member["service"].update(deepcopy(settings))  # one value twice would be an alias

    return rig.changed_inventory("service", change)


def test_a_migration_by_exec_never_touches_the_files_from_outside(docked: Rig) -> None:
    inventory = _service(docked, files="docker")
    before = [stops(node) for node in docked.lab.nodes]
    _migrated(docked, docked.migrate(inventory=inventory))
    key = (docked.credentials / "Cluster_key.pem").read_text().splitlines()[1]
    for node, earlier in zip(docked.lab.nodes, before, strict=True):
        assert changing(node) == [("docker", "start", "IMA")]
        assert stops(node) == earlier + 1
        ran = [argv for argv in calls(node) if argv[1] == "exec"]
        assert {argv[:4] for argv in ran} == {("docker", "exec", "-i", "--user")}
        assert len({argv[4] for argv in ran}) == 2 - (os.geteuid() != 0)  # root asks, the service user acts
        assert not any(key in word for argv in ran for word in argv)


def test_a_restart_by_rest_keeps_the_container_and_is_finished_by_docker(docked: Rig) -> None:
    docked.new_credentials()
    before = {node.name: len(changing(node)) for node in docked.lab.nodes}
    break_node(docked.lab.directory, "gw-a", "no-return")
    try:
        ran = docked.migrate(inventory=_service(docked, restart="rest"))
    finally:
        mend(docked.lab.directory, "gw-a")
    assert "[gw-a] silent for 2 s: asking the service manager to start it: docker start IMA" in ran.stderr
    _migrated(docked, ran)
    after = {node.name: changing(node)[before[node.name] :] for node in docked.lab.nodes}
    assert after == {"gw-a": [("docker", "start", "IMA")], "gw-b": []}


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({"container": "IMB"}, "[gw-a, gw-b] docker inspect IMB: exit 1: Error: No such object: IMB"),
        ({"volume": {"host": "/nowhere/amlen"}}, "container-volume: [gw-a]"),
        ({"files": "docker", "container": "IMB"}, "files: [gw-a, gw-b] docker inspect IMB"),
    ],
    ids=["no such container", "the volume is elsewhere", "exec into a container that is not there"],
)
def test_a_container_that_is_not_as_the_inventory_says_is_found_by_the_check(
    docked: Rig, settings: dict[str, Any], wanted: str
) -> None:
    before = files(docked.lab), processes(docked.lab)
    ran = docked.fab("check", inventory=_service(docked, **settings))
    assert ran.code == 3
    assert wanted in ran.stdout
    assert (files(docked.lab), processes(docked.lab)) == before


def test_a_container_as_the_inventory_says_is_noted(docked: Rig) -> None:
    said = docked.fab("check").ok().stdout
    assert "INFO container-policy: [gw-a, gw-b] container IMA: restart policy no" in said


def test_a_stopped_container_is_said_to_be_out_of_reach(docked: Rig) -> None:
    node = docked.lab.node("gw-b")
    break_node(docked.lab.directory, "gw-b", "gateway-down")
    try:
        ran = docked.fab("check", inventory=_service(docked, files="docker"))
    finally:
        mend(docked.lab.directory, "gw-b")
    assert ran.code == 3
    assert "ERROR files: [gw-b] container IMA is exited: nothing can be run in it" in ran.stdout
    assert "docker start IMA" in ran.stdout
    assert eventually(lambda: not_formed(docked.lab) is None)
    assert changing(node)[-1:] == [
        ("docker", "start", "IMA")
    ]  # of the tests before; the check starts nothing


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """One member; each test gives it the stand-ins that it needs."""
    with rigged(tmp_path_factory.mktemp("alone"), small(1)) as made:
        yield made


Engine = Literal["docker", "podman"]
ENGINES = pytest.mark.parametrize("engine", ["docker", "podman"])


@contextmanager
def run_by(rig: Rig, engine: Engine, *, policy: Literal["no", "always"] = "no") -> Iterator[Site]:
    """The member's site, its server run by that engine; it runs again in the end."""
    node = rig.lab.nodes[0]
    service_stand_ins(rig.lab, node, node.bin, names=(engine,), policy=policy)

    def change(document: dict[str, Any]) -> None:
        document["defaults"]["limits"]["stop_s"] = 3
        service = {"restart": engine, "container": "IMA"}
        document["clusters"]["rehearsal"]["members"]["gw-a"]["service"] = service

    inventory = rig.changed_inventory(f"by-{engine}", change)
    try:
        with Site(open_inventory(str(inventory), None), secrets=Secrets().resolve) as site:
            yield site
    finally:
        _revive(rig)
        for path in node.bin.iterdir():
            path.unlink()


def _revive(rig: Rig) -> None:
    node = rig.lab.nodes[0]
    assert eventually(lambda: _answers(rig) or _supervisor(node) is None)
    if _supervisor(node) is None:
        break_node(rig.lab.directory, node.name, "gateway-down")
        mend(rig.lab.directory, node.name)
    assert eventually(lambda: _answers(rig))


def _answers(rig: Rig) -> bool:
    return not_formed(rig.lab) is None


def _supervisor(node: LabNode) -> int | None:
    """The first process of the container."""
    return read_pid(node.directory / "supervisor.pid", belongs_to=node.directory)


def _restart(site: Site) -> None:
    node = site.cluster.nodes[0]
    request_restart(site.remote(node), site.admin(node), clock=site.clock)


@ENGINES
def test_a_container_is_stopped_by_rest_and_started_once(alone: Rig, engine: Engine) -> None:
    node = alone.lab.nodes[0]
    before = processes(alone.lab), stops(node)
    with run_by(alone, engine) as site:
        _restart(site)
        assert changing(node) == [(engine, "start", "IMA")]
    assert processes(alone.lab) != before[0]
    assert stops(node) == before[1] + 1


@ENGINES
def test_a_container_that_its_policy_brings_back_is_not_started(alone: Rig, engine: Engine) -> None:
    before = _supervisor(alone.lab.nodes[0])
    with run_by(alone, engine, policy="always") as site:
        _restart(site)
        assert changing(alone.lab.nodes[0]) == []
        assert _supervisor(alone.lab.nodes[0]) not in (None, before)


@ENGINES
def test_a_container_that_is_down_is_started_and_one_that_runs_is_left_alone(
    alone: Rig, engine: Engine
) -> None:
    node = alone.lab.nodes[0]
    with run_by(alone, engine) as site:
        remote, running = site.remote(site.cluster.nodes[0]), _supervisor(node)
        start(remote)
        assert _supervisor(node) == running
        site.admin(site.cluster.nodes[0]).stop()
        assert eventually(lambda: _supervisor(node) is None)
        start(remote)
        assert _supervisor(node) is not None


def test_a_container_that_does_not_end_is_not_killed_and_not_started(alone: Rig) -> None:
    node = alone.lab.nodes[0]
    with run_by(alone, "docker") as site:
        pid = _supervisor(node)
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)  # its server ends, and nobody notices
        try:
            with pytest.raises(RemoteError, match=r"container IMA is still running 3 s after service/stop"):
                _restart(site)
            assert _supervisor(node) == pid
        finally:
            os.kill(pid, signal.SIGCONT)
        assert changing(node) == []


def _failing_start(node: LabNode) -> None:
    real = (node.bin / "docker").rename(node.bin / "docker.real")
    text = f'case $1 in start) echo "no space left" >&2; exit 1 ;; esac\nexec {real} "$@"'
    program(node.bin / "docker", text)


def _gone(node: LabNode) -> None:
    program(node.bin / "docker", "exit 127").rename(node.bin / "docker.gone")
    program(node.bin / "docker", f"exec {node.bin}/no-such-engine")


@pytest.mark.parametrize(
    ("spoil", "wanted", "stopped"),
    [
        (_failing_start, "docker start IMA: exit 1: no space left", 1),
        (_gone, "docker inspect IMA: exit 127", 0),
    ],
    ids=["start fails", "no engine"],
)
def test_what_goes_wrong_is_said_and_nothing_is_stopped_that_could_not_be_started(
    alone: Rig, spoil: Callable[[LabNode], None], wanted: str, stopped: int
) -> None:
    node, before = alone.lab.nodes[0], stops(alone.lab.nodes[0])
    with run_by(alone, "docker") as site:
        spoil(node)
        with pytest.raises(RemoteError, match=wanted):
            _restart(site)
        assert stops(node) == before + stopped
