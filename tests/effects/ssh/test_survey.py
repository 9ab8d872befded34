"""What would be used to log in, told before anything is connected; held against real logins."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasks.core.doctor_servers import KeyFile, Server, Unresolved
from tasks.core.errors import RemoteError
from tasks.effects.ssh.survey import look_at_agent, survey
from tests.effects.ssh.ground import Ground, free_port


def only(ground: Ground, port: int, **ssh: Any) -> Server:
    (seen,) = survey([ground.node(port, **ssh)])
    assert isinstance(seen, Server)
    return seen


def test_a_server_is_known_by_the_rules_by_which_it_is_connected(ground: Ground) -> None:
    sshd = ground.sshd(known=False)
    node = ground.node(sshd)
    unknown = only(ground, sshd.files.port)
    assert (unknown.known, unknown.known_hosts) == (0, (str(ground.known_hosts),))
    with pytest.raises(RemoteError, match=r"host key of .* is unknown") as caught:
        ground.connections.remote(node).run(["true"])
    assert unknown.adding == caught.value.remedy
    ground.know(sshd.known_hosts_line)
    assert only(ground, sshd.files.port).known == 1


def test_a_key_of_another_host_makes_it_no_more_known(ground: Ground) -> None:
    ground.know("gw-z ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
    assert only(ground, free_port()).known == 0
    ground.know("127.0.0.1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
    assert only(ground, free_port()).known == 1  # as OpenSSH: for the host, whatever its port


def test_a_gateway_comes_before_what_is_reached_through_it_and_once(ground: Ground) -> None:
    gateway = f"jump@127.0.0.1:{free_port()}"
    nodes = [ground.node(free_port(), name=name, gateway=gateway) for name in ("gw-a", "gw-b")]
    seen = [each.of for each in survey(nodes)]
    assert seen == ["gw-a's gateway", "gw-a", "gw-b"]


def test_key_files_are_told_by_what_can_be_done_with_them(ground: Ground) -> None:
    assert only(ground, 22).key_files == (KeyFile(str(ground.key), "readable"),)
    gone = ground.directory / "gone"
    assert only(ground, 22, key_file=gone).key_files == (KeyFile(str(gone), "does not exist"),)


def test_a_configuration_that_cannot_be_used_is_told_of_its_nodes_alone(ground: Ground) -> None:
    bad = ground.node(22, name="gw-b", config=ground.directory / "no-such-config")
    first, second = survey([ground.node(22), bad])
    assert isinstance(first, Unresolved)
    assert (first.of, "it does not exist" in first.problem) == ("gw-b", True)
    assert isinstance(second, Server)


def test_an_agent_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    assert look_at_agent().state == "none is running (SSH_AUTH_SOCK is not set)"
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "gone"))
    assert (
        look_at_agent().state
        == f"none answers at {tmp_path / 'gone'} (SSH_AUTH_SOCK): No such file or directory"
    )


def test_whether_somebody_logged_in_is_known(ground: Ground) -> None:
    sshd = ground.sshd()
    node, refused = ground.node(sshd), replace(ground.node(free_port()), name="gw-z")
    assert not ground.connections.logged_in(node)
    ground.connections.remote(node).run(["true"])
    with pytest.raises(RemoteError, match="Connection refused"):
        ground.connections.remote(refused).run(["true"])
    assert (ground.connections.logged_in(node), ground.connections.logged_in(refused)) == (True, False)
