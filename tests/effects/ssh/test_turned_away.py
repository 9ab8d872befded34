"""A server that has enough connections just now is asked again, with growing pauses, within a limit."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from tasks.core.errors import RemoteError
from tasks.core.model import Limits, Node
from tasks.effects.ssh import Connections
from tasks.lab.accounts import login_user
from tests.effects.ssh.ground import Ground, logins, sessions
from tests.effects.ssh.servers import Listener, full_up, hang_up, web


@dataclass
class Patience:
    """A clock that only moves when it sleeps."""

    time_s: float = 1000.0
    pauses: list[float] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time_s, UTC)

    def monotonic(self) -> float:
        return self.time_s

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.time_s += seconds
        self.meanwhile()


def ask(ground: Ground, node: Node, clock: Patience) -> str:
    with Connections(secrets=ground.reveal, clock=clock) as connections:
        return connections.remote(node).run(["echo", "in"]).text


def patient(node: Node) -> Node:
    return replace(node, limits=Limits(connect_s=10.0, command_s=10.0))


@pytest.mark.parametrize(
    ("serve", "says"),
    [
        pytest.param(hang_up, r"the server hung up before it; asked 5 times\n", id="without a word"),
        pytest.param(
            full_up,
            r"the server hung up before it; it said: Exceeded MaxStartups; asked 5 times\n",
            id="with a word",
        ),
    ],
)
def test_a_server_that_stays_full_is_given_up_after_five_tries(
    ground: Ground, serve: Callable[[socket.socket], None], says: str
) -> None:
    listener, clock = ground.stack.enter_context(Listener(serve)), Patience()
    with pytest.raises(RemoteError, match=rf"\[gw-a\] SSH banner of 127\.0\.0\.1:\d+: {says}") as caught:
        ask(ground, patient(ground.node(listener.port)), clock)
    assert clock.pauses == [0.5, 1.0, 2.0, 4.0]
    assert "MaxStartups" in caught.value.remedy


def test_what_is_no_ssh_server_is_not_asked_again(ground: Ground) -> None:
    listener, clock = ground.stack.enter_context(Listener(web)), Patience()
    with pytest.raises(RemoteError, match=r"SSH banner of .* failed: .*; it said: HTTP/1\.1 400 Bad Request"):
        ask(ground, patient(ground.node(listener.port)), clock)
    assert clock.pauses == []


def begun_login(port: int) -> socket.socket:
    """A login that goes no further; it counts for MaxStartups until it is closed."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        login = socket.create_connection(("127.0.0.1", port))
        if login.recv(100).startswith(b"SSH-"):
            return login
        login.close()
        time.sleep(0.01)
    raise AssertionError("the sshd takes nobody")


@pytest.mark.parametrize("behind", [False, True])
def test_the_real_sshd_takes_us_once_another_login_has_ended(ground: Ground, behind: bool) -> None:
    sshd = ground.sshd(extra_config=("MaxStartups 1",))
    other = ground.stack.enter_context(begun_login(sshd.files.port))

    def leave() -> None:
        other.close()
        deadline = time.monotonic() + 10
        while sessions(sshd) and time.monotonic() < deadline:
            time.sleep(0.01)

    clock = Patience(meanwhile=leave)
    gateway = ground.sshd("gateway") if behind else None
    via = f"{login_user()}@127.0.0.1:{gateway.files.port}" if gateway else None
    assert ask(ground, patient(ground.node(sshd, gateway=via)), clock) == "in\n"
    assert clock.pauses[:1] == [0.5]
    assert logins(sshd) == 1


def test_connections_that_are_closed_meanwhile_are_not_made_any_more(ground: Ground) -> None:
    listener, clock = ground.stack.enter_context(Listener(hang_up)), Patience()
    with Connections(secrets=ground.reveal, clock=clock) as connections:
        remote = connections.remote(patient(ground.node(listener.port)))
        clock.meanwhile = connections.close
        with pytest.raises(RemoteError, match="connections of this run are closed"):
            remote.run(["true"])
    assert clock.pauses == [0.5]


def test_threads_that_wait_for_the_same_server_share_one_outcome(ground: Ground) -> None:
    listener, clock = ground.stack.enter_context(Listener(hang_up)), Patience()
    failed: list[str] = []
    with Connections(secrets=ground.reveal, clock=clock) as connections:
        remote = connections.remote(patient(ground.node(listener.port)))
        first_pause, all_wait = threading.Event(), threading.Event()

        def hold() -> None:
            first_pause.set()
            all_wait.wait(10)

        clock.meanwhile = hold

        def ask_it() -> None:
            with pytest.raises(RemoteError, match="asked 5 times") as caught:
                remote.run(["true"])
            failed.append(caught.value.problem)

        threads = [threading.Thread(target=ask_it)]
        threads[0].start()
        assert first_pause.wait(10)
        threads += [threading.Thread(target=ask_it) for _ in range(3)]
        for thread in threads[1:]:
            thread.start()
        all_wait.set()
        for thread in threads:
            thread.join()
    assert len(failed) == 4
