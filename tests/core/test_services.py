"""What systemd, docker and podman say of a server, and what is wrong with a container."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from tasks.core.answer import StatusFault
from tasks.core.checks import check_cluster
from tasks.core.findings import Finding, Severity
from tasks.core.model import ByContainer, ExecFiles, FilesBy, HostFiles, Volume
from tasks.core.services import ContainerSeen, Standing, parse_container, parse_unit
from tasks.core.snapshot import Snapshot, Unseen
from tests.core.certs import SHARED
from tests.core.snapshots import DATA, alter, alter_node, healthy, rest_silent

IMA = ByContainer("docker", "IMA")
MOUNTED = Volume(PurePosixPath("/mnt/amlen"), DATA)
MEMORY = Volume(PurePosixPath(), PurePosixPath("/t"))
RUNS = Standing(up=True, since="2026-11-22T20:00:00Z", words="running")
BY_VOLUME = HostFiles(MOUNTED)
UNIT = "LoadState=loaded\nActiveState=active\nMainPID=71\nExecMainStartTimestampMonotonic=123\n"


def inspected(**state: object) -> bytes:
    said = {"Status": "running", "Running": True, "StartedAt": "2026-11-22T20:00:00Z"} | state
    mounts = [{"Type": "bind", "Source": "/mnt/amlen", "Destination": str(DATA)}, {"Destination": "/t"}]
    return json.dumps({"State": said, "Policy": {"Name": "always"}, "Mounts": mounts}).encode()


def test_a_containers_state_policy_and_volumes_are_read() -> None:
    assert parse_container(inspected()) == ContainerSeen(RUNS, "always", (MOUNTED, MEMORY))


@pytest.mark.parametrize(
    ("state", "up"),
    [
        ({"Running": False, "Status": "exited"}, False),
        ({"Running": False, "Restarting": True, "Status": "restarting"}, True),
        ({"Running": True, "Restarting": False}, True),
        ({"Running": False, "Status": ""}, False),
    ],
    ids=["ended", "the engine is about to start it again", "up", "an engine that names no state"],
)
def test_a_container_that_its_engine_starts_again_has_not_ended(state: dict[str, object], up: bool) -> None:
    seen = parse_container(inspected(**state)).standing
    assert seen.up is up
    assert seen.words


@pytest.mark.parametrize("body", [b"", b"[]", b'{"State":{}}', inspected(Running="yes")])
def test_an_answer_that_says_something_else_is_a_fault(body: bytes) -> None:
    with pytest.raises(StatusFault, match=r"JSON|is missing|wanted"):
        parse_container(body)


@pytest.mark.parametrize(
    ("policy", "back"), [("no", False), ("", False), ("on-failure", False), ("always", True)]
)
def test_a_policy_brings_back_what_ended_in_order_or_does_not(policy: str, back: bool) -> None:
    assert ContainerSeen(RUNS, policy, ()).comes_back is back


def test_a_unit_is_up_unless_it_ended_and_another_process_is_another_start() -> None:
    first = parse_unit(UNIT)
    assert first is not None
    assert (first.up, first.words) == (True, "active")
    again, ended = parse_unit(UNIT.replace("71", "72")), parse_unit(UNIT.replace("=active", "=failed"))
    assert again is not None
    assert again.since != first.since
    assert ended is not None
    assert not ended.up
    emptied = parse_unit(UNIT.replace("71", "0"))  # RemainAfterExit: the unit stays, its process does not
    assert emptied is not None
    assert (emptied.up, emptied.since) == (True, "")
    waiting = parse_unit(UNIT.replace("=active", "=activating"))
    assert waiting is not None
    assert waiting.up


@pytest.mark.parametrize("text", ["", UNIT.replace("loaded", "not-found"), "LoadState=loaded\n"])
def test_a_unit_that_systemd_does_not_know_is_none(text: str) -> None:
    assert parse_unit(text) is None


def of_container(
    *, files: FilesBy = BY_VOLUME, volumes: tuple[Volume, ...] = (MOUNTED,), policy: str = "no"
) -> Snapshot:
    snapshot = alter_node(healthy(runs=SHARED), "gw-a", start_by=IMA, files_by=files)
    return alter(snapshot, "gw-a", container=ContainerSeen(RUNS, policy, volumes))


def found(snapshot: Snapshot) -> list[Finding]:
    return [each for each in check_cluster(snapshot) if each.name.startswith("container")]


@pytest.mark.parametrize(
    ("files", "policy", "words"),
    [
        (
            HostFiles(MOUNTED),
            "no",
            "policy no (it is started by docker start); its files are reached in /mnt",
        ),
        (
            ExecFiles(IMA),
            "always",
            "always (it comes back by itself after a stop); its files are reached by d",
        ),
    ],
    ids=["volume", "exec"],
)
def test_a_container_as_the_inventory_says_is_noted_with_its_policy(
    files: FilesBy, policy: str, words: str
) -> None:
    (finding,) = found(of_container(files=files, policy=policy))
    assert (finding.name, finding.where, finding.severity) == ("container-policy", "gw-a", Severity.INFO)
    assert words in finding.problem


@pytest.mark.parametrize(
    ("files", "volumes", "problem", "remedy"),
    [
        (
            HostFiles(),
            (MOUNTED,),
            f"{DATA} is /mnt/amlen on the host, and the inventory makes it {DATA}",
            f"volume: {{host: /mnt/amlen, container: {DATA}}}",
        ),
        (HostFiles(MOUNTED), (), f"{DATA} is in no volume", "files: docker"),
        (
            HostFiles(MOUNTED),
            (MOUNTED, Volume(PurePosixPath(), DATA / "diag")),
            "diag/logs is in no volume",
            "files: docker",
        ),
        (
            HostFiles(MOUNTED),
            (MOUNTED, Volume(PurePosixPath("/srv/keys"), DATA / "data/certificates/keystore")),
            "keystore is /srv/keys on the host",
            "files: docker",
        ),
        (
            HostFiles(MOUNTED),
            (MOUNTED, Volume(PurePosixPath("/srv/config"), DATA / "data/config")),
            "server.cfg is /srv/config/server.cfg on the host",
            "files: docker",
        ),
        (
            HostFiles(MOUNTED),
            (MOUNTED, Volume(PurePosixPath("/srv/diag"), DATA / "diag")),
            "logs is /srv/diag/logs on the host",
            "files: docker",
        ),
        (
            HostFiles(MOUNTED),
            (MOUNTED, Volume(PurePosixPath("/srv/data"), DATA / "data")),
            "data is /srv/data on the host",
            "files: docker",
        ),
    ],
    ids=[
        "volume not said",
        "no volume at all",
        "the logs are in memory alone",
        "the keystore is a volume of its own",
        "server.cfg is in a volume of its own",
        "so are the logs",
        "so is the data below the product's directory",
    ],
)
def test_files_that_the_host_has_elsewhere_are_an_error_that_says_what_to_write(
    files: FilesBy, volumes: tuple[Volume, ...], problem: str, remedy: str
) -> None:
    finding = found(of_container(files=files, volumes=volumes))[0]
    assert (finding.name, finding.severity) == ("container-volume", Severity.ERROR)
    assert problem in finding.problem
    assert remedy in finding.remedy


def test_files_reached_inside_need_no_volume() -> None:
    assert [each.name for each in found(of_container(files=ExecFiles(IMA), volumes=()))] == [
        "container-policy"
    ]


def test_a_container_that_the_engine_does_not_know_is_an_error_of_its_own() -> None:
    snapshot = alter(of_container(), "gw-a", container=Unseen("No such container: IMA", "docker ps -a"))
    (finding,) = found(snapshot)
    assert (finding.name, finding.severity) == ("container", Severity.ERROR)
    assert finding.problem == "No such container: IMA"


def test_a_server_that_answers_while_its_container_is_down_runs_elsewhere() -> None:
    ended = ContainerSeen(replace(RUNS, up=False, words="exited"), "no", (MOUNTED,))
    snapshot = alter(of_container(), "gw-a", container=ended)
    assert "the server answers, but container IMA is exited" in found(snapshot)[0].problem
    assert [each.name for each in found(rest_silent(snapshot, "gw-a"))] == ["container-policy"]
