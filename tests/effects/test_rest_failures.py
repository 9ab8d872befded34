"""REST exchanges that go wrong on the way: every one ends in time and says what was seen."""

from __future__ import annotations

import json
import socket
import struct
import time

import pytest

from tasks.core.model import Via
from tasks.effects.rest import (
    RestGarbage,
    RestRefused,
    RestTimeout,
)
from tests.effects.asking import EVERY_WAY, GET_STATUS, REPLIES, SHORT, STATUS, asking, plain
from tests.effects.local_remote import closed_port
from tests.effects.rest_server import Script, serving, talking


@EVERY_WAY
def test_a_closed_port_is_told_from_everything_else(via: Via) -> None:
    with (
        asking(plain(closed_port(), via)) as (api, _),
        pytest.raises(RestRefused, match=rf"\({via}\): .*nothing listens"),
    ):
        api.status()


@EVERY_WAY
@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"", id="silent"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX-Slow: ", id="dripping header"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n", id="dripping body"),
        pytest.param(b"HTTP/1.0 200 OK\r\n\r\n", id="endless body"),
    ],
)
def test_an_answer_that_drips_ends_at_the_limit(via: Via, head: bytes) -> None:
    script = Script({}, drip=head, drop=b"x" if head else b"")
    started = time.monotonic()
    with serving(script) as port, asking(plain(port, via), limits=SHORT) as (api, _):
        with pytest.raises(RestTimeout, match="no complete answer within 1 s"):
            api.status()
        assert time.monotonic() - started < 3


@EVERY_WAY
def test_an_answer_without_end_is_cut(via: Via) -> None:
    script = Script({}, drip=b"HTTP/1.0 200 OK\r\n\r\n", drop=b"x" * 400_000)
    with (
        serving(script) as port,
        asking(plain(port, via)) as (api, _),
        pytest.raises(RestGarbage, match="more than 1048576 bytes"),
    ):
        api.status()


@EVERY_WAY
def test_a_long_answer_below_the_limit_is_read_whole(via: Via) -> None:
    body = json.dumps(STATUS | {"Padding": "x" * 1_000_000}).encode()
    with serving(Script({GET_STATUS: (200, body)})) as port, asking(plain(port, via)) as (api, _):
        assert api.status().server.state == 1


@EVERY_WAY
@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH_9.2\r\n", b"\x00\x01\x02", b""])
def test_what_is_no_http_is_garbage(via: Via, answer: bytes) -> None:
    def talk(one: socket.socket) -> None:
        one.recv(4096)
        one.sendall(answer)

    with (
        talking(talk) as port,
        asking(plain(port, via)) as (api, _),
        pytest.raises(RestGarbage, match="no HTTP answer"),
    ):
        api.status()


@EVERY_WAY
@pytest.mark.parametrize("reset", [False, True])
def test_a_server_that_hangs_up_without_a_word_may_be_on_its_way_down(via: Via, reset: bool) -> None:
    def talk(one: socket.socket) -> None:
        one.recv(4096)
        if reset:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with (
        talking(talk) as port,
        asking(plain(port, via)) as (api, _),
        pytest.raises(RestGarbage, match=r"no HTTP answer: the connection was closed \(") as caught,
    ):
        api.status()
    assert "stop or restart" in caught.value.remedy


@EVERY_WAY
@pytest.mark.parametrize("framing", ["Content-Length: 300", "Transfer-Encoding: chunked"])
def test_half_a_body_is_told_as_an_answer_that_broke_off(via: Via, framing: str) -> None:
    def talk(one: socket.socket) -> None:
        one.recv(4096)
        size = b"12c\r\n" if "chunked" in framing else b""
        one.sendall(f"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n".encode() + size + b'{"Server":{"State":1')

    with (
        talking(talk) as port,
        asking(plain(port, via)) as (api, _),
        pytest.raises(RestGarbage, match=r"GET .*service/status .*: the answer broke off: ") as caught,
    ):
        api.status()
    assert "stop or restart" in caught.value.remedy


@EVERY_WAY
def test_half_a_body_whose_length_was_not_announced_is_malformed(via: Via) -> None:
    def talk(one: socket.socket) -> None:
        one.recv(4096)
        one.sendall(b'HTTP/1.0 200 OK\r\n\r\n{"Server":{"State":1')

    with (
        talking(talk) as port,
        asking(plain(port, via)) as (api, _),
        pytest.raises(RestGarbage, match=r"HTTP 200 with malformed JSON in the Server object"),
    ):
        api.status()


@EVERY_WAY
def test_proxies_of_the_environment_are_not_used(via: Via, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = f"http://127.0.0.1:{closed_port()}"
    monkeypatch.setenv("http_proxy", proxy)
    with serving(Script(REPLIES)) as port, asking(plain(port, via)) as (api, remote):
        remote.environment = (f"http_proxy={proxy}",)
        assert api.status().server.state == 1
