"""Authentication: keys, agent, password; what was tried is told, secrets are not."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path

import paramiko
from paramiko.pkey import PublicBlob

from tasks.core.errors import RemoteError
from tasks.core.model import SecretRef
from tasks.core.secret import SecretStr
from tasks.effects.ssh.agent import AgentHangs, ask_agent
from tasks.effects.ssh.settings import Target
from tasks.effects.ssh.transport import Transport

Secrets = Callable[[SecretRef], SecretStr]
_KEY_CLASSES: tuple[type[paramiko.PKey], ...] = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)


_QUESTIONS = 2  # of the first attempt: whether there is authentication, and who may come without


def log_in(transport: Transport, target: Target, *, secrets: Secrets) -> float:
    """Try what the server takes: key files, agent, password; in this order until it is content.

    Returns:
        Seconds of a round trip, by the first attempt: it takes the server nearly no time.

    Raises:
        RemoteError: Refused, not answered within the target's limit, or nothing to try.
    """
    transport.auth_timeout = target.connect_s
    login = _Login(transport, target, secrets)
    began, round_trip_s = time.monotonic(), None
    with closing(login.attempts()) as attempts:
        for label, attempt in attempts:
            login.perform(label, attempt)
            if round_trip_s is None:
                round_trip_s = (time.monotonic() - began) / _QUESTIONS
            if transport.is_authenticated():
                return round_trip_s
    raise login.refused()


class _Login:
    """One login under way: what the server still takes, and what was tried."""

    def __init__(self, transport: Transport, target: Target, secrets: Secrets) -> None:
        self._transport = transport
        self._target = target
        self._secrets = secrets
        self._tried: list[str] = []
        self._taken: tuple[str, ...] = ()

    def perform(self, label: str, attempt: Callable[[], list[str]]) -> None:
        try:
            remaining = attempt()
        except paramiko.BadAuthenticationType as error:
            self._taken = tuple(error.allowed_types)
            self._note(label, "not taken")
        except (paramiko.SSHException, EOFError, OSError) as error:
            if str(error) == "Authentication timeout.":
                raise self._failed(f"did not end within {self._target.connect_s:g} s at: {label}") from error
            if not self._transport.is_active():
                self._note(label, "connection closed by the server")
                raise self._failed(f"broke off; tried: {'; '.join(self._tried) or 'nothing yet'}") from error
            self._note(label, "refused")
        else:
            self._taken = tuple(remaining) or self._taken
            self._note(label, "accepted, but more is wanted")

    def _note(self, label: str, outcome: str) -> None:
        if label != "none":
            self._tried.append(f"{label}: {outcome}")

    def attempts(self) -> Generator[tuple[str, Callable[[], list[str]]], None, None]:
        """Lazily, so that no secret is asked for before it is needed."""
        user = self._target.user
        yield "none", lambda: self._transport.auth_none(user)
        if "publickey" in self._taken:
            yield from self._keys()
        if self._target.password and {"password", "keyboard-interactive"} & set(self._taken):
            yield from self._passwords(self._secrets(self._target.password))

    def _keys(self) -> Iterator[tuple[str, Callable[[], list[str]]]]:
        mine: list[bytes] = []
        for path in self._target.key_files:
            if key := self._load(path):
                mine.append(key.asbytes())
                yield f"key {path}", self._by_key(key)
        if not self._target.agent:
            return
        agent = self._agent()
        try:
            for held in agent.get_keys() if agent else ():
                wanted = held.asbytes() in self._public_halves() or not self._target.identities_only
                if wanted and held.asbytes() not in mine:
                    yield f"agent's key {held.get_name()} {held.fingerprint}", self._by_key(held)
        finally:
            if agent:
                agent.close()

    def _agent(self) -> paramiko.Agent | None:
        try:
            return ask_agent(limit_s=self._target.connect_s)
        except AgentHangs as silent:
            self._tried.append(str(silent))
            return None

    def _by_key(self, key: paramiko.PKey) -> Callable[[], list[str]]:
        return lambda: self._transport.auth_publickey(self._target.user, key)

    def _public_halves(self) -> tuple[bytes, ...]:
        """The keys that `IdentitiesOnly` lets the agent use: those with a .pub beside a key file."""
        files = (path.with_name(path.name + ".pub") for path in self._target.key_files)
        return tuple(PublicBlob.from_file(str(file)).key_blob for file in files if file.is_file())

    def _passwords(self, password: SecretStr) -> Iterator[tuple[str, Callable[[], list[str]]]]:
        user, value = self._target.user, password.get_secret_value()
        if "password" in self._taken:
            yield "password", lambda: self._transport.auth_password(user, value, fallback=False)
        if "keyboard-interactive" in self._taken:
            answer = _Answer(value)
            yield "keyboard-interactive", lambda: self._transport.auth_interactive(user, answer)

    def _load(self, path: Path) -> paramiko.PKey | None:
        """The private key, or None with a note why it cannot be used."""
        try:
            return _load_key(path, None)
        except paramiko.PasswordRequiredException:
            pass
        except (OSError, ValueError, paramiko.SSHException) as error:
            reason = "does not exist" if isinstance(error, FileNotFoundError) else "cannot be read"
            self._tried.append(f"key {path}: {reason}")
            return None
        if not self._target.passphrase:
            self._tried.append(f"key {path}: encrypted, and the inventory names no ssh.passphrase")
            return None
        try:
            return _load_key(path, self._secrets(self._target.passphrase).get_secret_value())
        except (OSError, ValueError, paramiko.SSHException):
            self._tried.append(f"key {path}: the passphrase does not open it")
            return None

    def refused(self) -> RemoteError:
        takes = ", ".join(self._taken) or "nothing"
        return self._failed(f"refused; it takes {takes}; tried: {'; '.join(self._tried) or 'nothing'}")

    def _failed(self, what: str) -> RemoteError:
        target = self._target
        return RemoteError(
            f"SSH authentication as {target} {what}",
            remedy=f"try {target.ssh_command}; then set ssh.user, ssh.key_file,"
            " ssh.passphrase or ssh.password in the inventory, or ssh-add the key",
        )


class _Answer:
    """Answers the password prompt of keyboard-interactive, once: a second question is another one."""

    def __init__(self, value: str) -> None:
        self._left = [value]

    def __call__(self, title: str, instructions: str, prompts: list[tuple[str, bool]]) -> list[str]:
        return [self._left.pop() if self._left and not echo else "" for _, echo in prompts]


def _load_key(path: Path, passphrase: str | None) -> paramiko.PKey:
    failure: Exception = ValueError("no key")
    for kind in _KEY_CLASSES:
        try:
            key = kind.from_private_key_file(str(path), passphrase)
        except paramiko.PasswordRequiredException:
            raise
        except (paramiko.SSHException, ValueError, TypeError) as error:
            failure = error
        else:
            certificate = path.with_name(path.name + "-cert.pub")
            if certificate.is_file():
                key.load_certificate(str(certificate))
            return key
    raise paramiko.SSHException("not a usable private key") from failure
