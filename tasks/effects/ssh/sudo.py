"""Commands by sudo, on one standard input with its password, so that neither can be taken for the other.

sudo is always told to forget its ticket (`-k`), so that it either never asks (NOPASSWD, `-n`) or
always does. The password goes in alone. What follows is sent only after a wrapper, run by sudo, has said
that it is there; the wrapper drops whatever it is sent before a marker line (a password that sudo
did not want after all), then becomes the command, whose input is the rest.
"""

from __future__ import annotations

import secrets
import shlex
import threading
from collections.abc import Sequence

from tasks.core.dataclass import dataclass
from tasks.core.errors import RemoteError
from tasks.core.model import Ssh
from tasks.core.secret import SecretStr
from tasks.effects.remote import Completed
from tasks.effects.ssh.link import Link
from tasks.effects.ssh.login import Secrets
from tasks.effects.ssh.streams import Streams

_WRAPPER = (
    r"""printf '%s\n' "$1"; printf '%s\n' "$1" >&2; """
    r"""while IFS= read -r line; do [ "$line" = "$1" ] && shift && exec "$@"; done; exit 125"""
)
_WITHOUT = ("sudo", "-k", "-n", "--")
_WITH = ("sudo", "-k", "-S", "-p", "", "--")


class _Refused(Exception):
    """sudo ended without running the wrapper; what it said."""


class Sudo:
    """Finds out once per connection whether sudo wants a password, and that it takes ours."""

    def __init__(self, link: Link, ssh: Ssh, *, reveal: Secrets) -> None:
        self._link = link
        self._reference = ssh.sudo_password or ssh.password
        self._reveal = reveal
        self._lock = threading.Lock()
        self._probed = 0  # the connection (Link.opened) that the next line was learnt on
        self._password: SecretStr | None = None

    def run(self, argv: Sequence[str], *, stdin: bytes, limit_s: float) -> Completed:
        """Run argv as root.

        Raises:
            RemoteError: sudo refuses, or what any command may meet.
        """
        try:
            return self._attempt(argv, self._needed(limit_s), stdin=stdin, limit_s=limit_s)
        except _Refused as refused:
            self._probed = 0
            raise RemoteError(
                f"sudo took the probe and then refused to run {argv[0]}: {refused}",
                remedy="sudo must allow sh for this user; on the node: sudo -l",
            ) from refused

    def _needed(self, limit_s: float) -> SecretStr | None:
        """The verified password, or None where sudo asks for none."""
        with self._lock:
            if not self._probed or self._probed != self._link.opened:
                self._password = self._probe(limit_s)
                self._probed = self._link.opened
            return self._password

    def _probe(self, limit_s: float) -> SecretStr | None:
        try:
            self._verify(None, limit_s=limit_s)
        except _Refused as refused:
            if not self._reference:
                raise self._refused(refused, "without a password; the inventory names none") from refused
        else:
            return None
        password = self._reveal(self._reference)
        try:
            self._verify(password, limit_s=limit_s)
        except _Refused as refused:
            raise self._refused(refused, "with the inventory's password") from refused
        return password

    def _refused(self, refused: _Refused, how: str) -> RemoteError:
        return RemoteError(
            f"sudo refused {how}, for {self._link.target}: {refused}",
            remedy="set ssh.sudo_password, or a NOPASSWD rule in sudoers; see on the node: sudo -l",
        )

    def _verify(self, password: SecretStr | None, *, limit_s: float) -> None:
        """Whether sudo starts the wrapper; it gets the password once and then the end of its input."""
        wrapped = _Wrapped.around(("true",), password)
        with self._link.command(wrapped.command, limit_s=limit_s) as streams:
            streams.feed(_line_of(password), last=True)
            wrapped.require_ready(streams)

    def _attempt(
        self, argv: Sequence[str], password: SecretStr | None, *, stdin: bytes, limit_s: float
    ) -> Completed:
        wrapped = _Wrapped.around(argv, password)
        with self._link.command(wrapped.command, limit_s=limit_s) as streams:
            streams.feed(_line_of(password), last=False)
            wrapped.require_ready(streams)
            streams.feed(wrapped.marker + stdin, last=True)
            done = streams.completed()
        return Completed(done.exit_status, wrapped.after(done.stdout), wrapped.after(done.stderr))


@dataclass(frozen=True, slots=True)
class _Wrapped:
    """One command inside the wrapper, with the line that says where its own streams begin."""

    marker: bytes
    command: str

    @classmethod
    def around(cls, argv: Sequence[str], password: SecretStr | None) -> _Wrapped:
        marker = f"ready-{secrets.token_hex(8)}"
        sudo = _WITH if password else _WITHOUT
        return cls(f"{marker}\n".encode(), shlex.join((*sudo, "sh", "-c", _WRAPPER, "sh", marker, *argv)))

    def require_ready(self, streams: Streams) -> None:
        """Raises _Refused if sudo ended before the wrapper spoke."""
        if not streams.until(lambda: self.marker in streams.stdout and self.marker in streams.stderr):
            said = streams.completed().error_text.splitlines()
            raise _Refused(said[-1] if said else "it said nothing")

    def after(self, output: bytes) -> bytes:
        return output.partition(self.marker)[2]


def _line_of(password: SecretStr | None) -> bytes:
    value = password.get_secret_value() if password else ""
    if "\n" in value:
        raise RemoteError(
            "the sudo password has a line break in it", remedy="correct the source of ssh.sudo_password"
        )
    return f"{value}\n".encode() if password else b""
