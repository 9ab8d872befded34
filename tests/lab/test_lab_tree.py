"""What a lab writes: an inventory that parses, and node trees as an installation leaves them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.core.inventory import parse
from tasks.core.model import Cluster, FileSecret, Product
from tasks.lab.accounts import service_account
from tasks.lab.config_file import read as read_server_cfg
from tasks.lab.layout import Lab, Topology
from tasks.lab.settings import GatewaySettings
from tests.lab.stub_lab import stub_lab


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with stub_lab(tmp_path_factory.mktemp("tree"), Topology(bastion=True)) as made:
        yield made


def _cluster(lab: Lab) -> Cluster:
    return parse(lab.inventory.read_text(), path=lab.inventory, cluster=None)


def test_the_inventory_names_every_node_and_nothing_says_lab(lab: Lab) -> None:
    cluster = _cluster(lab)
    assert [member.name for member in cluster.members] == ["gw-a", "gw-b", "gw-c", "gw-d"]
    assert [member.is_pair for member in cluster.members] == [False, False, False, True]
    assert [node.host for node in cluster.nodes] == [node.address for node in lab.nodes]
    assert cluster.disposable
    assert cluster.credentials == lab.directory / "credentials" / "rehearsal"


def test_every_file_that_the_inventory_names_exists(lab: Lab) -> None:
    for node in _cluster(lab).nodes:
        password = node.admin.password
        assert isinstance(password, FileSecret)
        assert password.path.stat().st_mode & 0o077 == 0
        local = (node.ssh.key_file, node.ssh.known_hosts, node.ssh.config, node.admin.ca)
        assert all(path is not None and path.is_file() for path in local)
        assert Path(node.paths.server_cfg).is_file()
        assert Path(node.paths.log_dir).is_dir()


def test_the_inventory_leads_through_the_bastion_only_if_there_is_one(lab: Lab, tmp_path: Path) -> None:
    gateway = _cluster(lab).nodes[0].ssh.gateway
    assert gateway is not None
    assert gateway.endswith(f"@{lab.bastion_address}:{lab.ports.ssh}")
    with stub_lab(tmp_path) as plain:
        assert _cluster(plain).nodes[0].ssh.gateway is None


def test_server_cfg_points_into_the_node_s_own_tree(lab: Lab) -> None:
    for node in lab.nodes:
        config = read_server_cfg(node.server_cfg)
        assert config.keystore == str(node.certificates / "keystore")
        assert config.truststore == str(node.certificates / "truststore")
        assert (node.certificates / "keystore" / "AdminDefaultKey.pem").is_file()
        assert not (node.certificates / "keystore" / "Cluster_key.pem").exists()  # on the built-in pair
        assert (node.data_dir / "DISPOSABLE").is_file()


def test_certificates_are_closed_to_all_but_the_service_user(lab: Lab) -> None:
    owner = service_account() or (os.getuid(), os.getgid())
    for place, folders, files in os.walk(lab.nodes[0].certificates):
        for path in (Path(place), *(Path(place, name) for name in (*folders, *files))):
            seen = path.stat()
            assert (seen.st_uid, seen.st_gid) == owner
            assert seen.st_mode & 0o777 == (0o700 if path.is_dir() else 0o600)


def test_the_nodes_of_a_pair_share_their_uid_and_know_each_other(lab: Lab) -> None:
    first, second = (
        GatewaySettings.read(lab.node(name).directory / "gateway.json") for name in ("gw-d1", "gw-d2")
    )
    single = GatewaySettings.read(lab.node("gw-a").directory / "gateway.json")
    assert first.server_uid == second.server_uid != single.server_uid
    assert first.pair is not None
    assert second.pair is not None
    assert (first.pair.peer_address, second.pair.peer_address) == (second.address, first.address)
    assert (first.pair.starts_as, second.pair.starts_as) == ("PRIMARY", "STANDBY")
    assert single.pair is None
    assert len(single.baseline_uids) == len(first.baseline_uids) == 3
    assert first.server_uid in single.baseline_uids
    assert first.server_uid not in first.baseline_uids


def test_the_legacy_product_has_its_own_paths(tmp_path: Path) -> None:
    with stub_lab(tmp_path, Topology(members=1, pairs=0, product=Product.MESSAGESIGHT)) as lab:
        node = _cluster(lab).nodes[0]
        assert node.product is Product.MESSAGESIGHT
        assert str(node.paths.server_cfg).endswith("/var/messagesight/data/config/server.cfg")
        assert Path(node.paths.server_cfg).is_file()


def test_an_unsecured_lab_has_plain_http_and_no_password(tmp_path: Path) -> None:
    with stub_lab(tmp_path, Topology(members=1, pairs=0, secured=False)) as lab:
        admin = _cluster(lab).nodes[0].admin
        assert (admin.scheme, admin.user, admin.password) == ("http", None, None)
        settings = GatewaySettings.read(lab.nodes[0].directory / "gateway.json")
        assert (settings.admin_user, settings.admin_password) == (None, None)


def test_trees_stay_in_the_lab_where_everybody_may_pass() -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as open_place:
        os.chmod(open_place, 0o755)
        with stub_lab(Path(open_place)) as lab:
            assert lab.base == lab.directory


@pytest.mark.skipif(os.geteuid() != 0, reason="without root the gateways are ours: every place will do")
def test_trees_of_root_s_lab_move_where_the_service_user_can_reach_them() -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as closed_place, stub_lab(Path(closed_place)) as lab:
        assert lab.base != lab.directory
        assert (lab.directory / "nodes" / "gw-a").resolve() == lab.nodes[0].directory
