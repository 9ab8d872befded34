"""The whole lab, with its simulated gateways: a cluster forms, and its processes are the lab's."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tasks.core.errors import UsageError
from tasks.core.model import Product
from tasks.lab.faults import break_node, mend
from tasks.lab.health import not_formed, status
from tasks.lab.layout import Lab, Topology
from tasks.lab.lifecycle import down, up
from tests.lab.stub_lab import eventually, kill, nothing_left, processes_of, ssh


@contextmanager
def _lab(place: Path, topology: Topology) -> Iterator[Lab]:
    lab = up(place / "lab", topology)
    try:
        yield lab
    finally:
        with suppress(UsageError):  # the test has taken it down
            down(lab.directory)
    assert nothing_left(lab)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with _lab(tmp_path_factory.mktemp("cluster"), Topology()) as made:
        yield made


def test_the_default_cluster_has_formed_when_up_returns(lab: Lab) -> None:
    assert not_formed(lab) is None
    assert all(node.gateway_alive and node.sshd_answers for node in status(lab.directory).nodes)


def test_a_cluster_without_one_of_its_servers_is_not_formed(lab: Lab) -> None:
    break_node(lab.directory, "gw-b", "gateway-down")
    assert eventually(lambda: "gw-b: REST does not answer" in (not_formed(lab) or ""))
    assert eventually(lambda: "gw-a: State 1, 2/1, wanted State 1, 3/0" in (not_formed(lab) or ""))
    mend(lab.directory, "gw-b")
    assert eventually(lambda: not_formed(lab) is None, limit_s=20)


def test_the_start_command_returns_at_once_and_only_starts_what_is_down(lab: Lab) -> None:
    node = lab.node("gw-c")
    before = status(lab.directory)
    assert ssh(lab, node.address, str(node.start)).returncode == 0
    assert status(lab.directory) == before
    kill(before.nodes[2].supervisor_pid)
    assert eventually(lambda: not status(lab.directory).nodes[2].gateway_alive)
    started = time.monotonic()
    done = ssh(lab, node.address, str(node.start))
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - started < 5
    assert eventually(lambda: not_formed(lab) is None, limit_s=20)


@pytest.mark.parametrize("by_ssh", [False, True], ids=["first-start", "start-command"])
def test_killing_the_warden_leaves_no_gateway(tmp_path: Path, by_ssh: bool) -> None:
    with _lab(tmp_path, Topology(members=1, pairs=0)) as lab:
        if by_ssh:
            kill(status(lab.directory).nodes[0].supervisor_pid)
            assert eventually(lambda: not status(lab.directory).nodes[0].gateway_alive)
            assert ssh(lab, lab.nodes[0].address, str(lab.nodes[0].start)).returncode == 0
            assert eventually(lambda: status(lab.directory).nodes[0].gateway_alive)
        kill(status(lab.directory).warden_pid)
        assert eventually(lambda: not processes_of(lab))


@pytest.mark.parametrize(
    "topology",
    [
        pytest.param(Topology(members=2, pairs=0, product=Product.MESSAGESIGHT), id="legacy"),
        pytest.param(Topology(members=2, pairs=0, secured=False), id="plain-http"),
        pytest.param(Topology(members=0, pairs=1), id="one-pair"),
    ],
)
def test_other_clusters_form_as_well(tmp_path: Path, topology: Topology) -> None:
    with _lab(tmp_path, topology) as lab:
        assert not_formed(lab) is None
