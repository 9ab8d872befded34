"""Labs that are not a formed Amlen cluster: each comes up as its flag says, and as nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from tasks.core.certificates import is_builtin, parse_pem_chain
from tasks.core.errors import UsageError
from tasks.core.inventory import parse
from tasks.core.model import ByCommand, ByContainer, ByRest, BySystemd, Cluster, Product, RestartBy
from tasks.lab.commands import Request
from tasks.lab.config_file import read as read_server_cfg
from tasks.lab.health import not_formed
from tasks.lab.layout import Lab, LabNode, read_lab
from tasks.lab.lifecycle import down, up
from tasks.lab.membership import DEFAULTS
from tasks.lab.topology import ServiceManager, Topology
from tests.lab.handshakes import probe
from tests.lab.stub_lab import nothing_left, ssh, stub_lab


def _small(members: int, pairs: int = 0, **options: Any) -> Topology:
    return Topology(members, pairs, speed=50.0, secured=False, **options)


@contextmanager
def _lab(place: Path, topology: Topology) -> Iterator[Lab]:
    lab = up(place / "lab", topology)
    try:
        yield lab
    finally:
        down(lab.directory)
    assert nothing_left(lab)


def _ask(lab: Lab, node: LabNode, call: str) -> dict[str, Any]:
    url = f"http://{node.address}:{lab.ports.admin}/ima/v1/{call}"
    with requests.Session() as session:
        session.trust_env = False
        body = session.get(url, timeout=5.0).json()
    assert isinstance(body, dict)
    return body


def _installed(lab: Lab, node: LabNode) -> bool:
    """Whether its membership is that of a server which was never configured, but for the lab's ports."""
    seen = _ask(lab, node, "configuration/ClusterMembership")["ClusterMembership"]
    ports = {"ControlPort", "MessagingPort", "DiscoveryPort"}
    return seen.keys() == DEFAULTS.keys() and {key for key in seen if seen[key] != DEFAULTS[key]} <= ports


def _counts(lab: Lab, name: str) -> tuple[int, int]:
    cluster = _ask(lab, lab.node(name), "service/status/Cluster")["Cluster"]
    return cluster["ConnectedServers"], cluster["DisconnectedServers"]


def _cluster(lab: Lab) -> Cluster:
    return parse(lab.inventory.read_text(), path=lab.inventory, cluster=None)


def _promised(lab: Lab, **changes: Any) -> str:
    """What the lab lacks of another topology's promise."""
    return not_formed(replace(lab, topology=replace(lab.topology, **changes))) or ""


def test_an_unformed_lab_is_freshly_installed_servers_and_pairs(tmp_path: Path) -> None:
    with _lab(tmp_path, _small(1, 1, formed=False)) as lab:
        for node in lab.nodes:
            assert _installed(lab, node)
            assert _ask(lab, node, "service/status")["Cluster"]["Enabled"] is False
        assert [_ask(lab, node, "service/status")["Server"]["State"] for node in lab.nodes] == [1, 1, 10]
        assert [member.name for member in _cluster(lab).members] == ["gw-a", "gw-b"]
        assert "gw-a: State 1, None/None, wanted State 1, 1/0" in _promised(lab, formed=True)


def test_unpaired_nodes_are_servers_of_their_own_that_the_inventory_pairs(tmp_path: Path) -> None:
    with _lab(tmp_path, _small(0, 1, formed=False, paired=False)) as lab:
        seen = [_ask(lab, node, "service/status") for node in lab.nodes]
        assert [each["HighAvailability"]["Enabled"] for each in seen] == [False, False]
        assert [each["Server"]["State"] for each in seen] == [1, 1]
        assert len({each["Server"]["UID"] for each in seen}) == 2
        assert [member.is_pair for member in _cluster(lab).members] == [True]
        assert "gw-a2: NewRole None" in _promised(lab, paired=True)


def test_joining_members_stand_beside_a_formed_cluster(tmp_path: Path) -> None:
    with _lab(tmp_path, _small(3, joining=1)) as lab:
        assert (_counts(lab, "gw-a"), _counts(lab, "gw-b")) == ((1, 0), (1, 0))
        newcomer = lab.node("gw-c")
        assert [_installed(lab, node) for node in lab.nodes] == [False, False, True]
        seeds = _ask(lab, lab.node("gw-a"), "configuration/ClusterMembership")["ClusterMembership"]
        assert newcomer.address not in seeds["DiscoveryServerList"]
        assert [member.name for member in _cluster(lab).members] == ["gw-a", "gw-b", "gw-c"]
        assert "gw-a: State 1, 1/0, wanted State 1, 2/0" in _promised(lab, joining=0)


@pytest.mark.parametrize("secured", [True, False])
def test_the_channel_of_a_pair_is_secured_on_demand(tmp_path: Path, secured: bool) -> None:
    with _lab(tmp_path, _small(0, 1, secured_ha=secured)) as lab:
        for node in lab.nodes:
            answer = _ask(lab, node, "configuration/HighAvailability")["HighAvailability"]
            assert answer["UseSecuredConnections"] is secured
            assert not list(node.certificates.glob("*/HA_*"))


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with _lab(tmp_path_factory.mktemp("mixed"), _small(3, legacy=2)) as made:
        yield made


def _served(lab: Lab, name: str) -> str:
    return probe((lab.node(name).address, lab.ports.control), client=None).fingerprint


def test_a_mixed_cluster_is_two_islands(mixed: Lab) -> None:
    assert [_counts(mixed, name) for name in ("gw-a", "gw-b", "gw-c")] == [(0, 0), (1, 0), (1, 0)]
    assert "gw-a: State 1, 0/0, wanted State 1, 2/0" in _promised(mixed, legacy=0)


def test_each_product_has_a_built_in_pair_of_its_own(mixed: Lab) -> None:
    for name, product in (("gw-a", "amlen"), ("gw-b", "messagesight"), ("gw-c", "messagesight")):
        pem = (mixed.base / "builtin" / product / "cert.pem").read_bytes()
        assert x509.load_pem_x509_certificate(pem).fingerprint(SHA256()).hex() == _served(mixed, name)
        assert is_builtin(parse_pem_chain(pem)[0])
    assert _served(mixed, "gw-a") != _served(mixed, "gw-b")


def test_legacy_nodes_say_so(mixed: Lab) -> None:
    versions = [
        _ask(mixed, node, "service/status/Server")["Server"]["Version"].split()[0] for node in mixed.nodes
    ]
    assert versions == ["1.1dev", "5.0.0.2", "5.0.0.2"]


def test_the_inventory_of_a_mixed_cluster_vouches_for_it(mixed: Lab) -> None:
    cluster = _cluster(mixed)
    assert cluster.islands
    assert [node.product for node in cluster.nodes] == [Product.AMLEN, *[Product.MESSAGESIGHT] * 2]
    assert [node.ifix_confirmed for node in cluster.nodes] == [False, True, True]


def test_the_first_legacy_node_was_upgraded_the_others_not(mixed: Lab) -> None:
    _, upgraded, plain = mixed.nodes
    for node in (upgraded, plain):
        assert str(node.data_dir).endswith("/root/var/messagesight")
        keystore = Path(read_server_cfg(node.server_cfg).keystore or "")
        assert keystore == node.certificates / "keystore"
        assert (keystore / "AdminDefaultKey.pem").is_file()
        assert str(node.real_data_dir) not in mixed.inventory.read_text() or node is plain
    assert upgraded.data_dir.is_symlink()
    assert str(upgraded.data_dir.resolve()).endswith("/root/var/lib/amlen-server")
    assert not plain.data_dir.is_symlink()


@pytest.mark.parametrize(
    ("service", "program", "restart"),
    [
        ("systemd", "systemctl", BySystemd("imaserver")),
        ("docker", "docker", ByContainer("docker", "IMA")),
        ("podman", "podman", ByContainer("podman", "IMA")),
    ],
)
def test_a_service_manager_is_in_the_inventory_and_on_the_nodes(
    tmp_path: Path, service: ServiceManager, program: str, restart: RestartBy
) -> None:
    with stub_lab(tmp_path, _small(1, service=service)) as lab:
        (node,) = _cluster(lab).nodes
        assert (node.restart_by, node.start_by) == (restart, restart)
        found = ssh(lab, lab.nodes[0].address, "command", "-v", program).stdout.strip()
        assert found == str(lab.nodes[0].bin / program)


def test_without_one_rest_restarts_and_the_script_starts(mixed: Lab) -> None:
    node, place = _cluster(mixed).nodes[0], mixed.nodes[0]
    assert (node.restart_by, node.start_by) == (ByRest(), ByCommand((str(place.start),)))
    assert list(place.bin.iterdir()) == []


def test_a_lab_of_one_product_has_no_islands(tmp_path: Path) -> None:
    with _lab(tmp_path, _small(1, product=Product.MESSAGESIGHT, legacy_version="2.0")) as lab:
        cluster = _cluster(lab)
        assert not cluster.islands
        assert cluster.nodes[0].ifix_confirmed
        version = _ask(lab, lab.nodes[0], "service/status/Server")["Server"]["Version"]
        assert version.startswith("2.0.0.1 ")


def test_the_same_topology_is_found_running_and_another_refused(mixed: Lab) -> None:
    assert up(mixed.directory, mixed.topology) == read_lab(mixed.directory)
    with pytest.raises(UsageError, match=r"another lab runs in .*2 legacy.*; wanted: .*1 legacy"):
        up(mixed.directory, replace(mixed.topology, legacy=1))


@pytest.mark.parametrize(
    ("topology", "fault"),
    [
        (_small(1, 1, paired=False), "wanted --unformed with --unpaired"),
        (_small(1, formed=False, paired=False), "without a pair"),
        (_small(2, joining=3), "3 joining members were asked for, wanted 0 to 2"),
        (_small(2, joining=2), "a cluster of nobody"),
        (_small(2, joining=1, formed=False), "without a cluster to join"),
        (_small(2, secured_ha=True), "without an HA pair"),
        (_small(0, 1, secured_ha=True, formed=False, paired=False), "without an HA pair"),
        (_small(1, legacy=2), "2 legacy members were asked for, wanted 0 to 1"),
        (_small(1, legacy_version="2.0"), "without a legacy node"),
    ],
)
def test_contradictions_are_refused_before_anything_is_made(
    tmp_path: Path, topology: Topology, fault: str
) -> None:
    with pytest.raises(UsageError, match=fault):
        up(tmp_path / "lab", topology)
    assert not (tmp_path / "lab").exists()


@pytest.mark.parametrize(
    ("topology", "mixed"),
    [
        (_small(2, legacy=1), True),
        (_small(1, 1, legacy=1), True),
        (_small(2, legacy=2), False),
        (_small(2, legacy=1, joining=1), False),
        (_small(2, legacy=1, formed=False), False),
        (_small(3, legacy=2, joining=1), True),
    ],
)
def test_a_cluster_is_mixed_by_those_who_are_in_it(topology: Topology, mixed: bool) -> None:
    assert topology.fault() is None
    assert topology.is_mixed is mixed


def test_a_legacy_version_that_no_lab_knows_is_refused() -> None:
    assert Request(1, 0, 20.0, legacy=1, legacy_version="2.0").topology().legacy_version == "2.0"
    with pytest.raises(UsageError, match=r"--legacy-version 3\.0 is unknown"):
        Request(1, 0, 20.0, legacy=1, legacy_version="3.0").topology()


def test_a_service_manager_that_no_lab_knows_is_refused() -> None:
    assert Request(1, 0, 20.0, service="podman").topology().service == "podman"
    with pytest.raises(UsageError, match="--service upstart is unknown"):
        Request(1, 0, 20.0, service="upstart").topology()
