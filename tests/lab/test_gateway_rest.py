"""The admin endpoint: shapes, error bodies, authentication, and the faults injected into it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tasks.lab.disturbances import DISTURBANCES
from tests.lab.gateways import LabGateway, lab_cluster, wait


@pytest.fixture(scope="module")
def shared() -> Iterator[LabGateway]:
    with lab_cluster("a", admin_user="admin", admin_password="pass:word") as cluster:
        cluster["a"].start()
        cluster["a"].wait_settled()
        yield cluster["a"]


@pytest.fixture
def gateway(shared: LabGateway) -> Iterator[LabGateway]:
    yield shared
    shared.disturb()


def test_service_status_has_every_part(gateway: LabGateway) -> None:
    body = gateway.get("service/status").body
    parts = [
        "Version",
        "Server",
        "Container",
        "HighAvailability",
        "Cluster",
        "Plugin",
        "MQConnectivity",
        "SNMP",
    ]
    assert list(body) == parts
    assert body["Server"]["Name"] == "a:9089"
    assert body["Server"]["StateDescription"] == "Running (production)"
    assert body["HighAvailability"] == {"Status": "Inactive", "Enabled": False}


@pytest.mark.parametrize("service", ["Cluster", "Server", "HighAvailability", "Plugin"])
def test_one_part_can_be_asked_for(gateway: LabGateway, service: str) -> None:
    assert service in gateway.get(f"service/status/{service}").body


@pytest.mark.parametrize("call", ["service/status/Nonsense", "service/nonsense", "monitor/Nonsense"])
def test_an_unknown_call_is_refused(gateway: LabGateway, call: str) -> None:
    refused = gateway.get(call)
    assert (refused.status, refused.body["Code"]) == (400, "CWLNA0137")
    assert call in refused.body["Message"]


def test_the_membership_has_its_17_keys(gateway: LabGateway) -> None:
    membership = gateway.get("configuration/ClusterMembership").body["ClusterMembership"]
    assert len(membership) == 17
    assert (membership["ControlPort"], membership["MessagingPort"], membership["DiscoveryPort"]) == (
        9104,
        9105,
        9106,
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"CertificatesRequired": True}, "CWLNA0138", id="the documentation's wrong key"),
        pytest.param({"RequireCertificates": "true"}, "CWLNA0127", id="text for a boolean"),
        pytest.param({"ControlPort": "9104"}, "CWLNA0127", id="text for a number"),
        pytest.param({"ControlPort": 70000}, "CWLNA0112", id="no port"),
        pytest.param({"DiscoveryServerList": "gw-a:9104"}, "CWLNA0112", id="a name for an address"),
        pytest.param({"ClusterName": "Another"}, "CWLNA0384", id="another cluster while enabled"),
    ],
)
def test_a_bad_membership_changes_nothing(gateway: LabGateway, change: dict[str, object], code: str) -> None:
    before = gateway.get("configuration/ClusterMembership").body
    refused = gateway.post("configuration", {"ClusterMembership": change})
    assert (refused.status, refused.body["Code"]) == (400, code)
    assert gateway.get("configuration/ClusterMembership").body == before


def test_a_good_membership_is_stored(gateway: LabGateway) -> None:
    change = {"RequireCertificates": None, "DiscoveryTime": 11}
    done = gateway.post("configuration", {"ClusterMembership": change})
    assert (done.status, done.body["Code"]) == (200, "CWLNA6011")
    after = gateway.get("configuration/ClusterMembership").body["ClusterMembership"]
    assert (after["RequireCertificates"], after["DiscoveryTime"]) == (False, 11)


def test_a_wrong_password_is_401_and_the_right_one_is_not(gateway: LabGateway) -> None:
    assert gateway.get("service/status", auth=("admin", "wrong")).status == 401
    assert gateway.get("service/status", auth=None).status == 401
    assert gateway.get("service/status").status == 200


def test_plain_http_and_tls_share_the_port_and_a_connection_serves_many_calls(gateway: LabGateway) -> None:
    settings = gateway.settings
    url = f"https://{settings.address}:{settings.admin_port}/ima/v1/service/status"
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(gateway.keystore / "AdminDefaultCert.pem")
        session.auth = ("admin", "pass:word")
        session.mount("https://", _AnyName())
        answers = [session.get(url, timeout=5) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert gateway.get("service/status").status == 200


def test_injected_status_garbage_half_bodies_and_silence(gateway: LabGateway) -> None:
    gateway.disturb(rest_status=500)
    assert gateway.get("service/status").status == 500
    gateway.disturb(rest_garbage=True)
    with pytest.raises(requests.JSONDecodeError, match="Expecting value"):
        gateway.get("service/status")
    gateway.disturb(rest_half_body=True)
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        gateway.get("service/status")
    gateway.disturb(rest_hang=True)
    with pytest.raises(requests.ReadTimeout, match="timed out"):
        gateway.get("service/status", timeout=0.3)
    gateway.disturb()
    assert gateway.get("service/status").status == 200


def test_malformed_cluster_json_comes_with_200_and_leaves_the_server_part_alone(gateway: LabGateway) -> None:
    gateway.disturb(malformed_cluster_json=True)
    with pytest.raises(requests.JSONDecodeError, match="Expecting property name"):
        gateway.get("service/status/Cluster")
    assert gateway.get("service/status/Server").status == 200


def test_a_body_that_is_no_json_is_refused(gateway: LabGateway) -> None:
    refused = gateway.get("service/status")
    assert refused.status == 200
    assert gateway.post("configuration", ["not", "an", "object"]).status == 400
    assert gateway.post("service/restart", {"Service": "Nothing"}).body["Code"] == "CWLNA0112"


def test_a_probe_of_9105_leaves_one_line_and_of_9104_none(gateway: LabGateway) -> None:
    lines = gateway.log("imaserver-connection.log").count("CWLNA1116")
    gateway.probe(9105)
    wait(lambda: gateway.log("imaserver-connection.log").count("CWLNA1116") == lines + 1, "the line")
    gateway.probe(9104)
    assert gateway.log("imaserver-connection.log").count("CWLNA1116") == lines + 1


def test_every_disturbance_is_explained() -> None:
    assert all(len(sentence) > 20 for sentence in DISTURBANCES.values())
    assert {"rest_hang", "no_return", "fallback", "connecting"} <= set(DISTURBANCES)


def test_the_port_is_on_the_nodes_own_address_only(gateway: LabGateway) -> None:
    assert gateway.listens(9089)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.255.77.77", 9089)) != 0


class _AnyName(requests.adapters.HTTPAdapter):
    """TLS is verified, the host name is not: the certificate is for a test."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options, assert_hostname=False)
