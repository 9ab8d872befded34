"""Host key and configuration of one sshd.

It needs no root: then it serves the invoking user only. It reads nothing below /etc/ssh and
nothing below ~/.ssh.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tasks.lab.accounts import login_user, password_is_locked
from tasks.lab.keys import make_ssh_key, write_private
from tasks.lab.sshd_files import SshdFiles, sshd_program

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PRIVSEP_DIR = Path("/run/sshd")


def write_sshd(
    directory: Path,
    address: str,
    port: int,
    *,
    authorized_keys: Sequence[str] = (),
    forwarding: bool = True,
    password: bool = False,
    max_sessions: int = 50,
    extra_config: Sequence[str] = (),
    search_first: Path | None = None,
) -> SshdFiles:
    """Write host key (kept if it is there), config and authorized keys.

    Args:
        authorized_keys: Public key lines that may log in as the invoking user.
        password: Whether passwords are tried too; without root sshd cannot check any.
        extra_config: Lines before ours: in sshd_config the first value wins.
        search_first: A directory before those where sessions look for commands.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = SshdFiles(directory, address, port)
    if not (directory / "host_ed25519.pub").exists():
        (directory / "host_ed25519.pub").write_text(make_ssh_key(directory / "host_ed25519") + "\n")
    write_private(directory / "authorized_keys", "".join(f"{line}\n" for line in authorized_keys).encode())
    _prepare_machine()
    options = {
        "AllowTcpForwarding": _yes(forwarding),
        "PasswordAuthentication": _yes(password),
        "MaxSessions": str(max_sessions),
        "SetEnv": _environment(search_first),
    }
    write_private(files.config, _config(files, options, extra_config).encode())
    return files


def _config(files: SshdFiles, options: dict[str, str], extra_config: Sequence[str]) -> str:
    fixed = {
        "Port": str(files.port),
        "ListenAddress": files.address,
        "HostKey": f'"{files.directory}/host_ed25519"',
        "PidFile": f'"{files.pid_file}"',
        "AuthorizedKeysFile": f'"{files.directory}/authorized_keys"',
        "StrictModes": "no",  # a lab may lie below /tmp
        "UsePAM": _yes(_needs_pam()),
        "KbdInteractiveAuthentication": "no",
        "PermitRootLogin": "yes",
        "AllowUsers": login_user(),
        "MaxStartups": "200",
        "LoginGraceTime": "20",
        "UseDNS": "no",
        "PrintMotd": "no",
        "PrintLastLog": "no",
        "LogLevel": "VERBOSE",
    }
    if _has_penalties():
        fixed["PerSourcePenalties"] = "no"  # tests log in wrongly on purpose
    if any(line.startswith("MaxStartups ") for line in extra_config):
        del fixed["MaxStartups"]  # of the others the first counts, of this one the last
    ours = (f"{key} {value}" for key, value in {**options, **fixed}.items())
    return "\n".join([*extra_config, *ours]) + "\n"


def _environment(search_first: Path | None) -> str:
    """Of each session. With SHLVL unset, bash under sshd reads ~/.bashrc: not the lab's business."""
    return "SHLVL=1" if search_first is None else f'SHLVL=1 "PATH={search_first}:{_PATH}"'


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _prepare_machine() -> None:
    if os.geteuid() == 0:
        _PRIVSEP_DIR.mkdir(mode=0o755, exist_ok=True)  # sshd run by root insists on it


def _needs_pam() -> bool:
    """Without PAM, sshd run by root refuses an account whose password is locked."""
    return os.geteuid() == 0 and password_is_locked()


@cache
def _has_penalties() -> bool:
    """Whether this sshd knows PerSourcePenalties (OpenSSH 9.8), without which tests would be locked out."""
    argv = (str(sshd_program()), "-G", "-f", "/dev/null", "-o", "PerSourcePenalties=no")
    tried = subprocess.run(argv, capture_output=True, check=False, timeout=10)
    return tried.returncode == 0
