"""Whose processes a lab runs: the invoking user's, and for root's gateways an unprivileged one."""

from __future__ import annotations

import os
import pwd
from contextlib import suppress
from pathlib import Path

from tasks.core.errors import UsageError

_NOBODY = 65534


def service_account() -> tuple[int, int] | None:
    """uid and gid that root's gateways drop to, else owners and modes mean nothing; None without root."""
    if os.geteuid() != 0:
        return None
    try:
        account = pwd.getpwnam("nobody")
    except KeyError:
        return _NOBODY, _NOBODY
    return account.pw_uid, account.pw_gid


def is_traversable(directory: Path) -> bool:
    """Whether everybody may pass through this directory and all above it."""
    return all(place.stat().st_mode & 0o001 for place in (directory, *directory.parents))


def password_is_locked() -> bool:
    """Whether the invoking user's password is locked ("!"); False where we may not know."""
    with suppress(OSError):
        for line in Path("/etc/shadow").read_text().splitlines():
            name, _, rest = line.partition(":")
            if name == login_user():
                return rest.startswith("!")
    return False


def login_user() -> str:
    """The user that the lab's sshds serve: the invoking one.

    Raises:
        UsageError: It has no account, or a login shell that runs no commands.
    """
    try:
        account = pwd.getpwuid(os.getuid())
    except KeyError as error:
        raise UsageError(
            f"uid {os.getuid()} has no account on this machine: sshd cannot log it in",
            remedy="run the lab as a user that /etc/passwd knows",
        ) from error
    if Path(account.pw_shell).name in ("nologin", "false", "sync"):
        raise UsageError(
            f"the login shell of {account.pw_name} is {account.pw_shell}: sshd cannot run commands for it",
            remedy="run the lab as a user with a real shell",
        )
    return account.pw_name
