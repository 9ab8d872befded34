"""sudo: its password and a file's content share one input, and neither is ever taken for the other.

Most run against a stand-in that models what sudo does with tickets, `-k`, `-n`, `-S` and a wrong
password; those at the end against the real one, where this machine has it and lets us make a user.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks.core.errors import RemoteError
from tasks.core.model import Ssh
from tasks.effects.remote import Remote
from tasks.lab.sshd import Sshd
from tests.effects.ssh.ground import Ground, end_sessions

PASSWORD = "s3cret-of-ops"
CONTENT = b"first line\nsecond \x00 line\n"

STAND_IN = r"""#!/bin/sh
# Models sudo. STATE/mode: nopasswd | password | refuse. STATE/ticket: a cached ticket.
forget= never= input=
while [ $# -gt 0 ]; do
    case "$1" in
        -k) forget=yes ;;
        -n) never=yes ;;
        -S) input=yes ;;
        -p) shift ;;
        --) shift; break ;;
        *) break ;;
    esac
    shift
done
printf '%s\n' "$*" >> STATE/commands
mode=$(cat STATE/mode)
if [ "$mode" = refuse ]; then
    echo "ops is not in the sudoers file." >&2
    exit 1
fi
if [ "$mode" = password ] && { [ -n "$forget" ] || [ ! -e STATE/ticket ]; }; then
    if [ -n "$never" ] || [ -z "$input" ]; then
        echo "sudo: a password is required" >&2
        exit 1
    fi
    echo "We trust you have received the usual lecture." >&2
    for attempt in 1 2 3; do
        IFS= read -r given || { echo "sudo: no password was provided" >&2; exit 1; }
        printf '%s\n' "$given" >> STATE/given
        [ "$given" = "$(cat STATE/password)" ] && break
        echo "Sorry, try again." >&2
        [ $attempt = 3 ] && { echo "sudo: 3 incorrect password attempts" >&2; exit 1; }
    done
fi
exec "$@"
"""


class StandIn:
    """The stand-in's state; `given` is what it has taken as passwords."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.state = ground.directory / "sudo"
        self.state.mkdir()
        program = self.state / "bin" / "sudo"
        program.parent.mkdir()
        program.write_text(STAND_IN.replace("STATE", str(self.state)))
        program.chmod(0o755)
        (self.state / "password").write_text(PASSWORD)
        self.sshd: Sshd = ground.sshd(environment=f"PATH={program.parent}:{os.environ['PATH']}")

    def mode(self, mode: str) -> None:
        (self.state / "mode").write_text(mode)

    def remote(self, **ssh: Any) -> Remote:
        return self._ground.remote(self.sshd, **{"sudo": True, **ssh})

    @property
    def given(self) -> list[str]:
        file = self.state / "given"
        return file.read_text().splitlines() if file.exists() else []

    @property
    def commands(self) -> list[str]:
        file = self.state / "commands"
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def sudo(ground: Ground) -> StandIn:
    return StandIn(ground)


def write(remote: Remote, file: Path, content: bytes, *, limit_s: float = 10.0) -> bytes:
    """Write content on the node as root, and return what has arrived there."""
    done = remote.run(["tee", str(file)], stdin=content, privileged=True, limit_s=limit_s)
    assert (done.exit_status, done.stdout) == (0, content)
    assert done.stderr == b""
    return file.read_bytes()


def test_without_a_password_the_content_arrives_whole(ground: Ground, sudo: StandIn) -> None:
    sudo.mode("nopasswd")
    assert write(sudo.remote(), ground.directory / "file", CONTENT) == CONTENT
    assert sudo.given == []


def test_with_a_password_the_content_arrives_whole_and_only_the_password_was_taken(
    ground: Ground, sudo: StandIn
) -> None:
    sudo.mode("password")
    remote = sudo.remote(sudo_password=ground.secret("SUDO", PASSWORD))
    assert write(remote, ground.directory / "file", CONTENT) == CONTENT
    assert set(sudo.given) == {PASSWORD}


def test_with_a_cached_ticket_the_password_lands_in_no_file(ground: Ground, sudo: StandIn) -> None:
    sudo.mode("password")
    (sudo.state / "ticket").touch()
    remote = sudo.remote(sudo_password=ground.secret("SUDO", PASSWORD))
    assert write(remote, ground.directory / "file", CONTENT) == CONTENT


def test_a_password_that_is_suddenly_not_wanted_is_dropped_by_the_wrapper(
    ground: Ground, sudo: StandIn
) -> None:
    sudo.mode("password")
    remote = sudo.remote(sudo_password=ground.secret("SUDO", PASSWORD))
    remote.run(["true"], privileged=True)
    sudo.mode("nopasswd")
    assert write(remote, ground.directory / "file", CONTENT) == CONTENT


def test_content_is_never_taken_as_a_password_even_when_the_password_has_changed(
    ground: Ground, sudo: StandIn
) -> None:
    sudo.mode("password")
    remote = sudo.remote(sudo_password=ground.secret("SUDO", PASSWORD))
    remote.run(["true"], privileged=True)
    (sudo.state / "password").write_text("changed")
    with pytest.raises(RemoteError, match=r"did not end within 1 s; last on stderr: 'Sorry, try again\.'"):
        write(remote, ground.directory / "file", CONTENT, limit_s=1.0)
    assert set(sudo.given) == {PASSWORD}
    assert not (ground.directory / "file").exists()


def test_the_naive_way_would_have_written_the_password_into_the_file(ground: Ground, sudo: StandIn) -> None:
    """The negative control: the same stand-in, the password before the content, no wrapper."""
    sudo.mode("nopasswd")
    file = ground.directory / "file"
    stdin = f"{PASSWORD}\n".encode() + CONTENT
    sudo.remote().run(["sudo", "-S", "-p", "", "--", "tee", str(file)], stdin=stdin)
    assert PASSWORD.encode() in file.read_bytes()


def test_a_wrong_password_stops_at_its_probe(ground: Ground, sudo: StandIn) -> None:
    sudo.mode("password")
    remote = sudo.remote(sudo_password=ground.secret("SUDO", "gue55ed"))
    with pytest.raises(RemoteError, match=r"\[gw-a\] sudo refused with the inventory's password") as caught:
        write(remote, ground.directory / "file", CONTENT)
    assert sudo.given == ["gue55ed"]
    assert "gue55ed" not in str(caught.value)
    assert not (ground.directory / "file").exists()
    assert not any("tee" in command for command in sudo.commands)


def test_a_password_that_is_wanted_and_not_known_is_told(sudo: StandIn) -> None:
    sudo.mode("password")
    message = r"the inventory names none, .*a password is required\n  -> set ssh\.sudo_password"
    with pytest.raises(RemoteError, match=message):
        sudo.remote().run(["true"], privileged=True)


def test_the_login_password_is_tried_where_there_is_no_sudo_password(ground: Ground, sudo: StandIn) -> None:
    sudo.mode("password")
    remote = sudo.remote(password=ground.secret("LOGIN", PASSWORD))
    assert write(remote, ground.directory / "file", CONTENT) == CONTENT


def test_a_user_who_may_not_use_sudo_is_told_in_its_own_words(sudo: StandIn) -> None:
    sudo.mode("refuse")
    with pytest.raises(RemoteError, match=r"sudo refused .* not in the sudoers file"):
        sudo.remote().run(["true"], privileged=True)


def test_a_missing_sudo_is_told(ground: Ground) -> None:
    empty = ground.directory / "empty"
    empty.mkdir()
    sshd = ground.sshd(environment=f"PATH={empty}")
    with pytest.raises(RemoteError, match=r"sudo refused .* not found"):
        ground.remote(sshd, sudo=True).run(["true"], privileged=True)


def test_sudo_is_probed_once_per_connection(ground: Ground, sudo: StandIn) -> None:
    sudo.mode("password")
    remote = sudo.remote(sudo_password=ground.secret("SUDO", PASSWORD))
    for _ in range(3):
        remote.run(["true"], privileged=True)
    assert len(sudo.commands) == 2 + 3
    assert len(ground.revealed) == 1


def test_a_new_connection_probes_sudo_again(sudo: StandIn) -> None:
    sudo.mode("nopasswd")
    remote = sudo.remote()
    remote.run(["true"], privileged=True)
    end_sessions(sudo.sshd)
    remote.run(["true"], privileged=True)
    remote.run(["true"], privileged=True)
    assert len(sudo.commands) == 2 + 3


def test_sudo_is_used_only_where_asked_for_and_where_the_node_says_so(ground: Ground, sudo: StandIn) -> None:
    sudo.mode("refuse")
    assert sudo.remote().run(["echo", "plain"]).text == "plain\n"
    assert sudo.remote(sudo=False).run(["echo", "root"], privileged=True).text == "root\n"
    assert sudo.commands == []


def test_no_secret_is_in_an_argument_or_in_the_environment(ground: Ground, sudo: StandIn) -> None:
    sudo.mode("password")
    remote = sudo.remote(sudo_password=ground.secret("SUDO", PASSWORD))
    seen = remote.run(["sh", "-c", "env; cat /proc/*/cmdline 2>/dev/null | tr '\\0' ' '"], privileged=True)
    assert "PATH=" in seen.text
    assert "/proc/*/cmdline" in seen.text
    assert PASSWORD not in seen.text
    assert PASSWORD not in "".join(sudo.commands)


def test_the_exit_status_and_both_outputs_are_the_commands_own(ground: Ground, sudo: StandIn) -> None:
    sudo.mode("password")
    remote = sudo.remote(sudo_password=ground.secret("SUDO", PASSWORD))
    done = remote.run(["sh", "-c", "echo out; echo err >&2; exit 7"], privileged=True)
    assert (done.exit_status, done.stdout, done.stderr) == (7, b"out\n", b"err\n")


def test_large_content_goes_through_sudo(ground: Ground, sudo: StandIn) -> None:
    sudo.mode("password")
    content = os.urandom(5_000_000)
    remote = sudo.remote(sudo_password=ground.secret("SUDO", PASSWORD))
    assert write(remote, ground.directory / "file", content) == content


USER = f"amlen-test-{os.getpid()}"  # test processes run side by side
RULES = Path("/etc/sudoers.d") / USER


@pytest.fixture
def real(ground: Ground) -> Iterator[Ssh]:
    """A user of this machine with a password, who may use sudo; gone again at the test's end."""
    if os.geteuid() != 0:
        pytest.skip("needs root: makes a user and a sudoers rule")
    if missing := [name for name in ("sudo", "useradd", "userdel", "chpasswd") if not shutil.which(name)]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    ground.directory.chmod(0o755)
    subprocess.run(["useradd", "-M", "-d", "/", "-s", "/bin/sh", USER], check=True)
    try:
        subprocess.run(["chpasswd"], input=f"{USER}:{PASSWORD}", text=True, check=True)
        yield Ssh(user=USER, key_file=None, sudo=True, password=ground.secret("LOGIN", PASSWORD))
    finally:
        RULES.unlink(missing_ok=True)
        subprocess.run(["userdel", "--force", USER], check=True, capture_output=True)


def real_remote(ground: Ground, real: Ssh, *, rule: str, **ssh: Any) -> Remote:
    RULES.write_text(f"{USER} ALL=(ALL) {rule}\n")
    RULES.chmod(0o440)
    sshd = ground.sshd(extra_config=(f"AllowUsers {USER}", "PasswordAuthentication yes"))
    login: dict[str, Any] = {
        "user": USER,
        "key_file": Path("/absent"),
        "password": real.password,
        "sudo": True,
    }
    return ground.remote(sshd, **{**login, **ssh})


@pytest.mark.parametrize("rule", ["NOPASSWD: ALL", "ALL"])
def test_the_real_sudo_writes_the_content_whole(ground: Ground, real: Ssh, rule: str) -> None:
    remote = real_remote(ground, real, rule=rule)
    assert remote.run(["id", "-un"]).text == f"{USER}\n"
    assert remote.run(["id", "-un"], privileged=True).text == "root\n"
    file = ground.directory / "file"
    done = remote.run(["tee", str(file)], stdin=CONTENT * 100_000, privileged=True)
    assert done.stdout == CONTENT * 100_000
    assert file.read_bytes() == CONTENT * 100_000


def test_the_real_sudo_with_a_cached_ticket_writes_no_password(ground: Ground, real: Ssh) -> None:
    remote = real_remote(ground, real, rule="ALL")
    warm = shlex.join(["sudo", "-S", "-p", "", "-v"])
    assert remote.run(["sh", "-c", warm], stdin=f"{PASSWORD}\n".encode()).exit_status == 0
    remote.run(["tee", str(ground.directory / "file")], stdin=CONTENT, privileged=True)
    assert (ground.directory / "file").read_bytes() == CONTENT


def test_the_real_sudo_refuses_a_wrong_password(ground: Ground, real: Ssh) -> None:
    remote = real_remote(ground, real, rule="ALL", sudo_password=ground.secret("SUDO", "gue55ed"))
    with pytest.raises(
        RemoteError, match=r"sudo refused with the inventory's password, .*incorrect password"
    ):
        remote.run(["true"], privileged=True)


def test_the_real_sshd_refuses_a_wrong_login_password(ground: Ground, real: Ssh) -> None:
    remote = real_remote(ground, real, rule="ALL", password=ground.secret("WRONG", "gue55ed"))
    with pytest.raises(RemoteError, match="password: refused"):
        remote.run(["true"])
