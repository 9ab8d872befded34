"""What is asked of a node's admin REST API, and what is made of the answers."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tasks.core.model import EnvSecret, Via
from tasks.effects.rest import (
    RestError,
    RestGarbage,
    RestRejected,
    RestUnauthorized,
    basic,
)
from tests.effects.asking import EVERY_WAY, GET_STATUS, PASSWORD, REPLIES, STATUS, asking, plain
from tests.effects.rest_server import DONE, Reply, Script, serving


@EVERY_WAY
def test_the_status_is_read(via: Via) -> None:
    with serving(Script(REPLIES)) as port, asking(plain(port, via)) as (api, _):
        status = api.status()
    assert (status.server.uid, status.cluster.connected, api.via) == ("UC0Xbpkw", 2, via)


@EVERY_WAY
def test_user_and_password_arrive_whatever_characters_they_have(via: Via) -> None:
    script = Script(REPLIES)
    with serving(script) as port:
        admin = replace(plain(port, via), user="ädmin", password=EnvSecret("IMA_PASSWORD"))
        with asking(admin) as (api, remote):
            api.status()
    assert script.authorizations == [basic("ädmin", PASSWORD)]
    said = " ".join(" ".join(argv) for argv in remote.ran)
    assert "Basic" not in said
    assert "IMA_PASSWORD" not in said


@EVERY_WAY
def test_without_a_user_nothing_is_sent(via: Via) -> None:
    script = Script(REPLIES)
    with serving(script) as port, asking(plain(port, via)) as (api, _):
        api.status()
    assert script.authorizations == [None]


@EVERY_WAY
def test_401_names_the_user_and_the_inventory_and_no_password(via: Via) -> None:
    with serving(Script({GET_STATUS: (401, b"")})) as port:
        admin = replace(plain(port, via), user="ops", password=EnvSecret("IMA_PASSWORD"))
        with (
            asking(admin) as (api, _),
            pytest.raises(RestUnauthorized, match="401, asked with user 'ops'") as e,
        ):
            api.status()
    assert "admin.password" in e.value.remedy
    assert e.value.node == "gw-a"
    assert PASSWORD not in str(e.value)
    assert basic("ops", PASSWORD) not in repr(e.value) + repr(e.getrepr(showlocals=False))


@EVERY_WAY
@pytest.mark.parametrize(
    ("reply", "says"),
    [
        pytest.param((403, b""), "HTTP 403", id="forbidden"),
        pytest.param((404, b"<html>no"), "HTTP 404 <html>no", id="not found"),
        pytest.param(
            (400, b'{"Code":"CWLNA0138","Message":"bad key"}'), "400 CWLNA0138 bad key", id="bad key"
        ),
        pytest.param((500, b'{"Code":7,"Message":"a\\u001bb"}'), "HTTP 500 7 a b", id="fault with an escape"),
        pytest.param((500, b"[]"), r"HTTP 500 \[\]", id="fault without a code"),
        pytest.param((204, b""), "HTTP 204", id="nothing"),
    ],
)
def test_an_error_answer_says_what_the_server_said(via: Via, reply: Reply, says: str) -> None:
    with (
        serving(Script({GET_STATUS: reply})) as port,
        asking(plain(port, via)) as (api, _),
        pytest.raises(RestRejected, match=says) as caught,
    ):
        api.status()
    assert caught.value.status == reply[0]


@EVERY_WAY
def test_a_redirect_is_not_followed(via: Via) -> None:
    script = Script(REPLIES | {GET_STATUS: (302, b"")}, headers={"Location": "/ima/v1/service/elsewhere"})
    with (
        serving(script) as port,
        asking(plain(port, via)) as (api, _),
        pytest.raises(RestRejected, match="HTTP 302") as caught,
    ):
        api.status()
    assert "redirects are not followed" in caught.value.remedy
    assert script.asked == [GET_STATUS]


@EVERY_WAY
def test_malformed_json_with_http_200_is_garbage_with_an_excerpt(via: Via) -> None:
    body = json.dumps(STATUS).replace('"Enabled": true', '"Enabled":').encode()
    with (
        serving(Script({GET_STATUS: (200, body)})) as port,
        asking(plain(port, via)) as (api, _),
        pytest.raises(RestGarbage, match=r"malformed JSON in the Cluster object.*ConnectedServers"),
    ):
        api.status()


@EVERY_WAY
def test_restart_stop_and_configuration_send_what_the_server_wants(via: Via) -> None:
    change = {"ClusterMembership": {"RequireCertificates": True, "ClusterName": 'a "b" \\ ü @\n'}}
    script = Script({f"POST {path}": DONE for path in ("service/restart", "service/stop", "configuration")})
    with serving(script) as port, asking(plain(port, via)) as (api, remote):
        api.restart()
        api.stop()
        api.post_configuration(change)
    assert script.asked == ["POST service/restart", "POST service/stop", "POST configuration"]
    assert script.bodies == [{"Service": "Server"}, {"Service": "Server"}, change]
    assert not [argv for argv in remote.ran if "RequireCertificates" in " ".join(argv)]


@pytest.mark.parametrize("body", [b"", b"{}", b'{"Code":"CWLNA0000"}'])
def test_a_post_without_the_code_of_success_did_not_succeed(body: bytes) -> None:
    with (
        serving(Script({"POST service/restart": (200, body)})) as port,
        asking(plain(port)) as (api, _),
        pytest.raises(RestGarbage, match=r"HTTP 200 with"),
    ):
        api.restart()


def test_a_standby_has_no_remotes_and_another_503_is_an_error() -> None:
    replies: dict[str, Reply] = {"GET monitor/Cluster": (503, b'{"Code":"CWLNA0130","Message":"standby"}')}
    with serving(Script(replies)) as port, asking(plain(port)) as (api, _):
        assert api.remotes() is None
        replies["GET monitor/Cluster"] = (503, b'{"Code":"CWLNA0001","Message":"busy"}')
        with pytest.raises(RestRejected, match="CWLNA0001 busy"):
            api.remotes()
        replies["GET monitor/Cluster"] = (200, b'{"Cluster":[{"ServerUID":"u","Status":"Active"}]}')
        assert [remote.uid for remote in api.remotes() or ()] == ["u"]


def test_cluster_status_and_membership_have_their_own_questions() -> None:
    replies: dict[str, Reply] = {"GET service/status/Cluster": (200, json.dumps(STATUS).encode())}
    with serving(Script(replies)) as port, asking(plain(port)) as (api, _):
        assert api.cluster().connected == 2
        with pytest.raises(RestError, match=r"GET .*configuration/ClusterMembership .*HTTP 404"):
            api.membership()
