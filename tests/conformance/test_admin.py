"""The admin REST: error bodies, and the membership key that the documentation spells wrong."""

from __future__ import annotations

import json

import pytest

from tasks.core.status import parse_membership
from tasks.effects.rest import Answer, Ask, basic
from tests.conformance.target import Target


def asked(target: Target, method: str, path: str, *, body: object = None) -> Answer:
    node = target.singles[0]
    content = b"" if body is None else json.dumps(body).encode()
    return target.exchange(node, Ask(method, path, content), authorization=target.authorization(node))


def configured(target: Target, **change: object) -> tuple[int, str]:
    answer = asked(target, "POST", "configuration", body={"ClusterMembership": change})
    return answer.status, json.loads(answer.body)["Code"]


@pytest.mark.parametrize("path", ["service/status/Nonsense", "service/nonsense"])
def test_an_unknown_call_is_cwlna0137(target: Target, path: str) -> None:
    answer = asked(target, "GET", path)
    body = json.loads(answer.body)
    assert (answer.status, body["Code"]) == (400, "CWLNA0137")
    assert path in body["Message"]
    assert asked(target, "GET", "service/status").status == 200


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        pytest.param("CertificatesRequired", True, "CWLNA0138", id="the documentation's key (T9)"),
        pytest.param("RequireCertificates", "true", "CWLNA0127", id="text for a boolean"),
        pytest.param("ControlPort", "9104", "CWLNA0127", id="text for a number"),
        pytest.param("ControlPort", 70000, "CWLNA0112", id="no port"),
        pytest.param("DiscoveryServerList", "gw-a:9104", "CWLNA0112", id="a name for an address"),
        pytest.param("ClusterName", "Another", "CWLNA0384", id="another cluster while enabled"),
    ],
)
def test_a_bad_membership_is_refused_whole(target: Target, key: str, value: object, code: str) -> None:
    before = asked(target, "GET", "configuration/ClusterMembership").body
    assert configured(target, DiscoveryTime=12, **{key: value}) == (400, code)
    assert asked(target, "GET", "configuration/ClusterMembership").body == before


def test_require_certificates_takes_null_for_false(target: Target) -> None:
    node = target.singles[0]
    before = target.site.admin(node).membership().require_certificates
    try:
        for value, stored in ((True, True), (None, False)):
            assert configured(target, RequireCertificates=value) == (200, "CWLNA6011")
            assert target.site.admin(node).membership().require_certificates is stored
    finally:
        configured(target, RequireCertificates=before)
    shown = asked(target, "GET", "configuration/ClusterMembership").body
    assert parse_membership(shown).require_certificates is before
    assert len(json.loads(shown)["ClusterMembership"]) == 17


def test_a_secured_admin_api_answers_401_to_strangers(target: Target) -> None:
    node = target.singles[0]
    if node.admin.user is None:
        pytest.skip("the inventory names no admin user: the endpoint is not secured")
    ask = Ask("GET", "service/status")
    for authorization in (None, basic(node.admin.user, "not the password")):
        assert target.exchange(node, ask, authorization=authorization).status == 401
    assert target.exchange(node, ask, authorization=target.authorization(node)).status == 200


def test_each_known_member_has_two_queues_with_what_is_held_and_what_was_lost(target: Target) -> None:
    listed = json.loads(asked(target, "GET", "monitor/Cluster").body)["Cluster"]
    first, *others = [target.status(node) for node in target.singles]
    uids = {status.server.uid for status in others if status is not None}
    assert first is not None
    assert uids <= {remote["ServerUID"] for remote in listed} - {first.server.uid}
    queues = [remote[kind] for remote in listed for kind in ("Reliable", "Unreliable")]
    assert all(queue[key] >= 0 for queue in queues for key in ("BufferedMsgs", "DiscardedMsgs"))
    assert {remote["HAStatus"] for remote in listed} <= {
        "None",
        "Single",
        "Pair",
        "Standby",
        "Error",
        "Unknown",
    }
    assert {remote["Status"] for remote in listed if remote["ServerUID"] in uids} == {"Active"}
