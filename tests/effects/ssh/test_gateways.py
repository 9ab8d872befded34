"""ssh_config and gateways: how a node is found, and that nodes share the hop before them."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tasks.core.errors import ForwardingRefused, RemoteError
from tasks.effects.ssh.settings import read_config, resolve
from tasks.lab.accounts import login_user
from tasks.lab.keys import make_ssh_key
from tests.effects.ssh.ground import Ground, logins
from tests.effects.ssh.servers import Listener, silent


def route(ground: Ground, text: str, *, host: str = "gw-a", **ssh: Any) -> list[str]:
    """The hops to the node, first hop first, the node last."""
    ground.config.write_text(text)
    bare: dict[str, Any] = {"user": None, "port": None, **ssh}
    target = resolve(ground.node(0, host=host, **bare), read_config(ground.config))
    hops = [str(target)]
    while target.via:
        target = target.via
        hops.insert(0, str(target))
    return hops


CHAIN = """
Host gw-a
  User ops
  ProxyJump j@two
Host two
  HostName 10.0.0.2
  ProxyJump one
Host one
  User u
"""


@pytest.mark.parametrize(
    ("text", "ssh", "hops"),
    [
        pytest.param(
            "Host gw-a\n HostName 10.0.1.4\n Port 2200\n User ops\n", {}, ["ops@10.0.1.4:2200"], id="host"
        ),
        pytest.param(
            "Host *\n User ops\n Port 9\n", {"user": "me", "port": 7}, ["me@gw-a:7"], id="inventory first"
        ),
        pytest.param("Match host gw-*\n User ops\n", {}, ["ops@gw-a:22"], id="match"),
        pytest.param(CHAIN, {}, ["u@one:22", "j@10.0.0.2:22", "ops@gw-a:22"], id="chained ProxyJump"),
        pytest.param(CHAIN, {"gateway": "k@three:7"}, ["k@three:7", "ops@gw-a:22"], id="gateway overrides"),
        pytest.param(
            "User ops\n", {"gateway": "a@x,y"}, ["a@x:22", "ops@y:22", "ops@gw-a:22"], id="two gateways"
        ),
        pytest.param("User o\n", {"gateway": "[2001:db8::1]:7"}, ["o@2001:db8::1:7", "o@gw-a:22"], id="IPv6"),
        pytest.param("User o\nHost *\n ProxyJump j\n", {}, ["o@j:22", "o@gw-a:22"], id="not through itself"),
        pytest.param("User o\nProxyJump none\n", {}, ["o@gw-a:22"], id="none"),
        pytest.param(
            "", {"user": "me", "gateway": "j"}, ["me@j:22", "me@gw-a:22"], id="gateway's user as node's"
        ),
    ],
)
def test_the_route_to_a_node(ground: Ground, text: str, ssh: dict[str, Any], hops: list[str]) -> None:
    assert route(ground, text, **ssh) == hops


@pytest.mark.parametrize(
    ("text", "ssh", "message"),
    [
        pytest.param(
            "ProxyCommand nc %h %p\n", {}, "has a ProxyCommand, which is not supported", id="command"
        ),
        pytest.param("", {"gateway": "a b"}, "is not of the form", id="form"),
        pytest.param("Port many\n", {}, "port is 'many', not a number", id="port"),
        pytest.param(
            "Host a\n ProxyJump b\nHost b\n ProxyJump a\nHost gw-a\n ProxyJump a\n", {}, "circle", id="circle"
        ),
    ],
)
def test_what_cannot_be_followed_is_refused(
    ground: Ground, text: str, ssh: dict[str, Any], message: str
) -> None:
    with pytest.raises(RemoteError, match=message):
        route(ground, text, **ssh)


def test_a_config_that_the_inventory_names_must_exist(ground: Ground) -> None:
    with pytest.raises(RemoteError, match="/absent/config cannot be used: it does not exist"):
        ground.remote(22, config=Path("/absent/config"))


def test_included_files_are_followed(ground: Ground) -> None:
    (ground.directory / "more.conf").write_text("Host gw-a\n User included\n")
    assert route(ground, f"Include {ground.directory}/*.conf\n") == ["included@gw-a:22"]


def test_the_configuration_names_host_port_user_key_and_known_hosts(ground: Ground) -> None:
    sshd = ground.sshd()
    ground.config.write_text(
        f"Host gw-a\n HostName 127.0.0.1\n Port {sshd.files.port}\n User {login_user()}\n"
        f" IdentityFile {ground.key}\n UserKnownHostsFile {ground.known_hosts}\n"
    )
    nothing: dict[str, Any] = {"user": None, "port": None, "key_file": None, "known_hosts": None}
    remote = ground.connections.remote(ground.node(0, host="gw-a", **nothing))
    assert remote.run(["echo", "in"]).text == "in\n"


@pytest.mark.parametrize("listed", [True, False])
def test_where_nothing_is_configured_openssh_s_defaults_are_used(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, listed: bool
) -> None:
    home = ground.directory / "home" / ".ssh"
    home.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home.parent))
    public = make_ssh_key(home / "id_ed25519")
    if listed:
        ground.public_key = public
    sshd = ground.sshd(known=False)
    (home / "known_hosts").write_text(f"{sshd.known_hosts_line}\n")
    (home / "config").write_text(f"Host gw-a\n HostName 127.0.0.1\n Port {sshd.files.port}\n")
    nothing: dict[str, Any] = dict.fromkeys(("port", "key_file", "known_hosts", "config"))
    remote = ground.connections.remote(ground.node(0, host="gw-a", **nothing))
    if listed:
        assert remote.run(["echo", "in"]).text == "in\n"
    else:
        with pytest.raises(RemoteError, match=r"tried: key .*/home/\.ssh/id_ed25519: refused"):
            remote.run(["true"])


def test_a_host_key_alias_is_looked_up_instead_of_the_host(ground: Ground) -> None:
    sshd = ground.sshd(known=False)
    ground.know(f"the-alias {sshd.host_key_line}")
    ground.config.write_text("HostKeyAlias the-alias\n")
    assert ground.remote(sshd).run(["echo", "in"]).text == "in\n"
    ground.config.write_text("HostKeyAlias another\n")
    other = ground.directory / "another_config"
    other.write_text("HostKeyAlias another\n")
    with pytest.raises(RemoteError, match="host key of another is unknown"):
        ground.remote(sshd, config=other).run(["true"])


def test_all_nodes_behind_a_gateway_share_one_connection_to_it(ground: Ground) -> None:
    gateway, first, second = ground.sshd("gateway"), ground.sshd("first"), ground.sshd("second")
    via = f"{login_user()}@127.0.0.1:{gateway.files.port}"
    remotes = [ground.remote(s, name=n, gateway=via) for s, n in ((first, "gw-a"), (second, "gw-b"))]
    threads = [threading.Thread(target=remote.run, args=(["true"],)) for remote in remotes * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [logins(sshd) for sshd in (gateway, first, second)] == [1, 1, 1]
    ports = [remote.run(["sh", "-c", "echo $SSH_CONNECTION"]).text.split()[0] for remote in remotes]
    assert ports == ["127.0.0.1", "127.0.0.1"]


def test_a_node_that_is_left_ends_its_own_connection_and_no_other(ground: Ground) -> None:
    gateway, first, second = ground.sshd("gateway"), ground.sshd("first"), ground.sshd("second")
    via = f"{login_user()}@127.0.0.1:{gateway.files.port}"
    node = ground.node(first, name="gw-a", gateway=via)
    remotes = ground.connections.remote(node), ground.remote(second, name="gw-b", gateway=via)
    for leave in (False, True):
        for remote in remotes:
            assert remote.run(["true"]).exit_status == 0
        if not leave:
            ground.connections.leave(node)
    assert [logins(sshd) for sshd in (gateway, first, second)] == [1, 2, 1]


def test_a_connection_that_another_node_is_reached_by_stays(ground: Ground) -> None:
    both, behind = ground.sshd("both"), ground.sshd("behind")
    node, other = ground.node(both, name="gw-a"), ground.remote(both, name="gw-b")
    via = f"{login_user()}@127.0.0.1:{both.files.port}"
    remotes = ground.connections.remote(node), other, ground.remote(behind, name="gw-c", gateway=via)
    for remote in remotes * 2:
        assert remote.run(["true"]).exit_status == 0
        ground.connections.leave(node)
    assert (logins(both), logins(behind)) == (1, 1)


def test_two_gateways_in_a_row(ground: Ground) -> None:
    outer, inner, node = ground.sshd("outer"), ground.sshd("inner"), ground.sshd("node")
    chain = ",".join(f"{login_user()}@127.0.0.1:{sshd.files.port}" for sshd in (outer, inner))
    assert ground.remote(node, gateway=chain).run(["echo", "in"]).text == "in\n"
    assert [logins(sshd) for sshd in (outer, inner, node)] == [1, 1, 1]


def test_an_unknown_gateway_is_not_connected_through(ground: Ground) -> None:
    gateway, node = ground.sshd("gateway", known=False), ground.sshd("node")
    with pytest.raises(
        RemoteError, match=rf"\[gw-a\] host key of \[127.0.0.1\]:{gateway.files.port} is unknown"
    ):
        ground.remote(node, gateway=f"127.0.0.1:{gateway.files.port}").run(["true"])
    assert (logins(gateway), logins(node)) == (0, 0)


def test_the_key_of_a_node_behind_a_gateway_is_to_be_scanned_from_there(ground: Ground) -> None:
    gateway, node = ground.sshd("gateway"), ground.sshd("node", known=False)
    with pytest.raises(RemoteError, match="is unknown") as caught:
        ground.remote(node, gateway=f"127.0.0.1:{gateway.files.port}").run(["true"])
    hop = f"ssh -p {gateway.files.port} {login_user()}@127.0.0.1"
    assert caught.value.remedy.startswith(f"{hop} ssh-keyscan -p {node.files.port} 127.0.0.1 >> ")


def test_a_gateway_that_forbids_forwarding_says_so(ground: Ground) -> None:
    gateway, node = ground.sshd("gateway", forwarding=False), ground.sshd("node")
    with pytest.raises(ForwardingRefused, match=rf"sshd of .*:{gateway.files.port} forbids port forwarding"):
        ground.remote(node, gateway=f"127.0.0.1:{gateway.files.port}").run(["true"])


def test_a_dead_gateway_costs_its_limit_once_for_all_nodes_that_wait_for_it(ground: Ground) -> None:
    dead = ground.stack.enter_context(Listener(silent))
    failed: list[str] = []

    def ask(name: str) -> None:
        with pytest.raises(RemoteError, match="SSH banner") as caught:
            ground.remote(22, name=name, gateway=f"127.0.0.1:{dead.port}").run(["true"])
        failed.append(str(caught.value.node))

    threads = [threading.Thread(target=ask, args=(f"gw-{n}",)) for n in range(4)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - started < 4
    assert sorted(failed) == ["gw-0", "gw-1", "gw-2", "gw-3"]


def test_a_dead_node_behind_a_gateway_does_not_hold_up_the_others(ground: Ground) -> None:
    gateway, node = ground.sshd("gateway"), ground.sshd("node")
    dead = ground.stack.enter_context(Listener(silent))
    via = f"127.0.0.1:{gateway.files.port}"
    ground.remote(node, name="gw-b", gateway=via).run(["true"])

    def ask() -> None:
        with pytest.raises(RemoteError, match=r"\[gw-a\] SSH banner"):
            ground.remote(dead.port, gateway=via).run(["true"])

    waiting = threading.Thread(target=ask)
    waiting.start()
    started = time.monotonic()
    ground.remote(node, name="gw-b", gateway=via).run(["true"])
    assert time.monotonic() - started < 1.5
    waiting.join()
