"""A reference becomes its secret, once; what goes wrong is told without it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tasks.core.errors import UsageError
from tasks.core.model import (
    CommandSecret,
    EnvSecret,
    FileSecret,
    KeyringSecret,
    PromptSecret,
    SecretRef,
)
from tasks.effects.secrets import Secrets, ask_keyring

SECRET = "hunter2 ü"
ROOT = Path(__file__).parents[2]


def never(*_: str) -> str:
    raise AssertionError("must not be asked")


def secrets(*, environ: dict[str, str] | None = None, limit_s: float = 20.0) -> Secrets:
    return Secrets(prompt=never, keyring=never, environ=environ or {}, limit_s=limit_s)


def revealed(ref: SecretRef, source: Secrets | None = None) -> str:
    return (source or secrets()).resolve(ref).get_secret_value()


def script(code: str) -> CommandSecret:
    return CommandSecret((sys.executable, "-c", code))


def private(path: Path, content: bytes) -> FileSecret:
    path.touch(mode=0o600)
    path.write_bytes(content)
    return FileSecret(path)


def test_a_variable_gives_its_value() -> None:
    assert revealed(EnvSecret("P"), secrets(environ={"P": SECRET})) == SECRET


def test_a_variable_that_is_not_set_is_told_how_to_set_it() -> None:
    with pytest.raises(UsageError, match=r"variable P, wanted for a secret, is not set\n.*read -rs P"):
        secrets(environ={"Q": SECRET}).resolve(EnvSecret("P"))


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_file_gives_its_one_line_without_the_newline(tmp_path: Path, end: str) -> None:
    assert revealed(private(tmp_path / "s", (SECRET + end).encode())) == SECRET


def test_blanks_belong_to_the_secret(tmp_path: Path) -> None:
    assert revealed(private(tmp_path / "s", b" x \n")) == " x "


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o666])
def test_a_file_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    ref = private(tmp_path / "s", b"x")
    ref.path.chmod(mode)
    with pytest.raises(UsageError, match=rf"mode {mode:04o}: others can use it, wanted 0600\n.*chmod 600"):
        secrets().resolve(ref)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_of_its_owner_alone_is_read(tmp_path: Path, mode: int) -> None:
    ref = private(tmp_path / "s", b"x")
    ref.path.chmod(mode)
    assert revealed(ref) == "x"


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot be read: No such file or directory\n.*mode 0600"):
        secrets().resolve(FileSecret(tmp_path / "none"))


def test_a_pipe_is_refused_and_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(UsageError, match="is no regular file"):
        secrets().resolve(FileSecret(tmp_path / "pipe"))


def test_a_program_gives_what_it_prints_and_no_shell_reads_its_arguments() -> None:
    ref = CommandSecret((sys.executable, "-c", "import sys; print(sys.argv[1])", "$HOME; x"))
    assert revealed(ref) == "$HOME; x"


FAILING = [
    (f"print({SECRET!r}); raise SystemExit(3)", "ended with exit status 3"),
    (f"import sys; sys.stderr.write({SECRET!r}); sys.exit(1)", "ended with exit status 1"),
    (f"print({SECRET!r}); print(2)", "gives more than one line"),
    ("print()", "gives an empty secret"),
    (
        f"import sys; sys.stdout.buffer.write({SECRET.encode('latin-1')!r})",
        "gives a secret that is not UTF-8",
    ),
    (f"import time; print({SECRET!r}, flush=True); time.sleep(60)", "did not end within 1 s"),
]


@pytest.mark.parametrize(("code", "expected"), FAILING, ids=[expected for _, expected in FAILING])
def test_a_program_that_fails_is_told_without_anything_it_wrote_or_was_given(
    code: str, expected: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError, match=expected) as caught:
        secrets(limit_s=1.0).resolve(script(code))
    told = "".join(traceback.TracebackException.from_exception(caught.value).format())
    assert "hunter2" not in told + repr(caught.value.__context__) + repr(caught.value.__cause__)
    assert "hunter2" not in "".join(capfd.readouterr())


@pytest.mark.parametrize("argv", [("/no/such/program",), ("a\0b",)])
def test_a_program_that_cannot_be_run_is_told(argv: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="wanted for a secret, cannot be run: "):
        secrets().resolve(CommandSecret(argv))


def test_the_keyring_is_asked_for_service_and_user() -> None:
    asked: list[tuple[str, str]] = []

    def keyring(service: str, user: str) -> str:
        asked.append((service, user))
        return SECRET

    source = Secrets(prompt=never, keyring=keyring, environ={})
    assert revealed(KeyringSecret("amlen", "ops"), source) == SECRET
    assert asked == [("amlen", "ops")]


def test_a_keyring_without_that_password_is_told() -> None:
    source = Secrets(prompt=never, keyring=lambda *_: None, environ={})
    with pytest.raises(UsageError, match=r"no password for amlen/ops\n.*keyring set amlen ops"):
        source.resolve(KeyringSecret("amlen", "ops"))


def test_a_keyring_package_that_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(UsageError, match=r"`keyring` is not installed\n.*pip install keyring; or use \{env"):
        ask_keyring("amlen", "ops")


def test_a_keyring_that_fails_is_told_and_one_that_works_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "keyring"
    package.mkdir()
    (package / "errors.py").write_text("class KeyringError(Exception): pass\n")
    (package / "__init__.py").write_text(
        "from keyring.errors import KeyringError\n"
        "def get_password(service, user):\n"
        "    if service == 'broken': raise KeyringError('hunter2')\n"
        "    return service + user\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("keyring", "keyring.errors"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert ask_keyring("amlen", "ops") == "amlenops"
    with pytest.raises(UsageError, match="cannot be asked for broken/ops") as caught:
        ask_keyring("broken", "ops")
    assert caught.value.__context__ is None
    for name in ("keyring", "keyring.errors"):
        monkeypatch.delitem(sys.modules, name)


def prompting(answers: list[str]) -> tuple[Secrets, list[str]]:
    asked: list[str] = []

    def ask(label: str) -> str:
        asked.append(label)
        return answers[len(asked) - 1]

    return Secrets(prompt=ask, keyring=never, environ={}), asked


def test_the_operator_is_asked_once_per_question() -> None:
    source, asked = prompting(["one", "two"])
    answers = [revealed(PromptSecret(label), source) for label in ("a", "a", "b", "a")]
    assert (answers, asked) == (["one", "one", "two", "one"], ["a", "b"])


def test_an_empty_answer_is_refused_and_asked_again() -> None:
    source, asked = prompting(["", "one"])
    with pytest.raises(UsageError, match="the answer to a gives an empty secret"):
        source.resolve(PromptSecret("a"))
    assert (revealed(PromptSecret("a"), source), asked) == ("one", ["a", "a"])


def test_many_nodes_at_once_ask_only_once() -> None:
    asked: list[str] = []
    gate = threading.Barrier(4)

    def ask(label: str) -> str:
        asked.append(label)
        return SECRET

    source = Secrets(prompt=ask, keyring=never, environ={})

    def task(_: int) -> str:
        gate.wait(10)
        return revealed(PromptSecret("a"), source)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(task, range(4))) == [SECRET] * 4
    assert asked == ["a"]


def test_without_a_terminal_the_operator_cannot_be_asked() -> None:
    code = "from tasks.effects.secrets import ask_on_terminal; ask_on_terminal('x')"
    done = subprocess.run(
        [sys.executable, "-c", code], start_new_session=True, stdin=subprocess.DEVNULL, cwd=ROOT,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "UsageError: no terminal to ask for x\n  -> run it in a terminal, or " in done.stderr


def test_nothing_that_holds_a_secret_shows_it() -> None:
    source = secrets(environ={"P": SECRET})
    secret = source.resolve(EnvSecret("P"))
    assert "hunter2" not in repr(source) + str(source) + repr(secret) + str(secret) + f"{secret}"
    assert secret.get_secret_value() == SECRET
