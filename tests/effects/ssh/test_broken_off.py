"""Connections that end or fall silent under what goes on over them: told by layer, given up in time, made anew."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import paramiko
import pytest

from tasks.core.errors import PortRefused, RemoteError
from tasks.core.gates import Holds, Verdict, View, Waiting
from tasks.core.model import Admin, Member
from tasks.effects.clock import SystemClock
from tasks.effects.site import Site
from tasks.effects.wait import Waits, Watch, hold
from tasks.lab.accounts import login_user
from tasks.lab.processes import send
from tasks.lab.sshd import Sshd
from tests.core.snapshots import THREE
from tests.effects.asking import GET_STATUS, REPLIES, STATUS
from tests.effects.rest_server import Script, serving
from tests.effects.ssh.ground import Ground, end_sessions, free_port, logins, sessions
from tests.effects.ssh.servers import Listener, password_server


def ending_when(mark: Path, sshd: Sshd) -> threading.Thread:
    """Ends the sshd's sessions once the command has left its mark."""

    def watch() -> None:
        deadline = time.monotonic() + 10
        while not mark.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        end_sessions(sshd)

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def test_an_sshd_that_dies_during_a_transfer_is_told_with_what_was_not_taken(ground: Ground) -> None:
    sshd = ground.sshd()
    remote, mark = ground.remote(sshd), ground.directory / "begun"
    remote.run(["true"])
    watch = ending_when(mark, sshd)
    script = 'touch "$1"; head -c 1000 > "$2"; sleep 20'
    with pytest.raises(
        RemoteError,
        match=r"\[gw-a\] the connection to .* broke while the command ran; .* bytes of input not taken",
    ) as caught:
        remote.run(
            ["sh", "-c", script, "sh", str(mark), str(ground.directory / "part")], stdin=b"x" * 20_000_000
        )
    watch.join()
    assert "look at the node" in caught.value.remedy
    assert remote.run(["echo", "back"]).text == "back\n"
    assert logins(sshd) == 2


def test_a_server_that_answers_no_request_to_run_a_command_is_given_up(ground: Ground) -> None:
    key, mute = paramiko.ECDSAKey.generate(), threading.Event()
    serve = password_server(key, method="password", password="right", mute=mute)
    listener = ground.stack.enter_context(Listener(serve))
    ground.stack.callback(mute.set)
    ground.know(f"[127.0.0.1]:{listener.port} {key.get_name()} {key.get_base64()}")
    remote = ground.remote(listener.port, password=ground.secret("PASSWORD", "right"))
    started = time.monotonic()
    with pytest.raises(RemoteError, match=r"SSH request to run a command at .*: no answer within 0\.2 s"):
        remote.run(["true"], limit_s=0.2)
    assert time.monotonic() - started < 4


def test_a_gateway_that_drops_is_named_and_the_next_call_goes_through_it_again(ground: Ground) -> None:
    gateway, node = ground.sshd("gateway"), ground.sshd("node")
    via = f"{login_user()}@127.0.0.1:{gateway.files.port}"
    remote, mark = ground.remote(node, gateway=via), ground.directory / "begun"
    remote.run(["true"])
    watch = ending_when(mark, gateway)
    with pytest.raises(
        RemoteError,
        match=rf"\[gw-a\] the connection to .* broke with that to its gateway {via} while the command",
    ):
        remote.run(["sh", "-c", f"touch {mark}; sleep 20"])
    watch.join()
    assert remote.run(["echo", "back"]).text == "back\n"
    assert (logins(gateway), logins(node)) == (2, 2)


def test_a_node_that_drops_behind_a_gateway_is_not_blamed_on_it(ground: Ground) -> None:
    gateway, node = ground.sshd("gateway"), ground.sshd("node")
    remote = ground.remote(node, gateway=f"{login_user()}@127.0.0.1:{gateway.files.port}")
    mark = ground.directory / "begun"
    remote.run(["true"])
    watch = ending_when(mark, node)
    with pytest.raises(RemoteError, match="broke while the command ran"):
        remote.run(["sh", "-c", f"touch {mark}; sleep 20"])
    watch.join()
    assert remote.run(["echo", "back"]).text == "back\n"
    assert (logins(gateway), logins(node)) == (1, 2)


def test_a_connection_that_answers_no_dial_and_nothing_else_is_made_anew(ground: Ground) -> None:
    sshd = ground.sshd()
    remote = ground.remote(sshd)
    remote.run(["true"])
    for pid in sessions(sshd):
        send(pid, signal.SIGSTOP)  # new connections are served
    with pytest.raises(RemoteError, match=r"no answer within 0\.5 s, nor to anything else"):
        remote.dial("127.0.0.1", free_port(), limit_s=0.5)
    with pytest.raises(PortRefused, match="Connection refused"):
        remote.dial("127.0.0.1", free_port(), limit_s=5)
    assert logins(sshd) == 2


def test_a_port_that_is_silent_behind_a_server_that_answers_costs_no_connection(ground: Ground) -> None:
    sshd = ground.sshd()
    remote = ground.remote(sshd)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(3)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        with pytest.raises(RemoteError, match=r"no answer within 0\.5 s\n") as caught:
            remote.dial("127.0.0.1", port, limit_s=0.5)
        for client in waiting:
            client.close()
    assert "firewall" in caught.value.remedy
    remote.run(["true"])
    assert logins(sshd) == 1


def production(view: View) -> Verdict:
    seen = view["gw-a"]
    state = seen.status.server.state if seen.status else None
    return Holds("State 1") if state == 1 else Waiting(seen.trouble or f"State {state}")


def up_again(sshd: Sshd) -> Sshd:
    """The same sshd on the same port, started once more."""
    again = Sshd(sshd.files, subprocess.Popen(sshd.files.argv, stdin=subprocess.DEVNULL))
    while not sshd.files.answers():
        time.sleep(0.01)
    return again


def site_of(ground: Ground, sshd: Sshd, port: int) -> Site:
    """A cluster of one node, whose admin API is at that port of this machine."""
    node = replace(ground.node(sshd), admin=Admin("127.0.0.1", port=port, scheme="http"))
    return Site(replace(THREE, members=(Member("gw-a", (node,)),)), secrets=ground.reveal)


def test_a_wait_outlives_lost_sessions_and_an_sshd_that_is_down_for_a_while(ground: Ground) -> None:
    sshd = ground.sshd()
    starting = {**STATUS, "Server": {**STATUS["Server"], "State": 6}}
    script = Script({GET_STATUS: (200, json.dumps(starting).encode())})
    happens: dict[int, Callable[[], object]] = {
        2: lambda: end_sessions(sshd),
        4: sshd.stop,
        6: lambda: ground.stack.enter_context(up_again(sshd)),
        8: lambda: setattr(script, "replies", REPLIES),
    }
    seen: list[str] = []

    def report(text: str, left_s: float) -> None:
        seen.append(text)
        if len(seen) in happens:
            happens[len(seen)]()

    with serving(script) as port, site_of(ground, sshd, port) as site:
        watch = Watch(
            awaited="a restart",
            node="gw-a",
            look=lambda: site.view({}),
            report=report,
            stopping=lambda: False,
            nudge=lambda view, waited_s: None,
            remedy="-",
        )
        waits = Waits(limit_s=20, join_s=20, settle_s=0, poll_s=0.01)
        assert hold(production, watch, waits=waits, clock=SystemClock()) == "State 1"
    assert seen[:4] == ["State 6"] * 4
    assert all("Connection refused" in text for text in seen[4:6])
    assert seen[6:8] == ["State 6"] * 2
    assert logins(sshd) == 3
