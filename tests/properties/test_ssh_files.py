"""OpenSSH's own files on this machine, whatever is in them: a way to the node, or RemoteError with a remedy."""

from __future__ import annotations

from pathlib import Path

from tasks.core.errors import RemoteError
from tasks.core.model import Admin
from tasks.effects.ssh.known_hosts import HostKey, HostName, read_known_hosts
from tasks.effects.ssh.settings import read_config, resolve
from tests.effects.local_remote import node
from tests.properties.mutation import hold
from tests.properties.presentable import require_remedy

KNOWN = (
    b"# ours\n"
    b"gw-a,10.0.0.1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA== ops@bastion\n"
    b"|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==\n"
    b"@revoked *.example.com,!gw-a.example.com ssh-rsa AAAAB3NzaC1yc2EAAAA=\n"
    b"[gw-a]:2222 ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAI\n"
)
CONFIG = (
    b"Host 127.0.0.1 gw-?\n  User ops\n  Port 2222\n  HostName 10.0.0.1\n  IdentityFile ~/.ssh/id_none\n"
    b"  ProxyJump jump@bastion:22,[::1]\n  UserKnownHostsFile /tmp/a /tmp/b\n  ServerAliveInterval 5\n"
    b"Host *\n  IdentitiesOnly yes\n  IdentityAgent none\n"
    b"Match host bastion user jump\n  Port 22\n"
)
PIECES = (
    b"Include /nowhere/*\n",
    b"Include ~nobody-of-that-name/x\n",
    b"IdentityFile ~nobody-of-that-name/%d/%h\n",
    b"Match all\n",
    b"Match canonical\n",
    b"Match bad\n",
    b"CanonicalizeHostname yes\nCanonicalizeFallbackLocal no\nCanonicalDomains invalid\n",
    b"ProxyCommand nc %h %p\n",
    b"Port \xc2\xb2\n",
    b"Port 99999\n",
    b"ProxyJump none\n",
    b"!",
    b"|1|a|b|c",
    b"[",
    b"*",
    b"?",
    b"%",
    b"${HOME}",
    b'"',
    b"AAA\xc3\x84",
)
ABOUT = (HostName("gw-a", 22), HostName("gw-a", 2222), HostName("x.example.com", 22, alias="y"))
SHOWN = HostKey("ssh-ed25519", b"another key")


def test_no_known_hosts_makes_a_traceback_or_a_stranger_known(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"

    def check(content: bytes) -> None:
        file.write_bytes(content)
        known = read_known_hosts([file])
        for place in ABOUT:
            try:
                known.require(place, SHOWN)
            except RemoteError as error:
                require_remedy(error)
            else:
                raise AssertionError(f"{place} is known")

    hold("known_hosts", (KNOWN,), check, few=100, pieces=PIECES)


def test_no_ssh_configuration_makes_a_traceback(tmp_path: Path) -> None:
    file = tmp_path / "config"

    def check(content: bytes) -> None:
        file.write_bytes(content.replace(b"exec", b"host"))  # that one runs a command
        try:
            target = resolve(node(Admin("127.0.0.1")), read_config(file))
        except RemoteError as error:
            require_remedy(error)
        else:
            assert target.ssh_command

    hold("ssh configuration", (CONFIG,), check, few=60, pieces=PIECES)
