"""A server that does not answer ends within its limit, and the message names the layer."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest

from tasks.core.errors import RemoteError
from tasks.effects.ssh.transport import connect
from tasks.effects.tcp import Address
from tests.effects.ssh.ground import Ground, free_port
from tests.effects.ssh.servers import Listener, banner_only, silent, web


def test_a_closed_port_is_told_at_once(ground: Ground) -> None:
    with pytest.raises(RemoteError, match=r"\[gw-a\] TCP connect to 127\.0\.0\.1:\d+: Connection refused"):
        ground.remote(free_port()).run(["true"])


def test_a_host_that_does_not_answer_ends_the_tcp_connect(ground: Ground) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(3)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        started = time.monotonic()
        with pytest.raises(RemoteError, match=r"TCP connect to .* no answer within 2 s"):
            ground.remote(port).run(["true"])
        assert time.monotonic() - started < 3
        for client in waiting:
            client.close()


def test_a_host_that_no_route_leads_to_is_told_at_once(ground: Ground) -> None:
    multicast = "224.0.0.1"  # to which the system connects no stream
    with pytest.raises(
        RemoteError, match=rf"TCP connect to {multicast}:22: Network is unreachable"
    ) as caught:
        ground.remote(22, host=multicast).run(["true"])
    assert f"ip route get {multicast}" in caught.value.remedy


def test_a_name_server_that_does_not_answer_ends_the_resolution() -> None:
    answered = threading.Event()

    def resolve(host: str, port: int) -> list[Address]:
        answered.wait(20)
        return []

    started = time.monotonic()
    with pytest.raises(RemoteError, match=r"name resolution of 'gw-a': no answer within 0\.2 s") as caught:
        connect("gw-a", 22, limit_s=0.2, resolve=resolve)
    assert time.monotonic() - started < 2
    assert "getent hosts gw-a" in caught.value.remedy
    answered.set()


def test_a_name_with_an_empty_label_is_no_name() -> None:
    with pytest.raises(RemoteError, match=r"name resolution: host name 'gw\.\.a' cannot be resolved"):
        connect("gw..a", 22, limit_s=2)


def test_a_name_that_does_not_resolve_is_told(ground: Ground) -> None:
    with pytest.raises(RemoteError, match=r"host name .gw-a\.invalid. cannot be resolved"):
        ground.remote(22, host="gw-a.invalid").run(["true"])


@pytest.mark.parametrize(
    ("serve", "message"),
    [
        pytest.param(silent, "SSH banner of .* did not come within 2 s", id="no banner"),
        pytest.param(web, "SSH banner of .* failed: .*; it said: HTTP/1.1 400", id="not SSH"),
        pytest.param(banner_only, "SSH key exchange of .* did not come within 2 s", id="no key exchange"),
    ],
)
def test_a_server_that_stops_at_a_layer_is_told_by_that_layer(
    ground: Ground, serve: Callable[[socket.socket], None], message: str
) -> None:
    listener = ground.stack.enter_context(Listener(serve))
    started = time.monotonic()
    with pytest.raises(RemoteError, match=message):
        ground.remote(listener.port).run(["true"])
    assert time.monotonic() - started < 4
