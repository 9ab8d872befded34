"""A pair is formed by REST: what each node must be told, who leads, and what keeps two apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab.gateways import LabCluster, lab_cluster, wait
from tests.lab.pairs import (
    ask_restart,
    enable,
    pair_apart_from_clusters,
    standing,
    start,
    wait_refused,
    wait_synced,
)
from tests.lab.pems import Kind, issue

MEMBER = {
    "EnableClusterMembership": True,
    "ClusterName": "Made",
    "UseMulticastDiscovery": False,
    "DiscoveryServerList": "127.9.9.9:9104",
}


@pytest.fixture
def two() -> Iterator[LabCluster]:
    """Freshly installed servers, each on its own."""
    with lab_cluster("x", "y", membership={}, baseline_uids=()) as cluster:
        start(cluster)
        for gateway in cluster.gateways.values():
            gateway.wait_settled()
        yield cluster


def form(cluster: LabCluster, **of_y: Any) -> None:
    """Enable both, x with the defaults, and restart both."""
    x, y = cluster["x"], cluster["y"]
    enable(x, y)
    enable(y, x, **of_y)
    ask_restart(x, y)


def member(cluster: LabCluster, name: str) -> dict[str, Any]:
    return {**MEMBER, "ControlAddress": cluster[name].settings.address}


def test_the_preferred_one_leads_and_the_other_takes_its_uid_and_its_files(two: LabCluster) -> None:
    x, y = two["x"], two["y"]
    leaf = issue(Kind(name="of y"))
    y.place(leaf, ca=leaf.cert_pem)
    form(two, PreferredPrimary=True)
    wait_synced(two, "x", "y", primary="y")
    wait(lambda: (x.state(), y.state()) == (10, 1), "States 10 and 1")
    assert x.server()["UID"] == y.server()["UID"] == "UIDy"
    assert (x.keystore / "Cluster_cert.pem").read_bytes() == leaf.cert_pem


def test_configured_and_not_restarted_is_shown_as_such(two: LabCluster) -> None:
    enable(two["x"], two["y"], DiscoveryTimeout=30)
    shown = two["x"].availability()
    assert (shown["Status"], shown["Enabled"], standing(two["x"])[0]) == ("Inactive", True, "HADISABLED")
    stored = two["x"].get("configuration/HighAvailability").body["HighAvailability"]
    assert (len(stored), stored["DiscoveryTimeout"], stored["HeartbeatTimeout"]) == (14, 30, 10)
    assert two["y"].availability() == {"Status": "Inactive", "Enabled": False}


def test_a_refused_configuration_changes_nothing(two: LabCluster) -> None:
    x = two["x"]
    before = x.get("configuration/HighAvailability").body
    change = {"EnableHA": True, "Group": "g", "RemoteDiscoveryNIC": "127.0.0.9"}
    refused = x.post("configuration", {"HighAvailability": change})
    assert (refused.status, refused.body["Code"]) == (400, "CWLNA0134")
    refused = x.post("configuration", {"HighAvailability": None})
    assert (refused.status, refused.body["Code"]) == (400, "CWLNA0137")
    assert x.get("configuration/HighAvailability").body == before


def test_another_replication_port_is_no_obstacle(two: LabCluster) -> None:
    form(two, ReplicationPort=9200, PreferredPrimary=True)
    wait_synced(two, "x", "y", primary="y")
    assert (two["y"].listens(9200), two["x"].listens(9200)) == (True, False)


def test_the_only_store_with_data_leads_whoever_is_preferred(two: LabCluster) -> None:
    two["x"].disturb(store_data=True)
    form(two, PreferredPrimary=True)
    wait_synced(two, "x", "y", primary="x")


def test_two_groups_end_both_in_maintenance(two: LabCluster) -> None:
    form(two, Group="another")
    wait_refused(two["y"], 7, "g")
    wait_refused(two["x"], 7, "another")


def test_two_stores_with_data_that_never_met_end_both_in_maintenance(two: LabCluster) -> None:
    for gateway in two.gateways.values():
        gateway.disturb(store_data=True)
    form(two, PreferredPrimary=True)
    for gateway in two.gateways.values():
        wait_refused(gateway, reason=5)


def test_members_that_met_have_data_and_cannot_become_a_pair() -> None:
    with lab_cluster("x", "y") as cluster:
        cluster.start()
        form(cluster, PreferredPrimary=True)
        for gateway in cluster.gateways.values():
            wait_refused(gateway, reason=5)


def test_a_member_and_a_server_that_is_none_stay_apart() -> None:
    with lab_cluster("x", "y", membership={}, baseline_uids=()) as cluster:
        start(cluster)
        for gateway in cluster.gateways.values():
            gateway.wait_settled()
        made = cluster["y"].post("configuration", {"ClusterMembership": member(cluster, "y")})
        assert made.status == 200
        form(cluster)
        for gateway in cluster.gateways.values():
            wait_refused(gateway, reason=1, detail="Cluster.EnableClusterMembership")


def test_a_lone_node_waits_for_its_peer_and_in_standalone_it_does_not(two: LabCluster) -> None:
    enable(two["x"], two["y"], DiscoveryTimeout=80)
    ask_restart(two["x"])
    wait(lambda: two["x"].state() == 11, "State 11")
    wait_refused(two["x"], reason=2)
    enable(two["x"], two["y"], StartupMode="StandAlone")
    ask_restart(two["x"])
    wait(lambda: two["x"].state() == 1, "State 1")
    assert standing(two["x"]) == ("PRIMARY", 1, 1, -1)


def test_standalone_beside_a_primary_is_a_split_brain_for_the_newcomer_alone() -> None:
    with pair_apart_from_clusters(speed=20.0) as cluster:  # it finds the primary within 10 seconds
        start(cluster)
        wait_synced(cluster, primary="d1")
        change = {"HighAvailability": {"StartupMode": "StandAlone"}}
        assert cluster["d2"].post("configuration", change).status == 200
        ask_restart(cluster["d2"])
        wait_refused(cluster["d2"], reason=3)
        assert standing(cluster["d1"]) == ("PRIMARY", 1, 1, -1)


def test_an_address_that_is_not_the_nodes_own_is_error_510(two: LabCluster) -> None:
    enable(two["x"], two["y"], LocalDiscoveryNIC="192.0.2.1")
    ask_restart(two["x"])
    two["x"].wait_settled()
    seen = two["x"].server()
    assert (seen["State"], seen["ErrorCode"]) == (9, 510)
    assert "HA.LocalDiscoveryNIC value=192.0.2.1" in seen["ErrorMessage"]


def test_the_three_keys_reach_the_standby_at_once_and_both_must_start_again_together(two: LabCluster) -> None:
    """A standby that became a member beside a primary that is none yet is refused."""
    x, y = two["x"], two["y"]
    form(two, PreferredPrimary=True)
    wait_synced(two, "x", "y", primary="y")
    wait(lambda: y.state() == 1, "State 1")
    assert x.post("configuration", {"ClusterMembership": {"ControlAddress": "127.0.0.9"}}).status == 200
    refused = x.post("configuration", {"ClusterMembership": member(two, "x")})
    assert (refused.status, refused.body["Code"]) == (400, "CWLNA0382")
    assert y.post("configuration", {"ClusterMembership": member(two, "y")}).status == 200
    assert y.server()["UID"] != "UIDy"
    wait(lambda: stored(two, "x")["EnableClusterMembership"] is True, "the three keys")
    assert (stored(two, "x")["ClusterName"], stored(two, "x")["ControlAddress"]) == ("Made", "127.0.0.9")
    ask_restart(x)
    wait_refused(x, reason=1, detail="Cluster.EnableClusterMembership")
    ask_restart(x, y)
    wait_synced(two, "x", "y", primary="y")
    wait(lambda: y.cluster().get("Status") == "Active", "Active")
    assert x.server()["UID"] == y.server()["UID"]


def stored(cluster: LabCluster, name: str) -> dict[str, Any]:
    return dict(cluster[name].get("configuration/ClusterMembership").body["ClusterMembership"])


def test_the_port_for_the_peer_comes_from_the_settings() -> None:
    with lab_cluster("x", "y", membership={}, baseline_uids=(), ha_port=9300) as cluster:
        start(cluster)
        for gateway in cluster.gateways.values():
            gateway.wait_settled()
        form(cluster, PreferredPrimary=True)
        wait_synced(cluster, "x", "y", primary="y")
        assert [cluster["x"].listens(port) for port in (9300, 9086)] == [True, False]
