"""Logging in: keys, passphrases, agent, passwords; and what a refusal tells."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import paramiko
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tasks.core.errors import RemoteError
from tasks.lab.keys import make_ssh_key
from tests.effects.ssh.ground import Ground, logins
from tests.effects.ssh.servers import Listener, password_server

MAKERS: dict[str, Callable[[], PrivateKeyTypes]] = {
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ecdsa": lambda: ec.generate_private_key(ec.SECP256R1()),
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
}


def write_key(ground: Ground, kind: str, *, passphrase: str | None) -> Path:
    """Writes a private key and makes it the one that the ground's servers accept."""
    key = MAKERS[kind]()
    lock = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    path = ground.directory / f"id_{kind}"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, lock))
    path.chmod(0o600)
    ground.public_key = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return path


@pytest.mark.parametrize("kind", MAKERS)
def test_a_key_file_logs_in(ground: Ground, kind: str) -> None:
    key = write_key(ground, kind, passphrase=None)
    assert ground.remote(ground.sshd(), key_file=key).run(["echo", "in"]).text == "in\n"


def test_a_key_that_the_server_does_not_list_is_refused_and_named(ground: Ground) -> None:
    other = ground.directory / "other"
    make_ssh_key(other)
    with pytest.raises(
        RemoteError, match=rf"it takes publickey; tried: key {re.escape(str(other))}: refused"
    ):
        ground.remote(ground.sshd(), key_file=other).run(["true"])


def test_a_key_file_that_is_missing_is_named(ground: Ground) -> None:
    with pytest.raises(RemoteError, match=r"absent: does not exist") as caught:
        ground.remote(ground.sshd(), key_file=Path("/absent")).run(["true"])
    assert caught.value.node == "gw-a"
    assert "ssh.key_file" in caught.value.remedy


@pytest.mark.parametrize("kind", MAKERS)
def test_an_encrypted_key_logs_in_by_its_passphrase(ground: Ground, kind: str) -> None:
    key = write_key(ground, kind, passphrase="open sesame")
    reference = ground.secret("PASSPHRASE", "open sesame")
    assert ground.remote(ground.sshd(), key_file=key, passphrase=reference).run(["echo", "in"]).text == "in\n"


def test_a_wrong_passphrase_is_told_without_showing_it(ground: Ground) -> None:
    key = write_key(ground, "ed25519", passphrase="open sesame")
    reference = ground.secret("PASSPHRASE", "guessed")
    with pytest.raises(RemoteError, match="id_ed25519: the passphrase does not open it") as caught:
        ground.remote(ground.sshd(), key_file=key, passphrase=reference).run(["true"])
    assert "guessed" not in str(caught.value)


def test_an_encrypted_key_without_a_passphrase_is_told(ground: Ground) -> None:
    key = write_key(ground, "ed25519", passphrase="open sesame")
    with pytest.raises(RemoteError, match="encrypted, and the inventory names no"):
        ground.remote(ground.sshd(), key_file=key).run(["true"])


@pytest.fixture
def agent(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An ssh-agent that holds the ground's key."""
    if not (shutil.which("ssh-agent") and shutil.which("ssh-add")):
        pytest.skip("ssh-agent is not installed (package openssh-client)")
    path = ground.directory / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.DEVNULL)
    try:
        while not path.exists():
            assert process.poll() is None
        subprocess.run(
            ["ssh-add", "-q", str(ground.key)], env={**os.environ, "SSH_AUTH_SOCK": str(path)}, check=True
        )
        monkeypatch.setenv("SSH_AUTH_SOCK", str(path))
        yield path
    finally:
        process.kill()
        process.wait()


@pytest.mark.usefixtures("agent")
def test_the_agent_logs_in_and_is_not_forwarded(ground: Ground) -> None:
    remote = ground.remote(ground.sshd(), key_file=Path("/absent"), agent=True)
    done = remote.run(["sh", "-c", "echo ${SSH_AUTH_SOCK:-none}"])
    assert done.text == "none\n"


@pytest.mark.usefixtures("agent")
def test_the_agent_is_not_asked_where_the_inventory_says_so(ground: Ground) -> None:
    with pytest.raises(
        RemoteError, match=r"refused; it takes publickey; tried: key /absent: does not exist\n"
    ):
        ground.remote(ground.sshd(), key_file=Path("/absent"), agent=False).run(["true"])


def test_an_agent_that_does_not_answer_is_passed_over_and_told(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = ground.directory / "agent"
    with socket.socket(socket.AF_UNIX) as hung:
        hung.bind(str(path))
        hung.listen()
        monkeypatch.setenv("SSH_AUTH_SOCK", str(path))
        with pytest.raises(
            RemoteError, match=r"key /absent: does not exist; ssh-agent: no answer within 2 s\n"
        ):
            ground.remote(ground.sshd(), key_file=Path("/absent"), agent=True).run(["true"])
        asked, _ = hung.accept()
        with asked:
            asked.recv(100)
            asked.sendall(b"\0\0\0\5\x0c\0\0\0\0")  # it holds no key: too late to matter
            assert asked.recv(100) == b""


@pytest.fixture
def asks(ground: Ground) -> Callable[..., int]:
    """Starts a server that wants a password; gives its port."""

    def start(method: str, *, delay_s: float = 0.0) -> int:
        key = paramiko.ECDSAKey.generate()
        serve = password_server(key, method=method, password="right", delay_s=delay_s)
        listener = ground.stack.enter_context(Listener(serve))
        ground.know(f"[127.0.0.1]:{listener.port} {key.get_name()} {key.get_base64()}")
        return listener.port

    return start


@pytest.mark.parametrize("method", ["password", "keyboard-interactive"])
def test_a_password_logs_in(ground: Ground, asks: Callable[..., int], method: str) -> None:
    reference = ground.secret("PASSWORD", "right")
    assert ground.remote(asks(method), password=reference).run(["hello"]).text == "hello"


@pytest.mark.parametrize("method", ["password", "keyboard-interactive"])
def test_a_wrong_password_is_refused_without_showing_it(
    ground: Ground, asks: Callable[..., int], method: str
) -> None:
    reference = ground.secret("PASSWORD", "gue55ed")
    with pytest.raises(RemoteError, match=f"it takes {method}; tried: {method}: refused") as caught:
        ground.remote(asks(method), password=reference).run(["true"])
    assert "gue55ed" not in str(caught.value)


def test_without_a_password_the_refusal_says_that_nothing_was_tried(
    ground: Ground, asks: Callable[..., int]
) -> None:
    with pytest.raises(RemoteError, match=r"it takes password; tried: nothing\n  -> .*ssh\.password"):
        ground.remote(asks("password")).run(["true"])


def test_a_server_that_thinks_too_long_ends_the_login_within_its_limit(
    ground: Ground, asks: Callable[..., int]
) -> None:
    reference = ground.secret("PASSWORD", "right")
    with pytest.raises(RemoteError, match=r"SSH authentication as .* did not end within 2 s at: password"):
        ground.remote(asks("password", delay_s=4.0), password=reference).run(["true"])


def test_a_password_is_not_asked_for_where_the_key_is_enough(ground: Ground) -> None:
    sshd = ground.sshd()
    ground.remote(sshd, password=ground.secret("PASSWORD", "never")).run(["true"])
    assert ground.revealed == []
    assert logins(sshd) == 1
