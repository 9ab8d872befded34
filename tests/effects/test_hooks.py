"""A command that gets an event: fed, bounded, silent, and without our secrets."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Thread

import pytest

from tasks.effects.hooks import Hook, environment

LINE = '{"event": "start"}'
LIMIT_S = 20.0


def shell(script: str) -> tuple[str, ...]:
    return ("sh", "-c", script)


@pytest.fixture
def hook(tmp_path: Path) -> Hook:
    return Hook(tmp_path, limit_s=LIMIT_S)


def test_it_gets_the_line_on_its_standard_input_in_the_folder(hook: Hook, tmp_path: Path) -> None:
    assert hook.run(shell("cat > got; pwd >> got"), LINE) == ""
    assert (tmp_path / "got").read_text().splitlines() == [LINE, str(tmp_path.resolve())]


@pytest.mark.parametrize(
    ("argv", "problem"),
    [
        pytest.param(shell("exit 1"), "sh ended with exit code 1", id="fails"),
        pytest.param(shell("kill -9 $$"), "sh ended by signal 9", id="is killed"),
        pytest.param(
            ("./absent", "s3cret"), "./absent cannot be run: No such file or directory", id="absent"
        ),
        pytest.param(("/etc/passwd",), "/etc/passwd cannot be run: Permission denied", id="is no program"),
        pytest.param(shell("exec <&-; exit 0"), "", id="closes its input"),
        pytest.param(shell("head -c 10000000 /dev/zero; head -c 10000000 /dev/zero >&2"), "", id="floods"),
    ],
)
def test_what_goes_wrong_is_said_without_the_arguments(
    hook: Hook, argv: tuple[str, ...], problem: str
) -> None:
    assert hook.run(argv, LINE * 10_000) == problem


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return (Path(f"/proc/{pid}/stat")).read_text().rpartition(")")[2].split()[0] != "Z"


def eventually_gone(pid: int) -> bool:
    deadline = time.monotonic() + LIMIT_S
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not alive(pid)


def test_one_that_hangs_is_killed_with_what_it_has_started(tmp_path: Path) -> None:
    script = "sleep 1000 & echo $! > child.part; mv child.part child; wait"
    problem = Hook(tmp_path, limit_s=0.3).run(shell(script), LINE)
    assert problem == "sh was not done within 0.3 s, and was killed"
    assert eventually_gone(int((tmp_path / "child").read_text()))


def test_it_can_be_ended_from_another_thread_and_then_runs_nothing(hook: Hook, tmp_path: Path) -> None:
    said: list[str] = []
    running = Thread(target=lambda: said.append(hook.run(shell("touch here; sleep 1000"), LINE)))
    running.start()
    deadline = time.monotonic() + LIMIT_S
    while not (tmp_path / "here").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    hook.end()
    running.join(LIMIT_S)
    assert said == [""]
    assert hook.run(shell("touch again"), LINE) == ""
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize(
    ("environ", "kept"),
    [
        ({"PATH": "/bin", "IMA_PASSWORD": "s3cret", "SSH_AUTH_SOCK": "/x"}, {"PATH": "/bin"}),
        ({"HOME": "/root", "LANG": "C", "https_proxy": "http://u:p@x"}, {"HOME": "/root", "LANG": "C"}),
    ],
)
def test_it_is_given_what_it_needs_and_none_of_our_secrets(
    environ: Mapping[str, str], kept: dict[str, str]
) -> None:
    assert environment(environ) == kept


def test_the_process_has_no_more_than_that(
    hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMA_PASSWORD", "s3cret")
    assert hook.run(shell("env > env"), LINE) == ""
    assert "s3cret" not in (tmp_path / "env").read_text()
