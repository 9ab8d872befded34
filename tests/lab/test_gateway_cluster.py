"""The simulated cluster forms, splits and heals as real clusters do (by real handshakes)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.gateways import LabCluster, lab_cluster, wait
from tests.lab.pems import Issued, Kind, issue, revocations


@pytest.fixture
def trio() -> Iterator[LabCluster]:
    with lab_cluster("a", "b", "c") as cluster:
        cluster.start()
        yield cluster


def counts(cluster: LabCluster) -> list[tuple[int | None, int | None]]:
    return [gateway.counts() for gateway in cluster.gateways.values()]


def expect(cluster: LabCluster, *wanted: tuple[int, int]) -> None:
    wait(lambda: counts(cluster) == list(wanted), f"counts {wanted}, last seen: {counts(cluster)}")


def test_the_migration_table_to_the_letter(trio: LabCluster) -> None:
    leaf = issue(Kind(name="shared"))
    expect(trio, (2, 0), (2, 0), (2, 0))
    for gateway in trio.gateways.values():
        gateway.place(leaf, ca=leaf.cert_pem)
    expect(trio, (2, 0), (2, 0), (2, 0))
    trio["a"].restart()
    expect(trio, (0, 2), (1, 1), (1, 1))
    trio["b"].restart()
    expect(trio, (1, 1), (1, 1), (0, 2))
    trio["c"].restart()
    expect(trio, (2, 0), (2, 0), (2, 0))
    assert {gateway.probe().fingerprint for gateway in trio.gateways.values()} == {leaf.fingerprint}
    assert {gateway.probe(9105).fingerprint for gateway in trio.gateways.values()} == {leaf.fingerprint}


def test_placing_files_changes_nothing_until_a_restart(trio: LabCluster) -> None:
    leaf = issue(Kind(name="shared"))
    trio["a"].place(leaf, ca=leaf.cert_pem)
    assert trio["a"].probe().fingerprint == trio.builtin.fingerprint
    trio["a"].restart()
    assert trio["a"].probe().fingerprint == leaf.fingerprint


def test_the_bridge_to_a_shared_certificate_keeps_everyone_together(trio: LabCluster) -> None:
    leaf = issue(Kind(name="shared"))
    for gateway in trio.gateways.values():
        gateway.place(leaf, ca=leaf.cert_pem + trio.builtin.cert_pem)
        gateway.restart()
        expect(trio, (2, 0), (2, 0), (2, 0))


def test_a_key_that_the_service_user_cannot_open_means_the_builtin_pair_in_silence(trio: LabCluster) -> None:
    leaf = issue(Kind(name="shared"))
    trio["a"].place(leaf, ca=leaf.cert_pem)
    (trio["a"].keystore / "Cluster_key.pem").rename(trio["a"].keystore / "cluster_key.pem")
    trio["a"].restart()
    assert trio["a"].probe().fingerprint == trio.builtin.fingerprint
    assert "certFile=memory" in trio["a"].log("imatrace.log")
    assert " E: " not in trio["a"].log("imaserver-default.log")
    expect(trio, (2, 0), (2, 0), (2, 0))


def test_the_fallback_disturbance_uses_the_builtin_pair_although_the_files_are_fine(trio: LabCluster) -> None:
    leaf = issue(Kind(name="shared"))
    for name in ("a", "b"):
        trio[name].place(leaf, ca=leaf.cert_pem)
        trio[name].disturb(fallback=name == "b")
        trio[name].restart()
    assert trio["a"].probe().fingerprint == leaf.fingerprint
    assert trio["b"].probe().fingerprint == trio.builtin.fingerprint
    expect(trio, (0, 2), (1, 1), (1, 1))


def test_a_shared_certificate_without_the_ca_file_makes_no_cluster(trio: LabCluster) -> None:
    leaf = issue(Kind(name="shared"))
    for gateway in trio.gateways.values():
        gateway.place(leaf, ca=None)
        gateway.restart()
    expect(trio, (0, 2), (0, 2), (0, 2))
    assert {gateway.server()["State"] for gateway in trio.gateways.values()} == {1}
    assert {gateway.server()["ErrorCode"] for gateway in trio.gateways.values()} == {0}


def test_one_node_without_the_ca_file_is_connected_because_it_dials(trio: LabCluster) -> None:
    leaf = issue(Kind(name="shared"))
    for gateway in trio.gateways.values():
        gateway.place(leaf, ca=None if gateway is trio["b"] else leaf.cert_pem)
        gateway.restart()
    expect(trio, (2, 0), (2, 0), (2, 0))
    assert trio["b"].probe(client=leaf).outcome == "tlsv1 alert unknown ca"
    assert trio["a"].probe(client=leaf).outcome == "open"


def test_a_revoked_member_is_refused_where_it_dials_and_dialed_all_the_same(trio: LabCluster) -> None:
    authority, leafs = _leafs(trio)
    crl = revocations(authority, leafs["c"])
    for name, gateway in trio.gateways.items():
        gateway.place(leafs[name], ca=authority.cert_pem)
        gateway.write(gateway.truststore / "Cluster_crl" / "crl.pem", crl)
    _restart_all(trio)
    expect(trio, (2, 0), (2, 0), (2, 0))
    assert "revoked" in trio["a"].probe(client=leafs["c"]).outcome
    assert trio["a"].probe(client=leafs["b"]).outcome == "open"


def test_an_expired_crl_keeps_everyone_apart(trio: LabCluster) -> None:
    authority, leafs = _leafs(trio)
    for name, gateway in trio.gateways.items():
        gateway.place(leafs[name], ca=authority.cert_pem)
        gateway.write(gateway.truststore / "Cluster_crl" / "crl.pem", revocations(authority, ends_days=-2))
    _restart_all(trio)
    expect(trio, (0, 2), (0, 2), (0, 2))


def test_another_cluster_name_is_no_member_of_ours(trio: LabCluster) -> None:
    wrong = trio["c"].directory / "state.json"
    wrong.write_text(wrong.read_text().replace("TestCluster", "OtherCluster"))
    pid = trio["c"].pid()
    assert pid is not None
    trio["c"].processes[-1].terminate()
    trio["c"].processes[-1].wait(10)
    trio["c"].start()
    expect(trio, (1, 1), (1, 1), (0, 2))


def test_control_without_forwarding_is_connecting_not_connected(trio: LabCluster) -> None:
    trio["a"].disturb(connecting=True)
    assert trio["a"].counts() == (0, 2)
    shown = trio["a"].get("monitor/Cluster").body["Cluster"]
    assert [remote["Status"] for remote in shown] == ["Connecting", "Connecting"]
    trio["a"].disturb()
    assert trio["a"].counts() == (2, 0)


def test_a_member_that_left_stays_known_as_disconnected(trio: LabCluster) -> None:
    assert trio["c"].post("service/stop", {"Service": "Server"}).status == 200
    trio["c"].processes[-1].wait(10)
    expect_two = [(1, 1), (1, 1)]
    wait(lambda: counts(trio)[:2] == expect_two, "c to be missed")
    trio["a"].restart()
    wait(lambda: counts(trio)[:2] == expect_two, "c to be missed after a restart")


def _leafs(cluster: LabCluster) -> tuple[Issued, dict[str, Issued]]:
    authority = issue(Kind(name="ca", authority=True))
    return authority, {name: issue(Kind(name=name), by=authority) for name in cluster.gateways}


def _restart_all(cluster: LabCluster) -> None:
    for gateway in cluster.gateways.values():
        gateway.restart()
