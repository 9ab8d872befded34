"""From a reference in the inventory to the secret itself, once per run, in memory only.

No message here shows a secret, nor what a program or file said that may hold one.
"""

from __future__ import annotations

import getpass
import importlib
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import assert_never

from tasks.core.errors import UsageError
from tasks.core.model import CommandSecret, EnvSecret, FileSecret, KeyringSecret, PromptSecret, SecretRef
from tasks.core.secret import SecretStr

Prompt = Callable[[str], str]  # label -> what the operator typed
Keyring = Callable[[str, str], str | None]  # service, user -> password

_LARGEST_BYTES = 65536
_OTHER_FORMS = "{env: NAME}, {file: PATH} or {command: [PROGRAM, ARGUMENT]}"
_OTHERS_MAY_LOOK = stat.S_IRWXG | stat.S_IRWXO


def ask_on_terminal(label: str) -> str:
    """What the operator types, not echoed.

    Raises:
        UsageError: There is no terminal, or nothing was typed.
    """
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
        return getpass.getpass(f"{label}: ")
    except (OSError, EOFError) as error:
        raise UsageError(
            f"no terminal to ask for {label}",
            remedy=f"run it in a terminal, or let the inventory say {_OTHER_FORMS} instead of prompt",
        ) from error


def ask_keyring(service: str, user: str) -> str | None:
    """The password in the desktop's or system's keyring; None if it has none.

    Raises:
        UsageError: The package `keyring` is not installed, or its backend fails.
    """
    try:
        keyring = importlib.import_module("keyring")
        errors = importlib.import_module("keyring.errors")
    except ImportError as error:
        raise UsageError(
            "a secret is in a keyring, and the Python package `keyring` is not installed",
            remedy=f"{sys.executable} -m pip install keyring; or use {_OTHER_FORMS}",
        ) from error
    try:
        found: str | None = keyring.get_password(service, user)
    except errors.KeyringError:
        failed = True
    else:
        failed = False
    if failed:
        raise UsageError(f"the keyring cannot be asked for {service}/{user}", remedy="keyring diagnose")
    return found


class Secrets:
    """The secrets of one run: each is fetched when it is first needed, and once.

    Safe to use from several threads: an operator is asked one question at a time.

    Args:
        prompt: Asks the operator.
        keyring: Asks the keyring.
        environ: The environment of this run.
        limit_s: For a command that prints a secret.
        detached: Run such a command where it has no terminal to ask on.
    """

    def __init__(
        self,
        *,
        prompt: Prompt = ask_on_terminal,
        keyring: Keyring = ask_keyring,
        environ: Mapping[str, str] = os.environ,
        limit_s: float = 60.0,
        detached: bool = False,
    ) -> None:
        self._prompt = prompt
        self._keyring = keyring
        self._environ = environ
        self._limit_s = limit_s
        self._detached = detached
        self._known: dict[SecretRef, SecretStr] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Secrets({len(self._known)} known)"

    def resolve(self, ref: SecretRef) -> SecretStr:
        """The secret, without the one newline at its end.

        Raises:
            UsageError: It cannot be had, is empty, or has several lines.
        """
        with self._lock:
            if ref not in self._known:
                self._known[ref] = _one_line(self._fetch(ref), origin(ref))
            return self._known[ref]

    def _fetch(self, ref: SecretRef) -> str:
        match ref:
            case EnvSecret(variable):
                return self._from_environment(variable)
            case FileSecret(path):
                return _text(_from_file(path), origin(ref))
            case CommandSecret(argv):
                return _text(_from_command(argv, limit_s=self._limit_s, detached=self._detached), origin(ref))
            case KeyringSecret(service, user):
                return self._from_keyring(service, user)
            case PromptSecret(label):
                return self._prompt(label)
            case _:
                assert_never(ref)

    def _from_environment(self, variable: str) -> str:
        if variable not in self._environ:
            raise UsageError(
                f"the variable {variable}, wanted for a secret, is not set",
                remedy=f"read -rs {variable} && export {variable}, then repeat",
            )
        return self._environ[variable]

    def _from_keyring(self, service: str, user: str) -> str:
        found = self._keyring(service, user)
        if found is None:
            raise UsageError(
                f"the keyring has no password for {service}/{user}", remedy=f"keyring set {service} {user}"
            )
        return found


def origin(ref: SecretRef) -> str:
    """Where a secret comes from, for messages. Of a command the program only."""
    match ref:
        case EnvSecret(variable):
            return f"the variable {variable}"
        case FileSecret(path):
            return f"the file {path}"
        case CommandSecret(argv):
            return f"the program {argv[0]}"
        case KeyringSecret(service, user):
            return f"the keyring's {service}/{user}"
        case PromptSecret(label):
            return f"the answer to {label}"
        case _:
            assert_never(ref)


def _one_line(text: str, source: str) -> SecretStr:
    secret = text.removesuffix("\n").removesuffix("\r")
    if not secret:
        raise UsageError(f"{source} gives an empty secret", remedy="put the secret there, then repeat")
    if any(end in secret for end in "\n\r\0"):
        raise UsageError(f"{source} gives more than one line", remedy="let it give the secret alone")
    return SecretStr(secret)


def _text(content: bytes, source: str) -> str:
    text = content.decode("utf-8", "surrogateescape")
    if any("\udc80" <= character <= "\udcff" for character in text):
        raise UsageError(f"{source} gives a secret that is not UTF-8", remedy="store it as UTF-8 text")
    return text


def _from_file(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise UsageError(
            f"the secret file {path} cannot be read: {error.strerror}",
            remedy=f"ls -l {path}; write it with mode 0600, or correct its path in the inventory",
        ) from error
    with open(descriptor, "rb") as stream:
        _refuse_open_to_others(os.fstat(descriptor), path)
        return stream.read(_LARGEST_BYTES)


def _refuse_open_to_others(status: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise UsageError(f"the secret file {path} is no regular file", remedy="give the path of a file")
    mode = stat.S_IMODE(status.st_mode)
    if mode & _OTHERS_MAY_LOOK:
        raise UsageError(
            f"the secret file {path} has mode {mode:04o}: others can use it, wanted 0600",
            remedy=f"chmod 600 {path}; and change the secret if others may have read it",
        )


def _from_command(argv: tuple[str, ...], *, limit_s: float, detached: bool) -> bytes:
    reason = ""
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            timeout=limit_s, check=False, start_new_session=detached,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        reason = f"did not end within {limit_s:g} s"
    except (OSError, ValueError) as error:
        reason = f"cannot be run: {getattr(error, 'strerror', None) or 'not a command'}"
    else:
        if done.returncode == 0:
            return done.stdout
        reason = f"ended with exit status {done.returncode}"
    raise UsageError(
        f"the program {argv[0]}, wanted for a secret, {reason}",
        remedy="run it by hand with the arguments of the inventory; what it wrote is not shown here",
    )
