"""A pair: its roles, the take-over, and the certificate tree that follows the primary."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.gateways import LabCluster, lab_cluster, wait
from tests.lab.pairs import wait_synced
from tests.lab.pems import Kind, issue


@pytest.fixture
def pair() -> Iterator[LabCluster]:
    with lab_cluster(("d1", "d2"), "f") as cluster:
        cluster.start()
        wait_synced(cluster)
        yield cluster


def test_a_pair_is_one_member_with_one_uid(pair: LabCluster) -> None:
    assert [gateway.counts() for gateway in pair.gateways.values()] == [(1, 0), (0, 0), (1, 0)]
    assert pair["d1"].server()["UID"] == pair["d2"].server()["UID"]
    assert [g.state() for g in pair.gateways.values()] == [1, 10, 1]
    assert pair["d2"].cluster()["Status"] == "Standby"
    assert {gateway.server()["Status"] for gateway in pair.gateways.values()} == {"Running"}
    remotes = pair["f"].get("monitor/Cluster").body["Cluster"]
    assert [(remote["ServerUID"], remote["HAStatus"]) for remote in remotes] == [("UIDd1", "Pair")]


def test_a_standby_listens_on_neither_cluster_port_and_monitors_nothing(pair: LabCluster) -> None:
    assert [pair["d2"].listens(port) for port in (9104, 9105, 9089)] == [False, False, True]
    assert [pair["d1"].listens(port) for port in (9104, 9105, 9089)] == [True, True, True]
    refused = pair["d2"].get("monitor/Cluster")
    assert (refused.status, refused.body["Code"]) == (503, "CWLNA0130")


def test_a_joining_standby_takes_the_primarys_whole_certificate_tree(pair: LabCluster) -> None:
    first, second = pair["d1"], pair["d2"]
    leaf = issue(Kind(name="shared"))
    first.place(leaf, ca=leaf.cert_pem)
    second.write(second.keystore / "Only_here.pem", b"mine")
    second.restart()
    wait_synced(pair)
    assert not (second.keystore / "Only_here.pem").exists()
    for name in ("keystore/Cluster_cert.pem", "keystore/Cluster_key.pem", "truststore/Cluster_cafile.pem"):
        copy = second.certificates / name
        assert copy.read_bytes() == (first.certificates / name).read_bytes()
        assert copy.stat().st_mode & 0o777 == 0o600
        assert copy.stat().st_uid == first.certificates.stat().st_uid


def test_a_standbys_restart_does_not_disturb_the_cluster(pair: LabCluster) -> None:
    before = pair["d2"].pid()
    pair["d2"].post("service/restart", {"Service": "Server"})
    seen = set()
    wait(lambda: seen.add(pair["f"].counts()) or pair["d2"].pid() not in (None, before), "the restart")  # type: ignore[func-returns-value]
    pair["d2"].wait_settled()
    seen.add(pair["f"].counts())
    assert seen == {(1, 0)}


def test_the_standby_takes_over_with_the_new_certificate_and_the_old_primary_returns_as_standby(
    pair: LabCluster,
) -> None:
    leaf = issue(Kind(name="shared"))
    pair["d1"].place(leaf, ca=leaf.cert_pem)
    pair["f"].place(leaf, ca=leaf.cert_pem)
    pair["d2"].restart()
    wait_synced(pair)
    pair["d1"].restart()
    wait_synced(pair)
    assert [pair[name].availability()["NewRole"] for name in ("d1", "d2")] == ["STANDBY", "PRIMARY"]
    assert pair["d2"].probe().fingerprint == leaf.fingerprint
    assert pair["f"].counts() == (0, 1)
    pair["f"].restart()
    wait(lambda: [pair[n].counts() for n in ("d2", "f")] == [(1, 0), (1, 0)], "the halves to meet")


def test_a_standby_refuses_the_three_replicated_keys_and_takes_others(pair: LabCluster) -> None:
    refused = pair["d2"].post("configuration", {"ClusterMembership": {"ClusterName": "Other"}})
    assert (refused.status, refused.body["Code"]) == (400, "CWLNA0382")
    accepted = pair["d2"].post("configuration", {"ClusterMembership": {"DiscoveryTime": 12}})
    assert (accepted.status, accepted.body["Code"]) == (200, "CWLNA6011")
