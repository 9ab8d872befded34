"""The way an exchange takes, and the connection that it keeps."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.core.errors import RemoteError
from tasks.core.model import Via
from tasks.effects.rest import (
    RestGarbage,
    RestRefused,
)
from tests.effects.asking import REPLIES, STATUS, asking, plain
from tests.effects.local_remote import bare_path, closed_port
from tests.effects.rest_server import DONE, Script, serving, talking


def test_auto_takes_the_tunnel_and_remembers_it() -> None:
    with serving(Script(REPLIES)) as port, asking(plain(port, Via.AUTO)) as (api, remote):
        assert api.via is Via.AUTO
        api.status()
        assert (api.via, remote.ran) == (Via.TUNNEL, [])


def test_auto_runs_curl_on_the_node_where_forwarding_is_refused() -> None:
    with serving(Script(REPLIES)) as port, asking(plain(port, Via.AUTO)) as (api, remote):
        remote.forwarding = False
        api.status()
        assert api.via is Via.EXEC


def test_auto_goes_directly_where_the_node_has_no_curl_either(tmp_path: Path) -> None:
    with serving(Script(REPLIES)) as port, asking(plain(port, Via.AUTO)) as (api, remote):
        remote.forwarding, remote.path = False, bare_path(tmp_path / "bin", "sh", "head")
        api.status()
        assert api.via is Via.DIRECT


def test_auto_does_not_go_elsewhere_because_the_server_is_down() -> None:
    with asking(plain(closed_port(), Via.AUTO)) as (api, remote):
        with pytest.raises(RestRefused, match=r"\(tunnel\)"):
            api.status()
        assert (api.via, remote.ran) == (Via.AUTO, [])


@pytest.mark.parametrize(
    ("via", "says"), [(Via.TUNNEL, "forbids port forwarding"), (Via.EXEC, "curl cannot be run")]
)
def test_a_way_named_in_the_inventory_is_the_only_one_tried(via: Via, says: str, tmp_path: Path) -> None:
    with serving(Script(REPLIES)) as port, asking(plain(port, via)) as (api, remote):
        remote.forwarding, remote.path = False, bare_path(tmp_path / "bin", "sh", "head")
        with pytest.raises(RemoteError, match=says):
            api.status()


@pytest.mark.parametrize("via", [Via.TUNNEL, Via.DIRECT])
def test_one_connection_serves_many_questions(via: Via) -> None:
    script = Script(REPLIES)
    with serving(script) as port, asking(plain(port, via)) as (api, _):
        for _ in range(3):
            api.status()
    assert script.connections == 1


def test_a_connection_that_the_server_closed_is_made_anew() -> None:
    script = Script(REPLIES, hang_up_after=1)
    with serving(script) as port, asking(plain(port)) as (api, _):
        for _ in range(3):
            api.status()
            time.sleep(0.05)
    assert script.connections == 3


def _dying(answers: list[int]) -> Iterator[int]:
    """Servers that answer the first request of a connection and die at the second, after reading it."""
    body = json.dumps(STATUS).encode()
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)

    def talk(one: socket.socket) -> None:
        answers.append(0)
        one.recv(65536)
        one.sendall(reply)
        if one.recv(65536):
            answers[-1] += 1

    with talking(talk) as port:
        yield port


def test_a_get_that_dies_on_a_kept_connection_is_asked_once_more() -> None:
    answers: list[int] = []
    for port in _dying(answers):
        with asking(plain(port)) as (api, _):
            api.status()
            assert api.status().server.state == 1
    assert answers == [1, 0]


def test_a_get_that_dies_on_a_new_connection_is_not_asked_again() -> None:
    tries: list[bytes] = []
    with (
        talking(lambda one: tries.append(one.recv(65536))) as port,
        asking(plain(port)) as (api, _),
        pytest.raises(RestGarbage, match="no HTTP answer"),
    ):
        api.status()
    assert len(tries) == 1


@pytest.mark.parametrize("via", [Via.TUNNEL, Via.EXEC])
def test_a_post_that_dies_is_never_sent_twice(via: Via) -> None:
    tries: list[bytes] = []
    with (
        talking(lambda one: tries.append(one.recv(65536))) as port,
        asking(plain(port, via)) as (api, _),
        pytest.raises(RestGarbage, match=r"POST .*service/restart .*no HTTP answer"),
    ):
        api.restart()
    assert len(tries) == 1


def test_a_post_goes_over_a_connection_of_its_own() -> None:
    script = Script(REPLIES | {"POST service/restart": DONE})
    with serving(script) as port, asking(plain(port)) as (api, _):
        api.status()
        api.restart()
    assert script.connections == 2
