"""The sshds of the lab: real logins, verified host keys, the bastion, the service manager."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.core.errors import UsageError
from tasks.lab.accounts import login_user
from tasks.lab.addresses import claim_block
from tasks.lab.health import status
from tasks.lab.keys import make_ssh_key
from tasks.lab.layout import Lab, Topology
from tasks.lab.lifecycle import down
from tasks.lab.processes import descendants, started_ticks
from tasks.lab.sshd import Sshd, start_sshd
from tests.lab.stub_lab import eventually, kill, nothing_left, ssh, ssh_argv, stub_lab


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    topology = Topology(members=1, pairs=0, bastion=True)
    with stub_lab(tmp_path_factory.mktemp("sshd"), topology) as made:
        yield made


def test_the_written_known_hosts_and_key_let_the_user_in(lab: Lab) -> None:
    done = ssh(lab, lab.nodes[0].address, "id", "-un")
    assert (done.returncode, done.stdout.strip()) == (0, login_user()), done.stderr


def test_another_host_key_is_refused(lab: Lab, tmp_path: Path) -> None:
    other = make_ssh_key(tmp_path / "other")
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(f"[{lab.nodes[0].address}]:{lab.ports.ssh} {other}\n")
    done = ssh(lab, lab.nodes[0].address, "true", known_hosts=known_hosts)
    assert done.returncode == 255
    assert "HOST IDENTIFICATION HAS CHANGED" in done.stderr


def test_another_user_key_is_refused(lab: Lab, tmp_path: Path) -> None:
    make_ssh_key(tmp_path / "other")
    argv = [*ssh_argv(lab, lab.nodes[0].address), "true"]
    argv[argv.index("-i") + 1] = str(tmp_path / "other")
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 255
    assert "Permission denied (publickey)" in done.stderr


def test_the_bastion_leads_to_the_node(lab: Lab) -> None:
    hop = " ".join(ssh_argv(lab, lab.bastion_address, "-W", "%h:%p"))
    argv = (*ssh_argv(lab, lab.nodes[0].address, "-o", f"ProxyCommand={hop}"), "echo arrived")
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout == "arrived\n", done.stderr
    assert "Accepted publickey" in (lab.bastion_dir / "sshd.log").read_text()


def test_the_start_command_brings_a_killed_gateway_back_below_the_warden(tmp_path: Path) -> None:
    with stub_lab(tmp_path) as lab:
        node = lab.nodes[0]
        kill(status(lab.directory).nodes[0].gateway_pid)
        assert eventually(lambda: not status(lab.directory).nodes[0].gateway_alive)
        done = ssh(lab, node.address, str(node.start))
        assert done.returncode == 0, done.stderr
        assert eventually(lambda: status(lab.directory).nodes[0].gateway_alive)
        seen = status(lab.directory)
        assert seen.warden_pid is not None
        assert eventually(lambda: seen.nodes[0].gateway_pid in descendants(seen.warden_pid or 0))
        kill(seen.warden_pid)
        assert eventually(lambda: started_ticks(seen.nodes[0].gateway_pid or 0) is None)


def test_the_start_command_of_a_lab_that_is_down_says_so(tmp_path: Path) -> None:
    with stub_lab(tmp_path) as lab:
        kill(status(lab.directory).warden_pid)
        assert eventually(lambda: not status(lab.directory).pids)
        done = subprocess.run(
            [str(lab.nodes[0].start)], capture_output=True, text=True, check=False, timeout=30
        )
        assert done.returncode == 1
        assert "the lab is down" in done.stderr
        down(lab.directory)
    assert nothing_left(lab)


@pytest.mark.parametrize(
    ("forwarding", "answer"), [(True, b"hello"), (False, b"")], ids=["allowed", "forbidden"]
)
def test_forwarding_is_as_the_sshd_was_told(tmp_path: Path, forwarding: bool, answer: bytes) -> None:
    public = make_ssh_key(tmp_path / "key")
    with claim_block() as claim, socket.create_server((f"{claim.block}.3", 9000)) as server:
        with _sshd(tmp_path, claim.block, public, forwarding=forwarding) as sshd:
            argv = (*_client(sshd, tmp_path), "-W", f"{claim.block}.3:9000", sshd.files.address)
            with subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            ) as client:
                server.settimeout(5 if forwarding else 0.5)
                if forwarding:
                    peer, _ = server.accept()
                    peer.sendall(b"hello")
                    peer.close()
                seen, _ = client.communicate(timeout=30)
        assert seen == answer
        assert not sshd.files.answers()


def test_an_sshd_that_cannot_start_says_why(tmp_path: Path) -> None:
    with claim_block() as claim, pytest.raises(UsageError, match=r"sshd did not start .*NoSuchOption"):
        start_sshd(tmp_path / "sshd", f"{claim.block}.10", 2222, extra_config=("NoSuchOption yes",))


def _sshd(place: Path, block: str, public: str, *, forwarding: bool) -> Sshd:
    return start_sshd(place / "sshd", f"{block}.10", 2222, authorized_keys=(public,), forwarding=forwarding)


def _client(sshd: Sshd, place: Path) -> tuple[str, ...]:
    (place / "known_hosts").write_text(sshd.known_hosts_line + "\n")
    said = (
        f"UserKnownHostsFile={place}/known_hosts",
        "StrictHostKeyChecking=yes",
        "BatchMode=yes",
        "Port=2222",
    )
    return ("ssh", "-F", "/dev/null", "-i", str(place / "key"), *(w for one in said for w in ("-o", one)))
