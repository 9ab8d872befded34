"""The agent is asked for a signature and lent to nobody; what a node is, known_hosts says, hashed names too."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tasks.effects.ssh import Connections
from tasks.lab.accounts import login_user
from tests.effects.ssh.ground import Ground

SHOW = "echo ${SSH_AUTH_SOCK:-none}"


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    with ExitStack() as stack:
        yield Ground(tmp_path, stack)


@pytest.fixture
def agent(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    if not (shutil.which("ssh-agent") and shutil.which("ssh-add")):
        pytest.skip("ssh-agent is not installed (package openssh-client)")
    path = ground.directory / "agent"
    with subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.DEVNULL) as process:
        try:
            _await_listening(path, process)
            monkeypatch.setenv("SSH_AUTH_SOCK", str(path))
            subprocess.run(["ssh-add", "-q", str(ground.key)], check=True)
            yield path
        finally:
            process.kill()


def _await_listening(path: Path, process: subprocess.Popen[bytes]) -> None:
    """The socket is there a moment before somebody listens at it."""
    while process.poll() is None:
        with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
            probe.connect(str(path))
            return
        time.sleep(0.01)
    raise AssertionError(f"ssh-agent ended with {process.returncode}")


def test_the_agent_is_not_lent_to_a_node_even_where_the_ssh_configuration_says_so(
    ground: Ground, agent: Path
) -> None:
    sshd = ground.sshd()
    ground.config.write_text("Host *\n  ForwardAgent yes\n")
    remote = ground.remote(sshd, key_file=Path("/absent"), agent=True)
    assert remote.run(("sh", "-c", SHOW)).text == "none\n"
    options = (f"UserKnownHostsFile={ground.known_hosts}", f"IdentityAgent={agent}", "BatchMode=yes")
    words = [word for option in options for word in ("-o", option)]
    argv = (
        "ssh",
        "-F",
        str(ground.config),
        *words,
        "-p",
        str(sshd.files.port),
        f"{login_user()}@127.0.0.1",
        SHOW,
    )
    lent = subprocess.run(argv, env=dict(os.environ), capture_output=True, text=True, check=True)
    assert lent.stdout.startswith("/")


def test_a_node_is_known_by_a_hashed_name_alone(ground: Ground) -> None:
    sshd = ground.sshd()
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(ground.known_hosts)], check=True, capture_output=True)
    assert "127.0.0.1" not in ground.known_hosts.read_text()
    with Connections(secrets=ground.reveal) as fresh:
        assert fresh.remote(ground.node(sshd)).run(("echo", "in")).text == "in\n"
