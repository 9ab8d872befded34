"""The README's commands are real: tasks and options exist, the test command is CI's."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tasks.core import errors
from tasks.effects.inventory_file import open_inventory
from tests import forked_fab

ROOT = Path(__file__).parents[1]
FAB = Path(sys.executable).with_name("fab")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]


def _blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(), flags=re.DOTALL)


def _fab_commands(page: Path) -> set[str]:
    """Every `fab ...` of the page's shell blocks and of its inline code."""
    lines = [line.split("#")[0] for block in _blocks(page, "sh") for line in block.splitlines()]
    inline = re.findall(r"`(fab [a-z][^`]*)`", page.read_text())
    found = [re.sub(r"^\S*fab ", "fab ", line.strip()) for line in (*lines, *inline)]
    return {line for line in found if re.match(r"fab [a-z]", line)}


COMMANDS = sorted({(page.name, command) for page in PAGES for command in _fab_commands(page)})


@cache
def _help(task: str) -> subprocess.CompletedProcess[str]:
    return forked_fab.run(("fab", "--help", task), cwd=ROOT, env=dict(os.environ), limit_s=60)


def test_the_pages_name_many_commands() -> None:
    assert len(COMMANDS) > 15


@pytest.mark.parametrize(("page", "command"), COMMANDS)
def test_a_command_of_the_docs_exists_with_its_options(page: str, command: str) -> None:
    _, task, *rest = shlex.split(command)
    shown = _help(task)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    for option in (word.split("=")[0] for word in rest if word.startswith("--")):
        assert re.search(rf"{option}\b", shown.stdout), f"{task} has no {option}"


def test_a_command_that_does_not_exist_would_be_noticed() -> None:
    assert _help("migrate-nothing").returncode != 0


def test_the_executable_itself_lists_every_task_of_the_pages() -> None:
    listed = subprocess.run([FAB, "--list"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    tasks = {shlex.split(command)[1] for _, command in COMMANDS}
    assert {
        task for task in tasks if not re.search(rf"^  {re.escape(task)}\b", listed, re.MULTILINE)
    } == set()


def test_the_inventory_of_the_readme_is_a_good_one(tmp_path: Path) -> None:
    (block,) = _blocks(ROOT / "README.md", "yaml")
    (tmp_path / "inventory.yaml").write_text(block)
    cluster = open_inventory(str(tmp_path / "inventory.yaml"), None, environ={"HOME": str(tmp_path)})
    assert [member.name for member in cluster.members] == ["gw-a", "gw-b", "gw-c"]


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert "make test" in _blocks(ROOT / "README.md", "sh")[0]
    assert re.search(r"^make test$", (ROOT / ".ci" / "run").read_text(), flags=re.MULTILINE)


def test_every_exit_code_of_the_errors_is_on_the_page_of_exit_codes() -> None:
    codes = {
        kind.exit_code
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.OperatorError)
    }
    listed = {
        int(code)
        for code in re.findall(r"^\| (\d+) \|", (ROOT / "docs" / "exit-codes.md").read_text(), re.MULTILINE)
    }
    assert codes <= listed
    assert {0, 1} <= listed
