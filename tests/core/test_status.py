"""What a node's answers say, and what is refused of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.status import (
    NodeStatus,
    Queue,
    StatusFault,
    parse_cluster,
    parse_membership,
    parse_remotes,
    parse_status,
)

Body = dict[str, Any]


def status_body() -> Body:
    """As a real server without HA and cluster answers."""
    return {
        "Version": "v1",
        "Server": {
            "Name": "h1:9089",
            "UID": "UC0Xbpkw",
            "Status": "Running",
            "State": 1,
            "StateDescription": "Running (production)",
            "ServerTime": "2026-11-22T20:43:43.192Z",
            "UpTimeSeconds": 114,
            "UpTimeDescription": "0 days 0 hours 1 minutes 54 seconds",
            "Version": "1.1dev rig_private",
            "ErrorCode": 0,
            "ErrorMessage": "",
        },
        "Container": {"UUID": "h1"},
        "HighAvailability": {"Status": "Inactive", "Enabled": False},
        "Cluster": {"Status": "Inactive", "Enabled": False},
    }


PAIR = {
    "Status": "Active",
    "Enabled": True,
    "Group": "haPair1",
    "NewRole": "PRIMARY",
    "OldRole": "STANDBY",
    "ActiveNodes": 2,
    "SyncNodes": 2,
    "PrimaryLastTime": "2021-05-05T17:16:07Z",
    "PctSyncCompletion": -1,
    "ReasonCode": 0,
    "RemoteServerName": "host:9089",
}


def status(**sections: Body) -> NodeStatus:
    """A parsed status whose named sections have these keys on top."""
    body = status_body()
    for name, values in sections.items():
        body[name] |= values
    return parse_status(json.dumps(body).encode())


def test_a_status_carries_the_server_and_when_it_started() -> None:
    server = status().server
    assert (server.name, server.uid, server.state, server.error_code) == ("h1:9089", "UC0Xbpkw", 1, 0)
    assert server.server_time == datetime(2026, 11, 22, 20, 43, 43, 192000, UTC)
    assert server.started_at == server.server_time - timedelta(seconds=114)


def test_a_disabled_pair_has_no_role_and_no_counts() -> None:
    seen = status()
    assert (seen.role, seen.ha.new_role, seen.ha.active_nodes) == ("SINGLE", "", None)
    assert not seen.ha.in_sync


def test_a_pair_in_sync_says_so() -> None:
    seen = status(HighAvailability=PAIR)
    assert (seen.role, seen.ha.old_role, seen.ha.group, seen.ha.remote) == (
        "PRIMARY",
        "STANDBY",
        "haPair1",
        "host:9089",
    )
    assert seen.ha.in_sync


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"ActiveNodes": 1}, id="other node gone"),
        pytest.param({"SyncNodes": 1}, id="other node not in sync"),
        pytest.param({"PctSyncCompletion": 1}, id="still copying"),
        pytest.param({"NewRole": "UNSYNC"}, id="no role yet"),
        pytest.param({"Enabled": False}, id="disabled"),
    ],
)
def test_a_pair_is_not_in_sync_when(change: Body) -> None:
    assert not status(HighAvailability=PAIR | change).ha.in_sync


@pytest.mark.parametrize("state", [1, 9, 10])
def test_a_server_is_settled_in_state(state: int) -> None:
    assert status(Server={"State": state}).settled


@pytest.mark.parametrize("state", [0, 2, 3, 4, 5, 6, 7, 8, 11, 16, 17, 99])
def test_a_server_is_not_settled_in_state_even_if_it_calls_itself_running(state: int) -> None:
    assert not status(Server={"State": state, "Status": "Running"}).settled


def test_a_standby_is_settled_until_it_takes_over() -> None:
    standby = status(Server={"State": 10}, HighAvailability=PAIR | {"NewRole": "STANDBY"})
    assert (standby.is_standby, standby.settled, standby.role) == (True, True, "STANDBY")
    taking_over = status(Server={"State": 10}, HighAvailability=PAIR)
    assert (taking_over.is_standby, taking_over.settled) == (False, False)


def test_an_active_cluster_has_counts() -> None:
    body = b"""{"Version":"v1","Cluster":{"Status":"Active","Name":"MyCluster","Enabled":true,
        "ConnectedServers":2,"DisconnectedServers":0}}"""
    cluster = parse_cluster(body)
    assert (cluster.status, cluster.name, cluster.connected, cluster.disconnected) == (
        "Active",
        "MyCluster",
        2,
        0,
    )


def test_an_unavailable_cluster_has_none() -> None:
    cluster = status(Cluster={"Status": "Unavailable", "Name": "MyCluster", "Enabled": True}).cluster
    assert (cluster.connected, cluster.disconnected) == (None, None)


def test_malformed_json_in_the_cluster_object_is_named() -> None:
    body = json.dumps(status_body()).replace('"Cluster": {', '"Cluster": { "Name": , ').encode()
    with pytest.raises(StatusFault, match=r"malformed JSON in the Cluster object") as caught:
        parse_status(body)
    assert '"Name": ,' in caught.value.excerpt


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"", "an empty answer, wanted JSON", id="empty"),
        pytest.param(b"<html>502</html>", "not JSON", id="html"),
        pytest.param(b"\xff\xfe\x00", "not JSON", id="binary"),
        pytest.param(b"[1]", r"the answer is \[1\], wanted an object", id="list"),
        pytest.param(b'{"Server": ', "malformed JSON", id="cut off"),
        pytest.param(b'{"a":' * 100_000, "size or depth", id="very deep"),
        pytest.param(b'{"a":' + b"9" * 5000 + b"}", "size or depth", id="huge number"),
        pytest.param(b"{}", "HighAvailability is missing", id="another object"),
    ],
)
def test_garbage_is_a_fault_with_a_reason(body: bytes, reason: str) -> None:
    with pytest.raises(StatusFault, match=reason):
        parse_status(body)


@pytest.mark.parametrize(
    ("section", "change", "reason"),
    [
        ("Server", {"State": "1"}, 'Server.State is "1", wanted a whole number'),
        ("Server", {"State": True}, "Server.State is true, wanted a whole number"),
        ("Server", {"State": float("nan")}, "Server.State is NaN"),
        ("Server", {"Name": None}, "Server.Name is null, wanted a text"),
        ("Server", {"ServerTime": "yesterday"}, "wanted a time in UTC"),
        ("Server", {"ServerTime": "2026-11-22T20:43:43"}, "wanted a time in UTC"),
        ("Server", {"ServerTime": 7}, "wanted a time in UTC"),
        ("Server", {"ServerTime": "0001-01-01T00:00:00Z"}, "Server.UpTimeSeconds is 114 at 0001"),
        ("Server", {"UpTimeSeconds": -1}, "Server.UpTimeSeconds is -1"),
        ("Server", {"UpTimeSeconds": 10**30}, "Server.UpTimeSeconds is 1000"),
        ("HighAvailability", {"Enabled": 1}, "HighAvailability.Enabled is 1, wanted true or false"),
        ("Cluster", {"ConnectedServers": "2"}, "Cluster.ConnectedServers"),
    ],
)
def test_a_value_of_the_wrong_type_is_a_fault_that_names_it(section: str, change: Body, reason: str) -> None:
    with pytest.raises(StatusFault, match=reason):
        status(**{section: change})


def test_a_missing_value_is_a_fault_that_names_it() -> None:
    body = status_body()
    del body["Server"]["State"]
    with pytest.raises(StatusFault, match=r"Server\.State is missing"):
        parse_status(json.dumps(body).encode())


def test_control_characters_reach_neither_values_nor_excerpts() -> None:
    assert status(Server={"ErrorMessage": "a\x1b[31mb\r\nc"}).server.error_message == "a [31mb c"
    with pytest.raises(StatusFault, match="not JSON") as caught:
        parse_status(b"\x1b]0;title\x07 oops\n\n" + b"x" * 9999)
    assert caught.value.excerpt.startswith("]0;title  oops")
    assert len(caught.value.excerpt) <= 120


@given(st.binary() | st.text().map(str.encode))
def test_no_body_at_all_raises_anything_but_a_fault(body: bytes) -> None:
    for parse in (parse_status, parse_cluster, parse_membership, parse_remotes):
        with pytest.raises(StatusFault):
            parse(body)


MEMBERSHIP = {
    "EnableClusterMembership": True,
    "ClusterName": "MyCluster",
    "UseMulticastDiscovery": False,
    "MulticastDiscoveryTTL": 1,
    "DiscoveryServerList": "10.0.0.1:9104, 10.0.0.2:9104",
    "ControlAddress": "10.0.0.1",
    "ControlPort": 9104,
    "ControlExternalAddress": None,
    "ControlExternalPort": None,
    "MessagingAddress": "",
    "MessagingPort": 9105,
    "MessagingExternalAddress": None,
    "MessagingExternalPort": None,
    "MessagingUseTLS": False,
    "DiscoveryPort": 9106,
    "DiscoveryTime": 10,
    "RequireCertificates": True,
}


def test_membership_is_typed() -> None:
    seen = parse_membership(json.dumps({"Version": "v1", "ClusterMembership": MEMBERSHIP}).encode())
    assert seen.discovery_server_list == ("10.0.0.1:9104", "10.0.0.2:9104")
    assert (seen.enabled, seen.control_address, seen.control_port) == (True, "10.0.0.1", 9104)
    assert (seen.messaging_address, seen.control_external_port, seen.discovery_time_s) == ("", None, 10)
    assert (seen.require_certificates, seen.messaging_use_tls) == (True, False)


def test_membership_with_a_flag_as_text_is_a_fault() -> None:
    body = {"ClusterMembership": MEMBERSHIP | {"RequireCertificates": "true"}}
    with pytest.raises(StatusFault, match=r"RequireCertificates is \"true\", wanted true or false"):
        parse_membership(json.dumps(body).encode())


def test_remote_members_carry_their_queues() -> None:
    far = {
        "ServerName": "h2:9089",
        "ServerUID": "abc",
        "Status": "Connecting",
        "Health": "Red",
        "HAStatus": "Pair",
        "Reliable": {"BufferedMsgs": 5, "DiscardedMsgs": 1},
        "Unreliable": {"BufferedMsgs": 2, "DiscardedMsgs": 4, "More": 0},
    }
    near = {"ServerUID": "def", "Status": "Active"}
    first, second = parse_remotes(json.dumps({"Version": "v1", "Cluster": [far, near]}).encode())
    assert (first.uid, first.status, first.ha_status, first.buffered, first.discarded) == (
        "abc",
        "Connecting",
        "Pair",
        7,
        5,
    )
    assert second.reliable == Queue()


def test_a_cluster_of_one_has_no_remotes_but_an_object_instead_of_a_list_is_a_fault() -> None:
    assert parse_remotes(b'{"Cluster": []}') == ()
    with pytest.raises(StatusFault, match=r"Cluster is \{\}, wanted a list"):
        parse_remotes(b'{"Cluster": {}}')
    with pytest.raises(StatusFault, match=r"Cluster\[0\] is 1, wanted an object"):
        parse_remotes(b'{"Cluster": [1]}')


def test_half_a_character_reaches_neither_values_nor_reasons() -> None:
    """A lone surrogate can be written in JSON, and neither to a file nor to a terminal."""
    assert status(Server={"Name": "h1\ud800x"}).server.name == "h1 x"
    with pytest.raises(StatusFault) as caught:
        status(Server={"State": "\udfff"})
    assert str(caught.value).encode()


@pytest.mark.parametrize("count", [2**63, -(2**63) - 1, 10**4000])
def test_a_number_that_no_server_can_count_to_is_a_fault(count: int) -> None:
    with pytest.raises(StatusFault, match=r"Cluster\.ConnectedServers is .*, wanted a whole number"):
        status(Cluster={"ConnectedServers": count})
    assert status(Cluster={"ConnectedServers": 2**63 - 1}).cluster.connected == 2**63 - 1
