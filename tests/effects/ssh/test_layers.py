"""A server that does not answer ends within its limit, and the message names the layer."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

import pytest

from tasks.core.errors import RemoteError
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


def test_a_name_that_does_not_resolve_is_told(ground: Ground) -> None:
    with pytest.raises(RemoteError, match=r"host name .gw-a\.invalid. cannot be resolved"):
        ground.remote(22, host="gw-a.invalid").run(["true"])


@pytest.mark.parametrize(
    ("serve", "message"),
    [
        pytest.param(silent, "SSH banner of .* did not come within 2 s", id="no banner"),
        pytest.param(web, "SSH banner of .* failed", id="not SSH"),
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
