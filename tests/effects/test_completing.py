"""Completion: what the program answers, and what real shells make of it."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tasks.core.completion_scripts import script
from tasks.core.errors import UsageError
from tasks.effects.completing import HOME, complete

INVENTORY = """
clusters:
  north:
    membrs: 1  # a fault
    members: {gw-a: {host: h}, gw-d: {pair: {gw-d1: {host: h}, gw-d2: {host: h}}}}
  south: {members: {gw-x: {host: h}}}
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with an inventory and two runs."""
    monkeypatch.setenv("AMLEN_INVENTORY", str(tmp_path / "inventory.yaml"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inventory.yaml").write_text(INVENTORY)
    for cluster, run in (("north", "20261128T1"), ("south", "20261129T1")):
        (tmp_path / "runs" / cluster / run).mkdir(parents=True)
        (tmp_path / "runs" / cluster / run / "plan.json").touch()
    (tmp_path / "runs" / "north" / "plans").mkdir()
    (tmp_path / "runs" / "north" / "plans" / "0123456789ab.json").touch()
    return tmp_path


def offered(words: str) -> list[str]:
    return list(complete(words.split(" ")))


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("mig", ["migrate-cluster"]),
        ("status --cl", ["--cluster"]),
        ("status --cluster ", ["north", "south"]),
        ("status --cluster=n", ["--cluster=north"]),
        ("restart ", ["gw-a", "gw-d", "gw-x"]),
        ("recover gw-d", ["gw-d1", "gw-d2"]),
        ("ha.migrate ", ["gw-d"]),
        ("plan --cluster south --observer ", ["gw-x"]),
        ("plan --strategy pre", ["prescribed"]),
        ("runs.show ", ["20261129T1", "20261128T1"]),
        ("rollback --cluster north --run ", ["20261128T1"]),
        ("migrate-cluster --approve ", ["0123456789ab"]),
        ("status --inventory /nowhere --cluster ", []),
        ("status --inventory ", []),
        ("", None),
    ],
)
def test_what_is_offered(place: Path, typed: str, found: list[str] | None) -> None:
    if found is None:
        assert len(offered(typed)) > 30
    elif "/nowhere" in typed:
        with pytest.raises(FileNotFoundError):
            offered(typed)
    else:
        assert offered(typed) == found


def test_the_lab_has_an_inventory_of_its_own(place: Path) -> None:
    (place / ".lab").mkdir()
    (place / ".lab" / "inventory.yaml").write_text("clusters: {r: {members: {lab-a: {host: h}}}}")
    assert offered("lab.break --node ") == ["lab-a"]


def test_the_tasks_of_another_project_are_not_ours(place: Path) -> None:
    (place / "fabfile.py").touch()
    assert offered("") == []


def told(argv: list[str], code: str) -> list[str]:
    done = subprocess.run([*argv, code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    return done.stdout.splitlines()


def saved(place: Path, shell: str) -> Path:
    """The script, for a tool whose path every shell would take apart."""
    odd = place / 'it\'s $(the) "tool"'
    odd.symlink_to(HOME)
    path = place / f"fab.{shell}"
    path.write_text(script(shell, python=sys.executable, home=str(odd)))
    return path


def test_bash_completes_names_and_leaves_files_to_itself(place: Path) -> None:
    ask = 't() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _fab_amlen; echo "${#COMPREPLY[@]} ${COMPREPLY[*]}"; }'
    tries = "t fab status --cluster = n; t fab restart gw-d; t fab status --inventory ''"
    code = f"source {saved(place, 'bash')}; complete -p fab >/dev/null; {ask}; {tries}"
    assert told(["bash", "--norc", "-c"], code) == ["1 north", "1 gw-d", "0 "]


def test_fish_completes_names_and_files(place: Path) -> None:
    fish = shutil.which("fish")
    if fish is None:
        pytest.skip("fish is not installed")
    code = (
        f'source {saved(place, "fish")}; complete -C "fab status --cluster=s"; complete -C "fab restart gw-d"'
    )
    assert told([fish, "--no-config", "-c"], code) == ["--cluster=south", "gw-d"]


def test_zsh_completes_names(place: Path) -> None:
    zsh = shutil.which("zsh")
    if zsh is None:
        pytest.skip("zsh is not installed")
    shown = typed_into(
        [zsh, "-f"], f"autoload -U compinit; compinit -u -D; source {saved(place, 'zsh')}; echo ready-$((40 + 2))\n",
        until="ready-42", then="fab status --cluster=s\t", wanted="--cluster=south",
    )  # fmt: skip
    assert "--cluster=south" in shown


def typed_into(argv: list[str], line: str, *, until: str, then: str, wanted: str) -> str:
    """What a shell on a terminal shows after `then`, as soon as that holds what is wanted."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(argv[0], argv, {**os.environ, "TERM": "dumb"})
    try:
        os.write(terminal, line.encode())
        _shown(terminal, until)
        os.write(terminal, then.encode())
        return _shown(terminal, wanted)
    finally:
        os.close(terminal)  # which ends the shell
        os.waitpid(pid, 0)


def _shown(terminal: int, wanted: str) -> str:
    seen, deadline = "", time.monotonic() + 30
    while wanted not in seen:
        assert select.select([terminal], [], [], max(deadline - time.monotonic(), 0))[0], seen
        seen += os.read(terminal, 4096).decode(errors="replace")
    return seen


def test_it_asks_without_fabric_and_stays_silent_whatever_is_wrong(place: Path) -> None:
    code = "import sys; sys.argv[1:] = ['whole', 'status', '--inventory', '/nowhere', '--cluster', '']\n"
    code += "from tasks.effects.completing import main; main(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=HOME, capture_output=True, text=True, check=True)
    modules = set(done.stdout.split())
    assert not {"fabric", "paramiko", "invoke", "requests", "rich", "pydantic", "cryptography"} & modules
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("shell", "remedy"),
    [
        ("bsh", "fab completion SHELL, nearest: bash; one of: bash, zsh, fish"),
        ("", "fab completion SHELL, one of: "),
    ],
)
def test_a_shell_without_a_script_is_refused(shell: str, remedy: str) -> None:
    with pytest.raises(UsageError, match=r"which shell is it|no completion for the shell") as caught:
        script(shell, python="p", home="/h")
    assert caught.value.remedy.startswith(remedy)


def test_the_shell_may_be_named_by_its_path() -> None:
    assert "complete -o default -F" in script("/bin/bash", python="/my python", home="/h")
    assert "'/my python' -I" in script("bash", python="/my python", home="/h")
