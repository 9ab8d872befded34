"""What is agreed upon with a server: a cipher that authenticates as well, where it has one."""

from __future__ import annotations

import os
import re

import pytest

from tests.effects.ssh.ground import Ground


@pytest.mark.parametrize(
    ("offered", "agreed"),
    [
        ((), "aes128-gcm@openssh.com"),
        (
            ("Ciphers chacha20-poly1305@openssh.com,aes256-ctr,aes256-gcm@openssh.com",),
            "aes256-gcm@openssh.com",
        ),
        (("Ciphers aes256-ctr",), "aes256-ctr"),
    ],
    ids=["as OpenSSH is shipped", "the client's choice", "a server without"],
)
def test_a_cipher_that_also_authenticates_is_preferred(
    ground: Ground, offered: tuple[str, ...], agreed: str
) -> None:
    sshd = ground.sshd(extra_config=(*offered, "LogLevel DEBUG1"))
    assert ground.remote(sshd).run(["echo", "in"]).text == "in\n"
    log = sshd.files.log.read_text()
    assert set(re.findall(r"kex: (?:client->server|server->client) cipher: (\S+)", log)) == {agreed}


@pytest.mark.parametrize("cipher", ["aes128-gcm@openssh.com", "aes128-ctr"])
def test_keys_are_exchanged_anew_within_a_command(ground: Ground, cipher: str) -> None:
    sshd = ground.sshd(extra_config=(f"Ciphers {cipher}", "RekeyLimit 1M", "LogLevel DEBUG1"))
    data = os.urandom(6 << 20)
    assert ground.remote(sshd).run(["cat"], stdin=data).stdout == data
    log = sshd.files.log.read_text()
    assert len(re.findall(r"SSH2_MSG_NEWKEYS received", log)) > 3
