"""Host keys: only the known one is spoken to, and the refusal says all that is needed to judge."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest

from tasks.core.errors import RemoteError
from tasks.core.model import Admin
from tasks.effects.ssh import Connections
from tasks.effects.ssh.known_hosts import HostKey, HostName, read_known_hosts
from tasks.effects.ssh.settings import read_config, resolve
from tasks.lab.keys import make_ssh_key
from tasks.lab.sshd import Sshd
from tests.effects.local_remote import node
from tests.effects.ssh.ground import Ground, logins

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3kvM0nyMxXHTJYYMrH2Zs0WbXEmUOQp8GZ2FvVbJyU"
OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


def host_key(line: str) -> HostKey:
    return HostKey(line.split()[0], base64.b64decode(line.split()[1]))


def fingerprint(sshd: Sshd) -> str:
    """As ssh-keygen, not as our own code, computes it."""
    file = sshd.files.directory / "host_ed25519.pub"
    told = subprocess.run(["ssh-keygen", "-lf", str(file)], capture_output=True, text=True, check=True)
    return told.stdout.split()[1]


@pytest.mark.parametrize(
    ("line", "host", "port"),
    [
        pytest.param(f"gw-a {KEY}", "gw-a", 22, id="plain"),
        pytest.param(f"gw-a {KEY}", "GW-A", 22, id="names are case-insensitive"),
        pytest.param(f"other,gw-a\t{KEY} a comment", "gw-a", 22, id="several names, tab, comment"),
        pytest.param(f"[gw-a]:2222 {KEY}", "gw-a", 2222, id="port"),
        pytest.param(f"gw-a {KEY}", "gw-a", 2222, id="known without its port, as OpenSSH"),
        pytest.param(f"*.example.com {KEY}", "gw-a.example.com", 22, id="pattern"),
        pytest.param(f"[10.0.1.*]:2222 {KEY}", "10.0.1.4", 2222, id="pattern and port"),
        pytest.param(f"2001:db8::1 {KEY}", "2001:db8::1", 22, id="IPv6"),
        pytest.param(f"gw-a {OTHER}\ngw-a {KEY}", "gw-a", 22, id="one of two keys"),
    ],
)
def test_a_known_key_is_accepted(tmp_path: Path, line: str, host: str, port: int) -> None:
    (tmp_path / "known").write_text(f"# comment\n\ngarbage\nhost ssh-rsa !!!\n{line}\n")
    read_known_hosts([tmp_path / "absent", tmp_path / "known"]).require(HostName(host, port), host_key(KEY))


@pytest.mark.parametrize(
    ("line", "host", "port", "message"),
    [
        pytest.param("", "gw-a", 22, "is unknown", id="no line"),
        pytest.param(f"gw-b {KEY}", "gw-a", 22, "is unknown", id="another host"),
        pytest.param(f"[gw-a]:2222 {KEY}", "gw-a", 22, "is unknown", id="another port"),
        pytest.param(f"gw-a {OTHER}", "gw-a", 2222, "is unknown", id="another server on the host"),
        pytest.param(f"*,!gw-a {KEY}", "gw-a", 22, "is unknown", id="negated"),
        pytest.param(f"@cert-authority gw-a {KEY}", "gw-a", 22, "is unknown", id="an authority is no host"),
        pytest.param(f"gw-a {OTHER}", "gw-a", 22, "HAS CHANGED", id="another key"),
        pytest.param(f"gw-a {KEY}\n@revoked gw-a {KEY}", "gw-a", 22, "is REVOKED", id="revoked"),
    ],
)
def test_any_other_key_is_refused(tmp_path: Path, line: str, host: str, port: int, message: str) -> None:
    (tmp_path / "known").write_text(f"{line}\n")
    with pytest.raises(RemoteError, match=message):
        read_known_hosts([tmp_path / "known"]).require(HostName(host, port), host_key(KEY))


@pytest.mark.parametrize("known", ["127.0.0.1", "127.0.0.9"])
def test_hashed_names_are_understood(tmp_path: Path, known: str) -> None:
    file = tmp_path / "known"
    file.write_text(f"[{known}]:2222 {KEY}\n")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(file)], check=True, capture_output=True)
    assert known not in file.read_text()
    hosts = read_known_hosts([file])
    if known == "127.0.0.1":
        hosts.require(HostName("127.0.0.1", 2222), host_key(KEY))
    else:
        with pytest.raises(RemoteError, match="is unknown"):
            hosts.require(HostName("127.0.0.1", 2222), host_key(KEY))


def test_an_unknown_server_is_refused_with_the_keyscan_advice_and_its_fingerprint(ground: Ground) -> None:
    sshd = ground.sshd(known=False)
    with pytest.raises(RemoteError, match=r"\[gw-a\] host key of .* is unknown") as caught:
        ground.remote(sshd).run(["true"])
    assert fingerprint(sshd) in caught.value.problem
    assert f"ssh-keyscan -p {sshd.files.port} 127.0.0.1 >> {ground.known_hosts}" in caught.value.remedy
    assert logins(sshd) == 0


def test_the_keyscan_advice_when_followed_makes_the_server_known(ground: Ground) -> None:
    sshd = ground.sshd(known=False)
    with pytest.raises(RemoteError, match="is unknown") as caught:
        ground.remote(sshd).run(["true"])
    command = caught.value.remedy.partition(", then compare")[0]
    subprocess.run(["sh", "-c", command], check=True, capture_output=True)
    with Connections(secrets=ground.reveal) as fresh:
        assert fresh.remote(ground.node(sshd)).run(["echo", "in"]).text == "in\n"


def test_a_changed_key_is_refused_loudly_with_both_fingerprints_and_the_line(ground: Ground) -> None:
    sshd = ground.sshd(known=False)
    old = make_ssh_key(ground.directory / "old_host_key")
    ground.know("# a comment")
    ground.know(f"[127.0.0.1]:{sshd.files.port} {old}")
    with pytest.raises(RemoteError, match=r"\[gw-a\] HOST KEY OF .* HAS CHANGED") as caught:
        ground.remote(sshd).run(["true"])
    assert fingerprint(sshd) in caught.value.problem
    assert host_key(old).fingerprint in caught.value.problem
    assert f"{ground.known_hosts}:2" in caught.value.problem
    assert logins(sshd) == 0


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_the_known_key_type_is_asked_for_where_the_server_has_several(ground: Ground, kind: str) -> None:
    rsa = ground.directory / "host_rsa"
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", str(rsa)], check=True)
    sshd = ground.sshd(known=False, extra_config=(f"HostKey {rsa}",))
    line = sshd.host_key_line if kind == "ed25519" else rsa.with_suffix(".pub").read_text()
    ground.know(f"[127.0.0.1]:{sshd.files.port} {line}")
    assert ground.remote(sshd).run(["echo", "in"]).text == "in\n"


def test_a_line_that_is_not_even_ascii_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(f"gw-a ssh-ed25519 AAA\u00c4\ngw-a {KEY}\n")
    read_known_hosts([file]).require(HostName("gw-a", 22), host_key(KEY))
    with pytest.raises(RemoteError, match="HAS CHANGED"):
        read_known_hosts([file]).require(HostName("gw-a", 22), host_key(OTHER))


@pytest.mark.parametrize("line", ["UserKnownHostsFile '/tmp/a", "Include ~nobody-of-that-name/x"])
def test_an_ssh_configuration_with_a_slip_is_refused_with_the_command_that_shows_it(
    tmp_path: Path, line: str
) -> None:
    file = tmp_path / "config"
    file.write_text(f"Host *\n  {line}\n")
    with pytest.raises(RemoteError, match=r"SSH configuration .* cannot be used") as caught:
        resolve(node(Admin("127.0.0.1")), read_config(file))
    assert "ssh -" in caught.value.remedy
    file.write_text("Host *\n  IdentityFile /tmp/key\n")
    assert resolve(node(Admin("127.0.0.1")), read_config(file)).key_files == (Path("/tmp/key"),)
