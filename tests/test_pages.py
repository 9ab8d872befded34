"""Help, and slips of the finger, as `fab` answers them: every example is real, every slip is told what is near."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

import pytest
from invoke.exceptions import ParseError
from invoke.parser import Parser
from invoke.parser.context import ParserContext
from invoke.program import Program

import fabfile
from tasks.completion import options_text
from tasks.core.help_tasks import entries
from tasks.core.help_text import COMMON
from tests import forked_fab

ROOT = Path(__file__).parents[1]
EXAMPLES = [example.command for entry in entries() for example in entry.examples]


CONTEXTS = {str(context.name): context for context in fabfile.ns.to_contexts()}
INITIAL = Program().initial_context
FEW = ("check", "migrate-cluster", "restart", "status")  # a parser copies all that it knows for each line


def parsed(*words: str, of: Sequence[str] = FEW) -> list[ParserContext]:
    return list(Parser(initial=INITIAL, contexts=[CONTEXTS[name] for name in of]).parse_argv(list(words)))


def fab(*words: str, cwd: Path = ROOT) -> tuple[int, str, str]:
    done = forked_fab.run(("fab", *words), cwd=cwd, env={**os.environ, "COLUMNS": "80"}, limit_s=60)
    return done.returncode, done.stdout, done.stderr


def refused(*words: str) -> str:
    with pytest.raises(ParseError) as caught:
        parsed(*words)
    return str(caught.value)


def test_every_task_has_its_line_and_its_examples() -> None:
    assert {entry.task for entry in entries()} == set(fabfile.ns.task_names)


@pytest.mark.parametrize("command", EXAMPLES)
def test_an_example_can_be_typed(command: str) -> None:
    program, task, *words = shlex.split(command)
    (_, found) = parsed(task, *words, of=[task])
    assert (program, found.name) == ("fab", task)


def test_an_example_that_cannot_be_typed_would_be_noticed() -> None:
    assert "has no option --yess" in refused("status", "--yess")


def test_every_option_says_what_it_is_for() -> None:
    options = [(task, argument) for task, context in CONTEXTS.items() for argument in context.args.values()]
    assert [(task, a.name) for task, a in options if not a.help and a.name not in COMMON] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("migrate-clster",), "there is no task migrate-clster; nearest: migrate-cluster\n  -> fab --list"),
        (("xyzzy",), "there is no task xyzzy\n  -> fab --list"),
        (("migrate-cluster", "--yess"), "migrate-cluster has no option --yess; nearest: --yes"),
        (("restart", "--plna", "gw-a"), "restart has no option --plna; nearest: --plan"),
        (("restart", "gw-a", "gw-b"), "restart takes no further word, and gw-b is no task"),
        (("status", "chekc"), "status takes no further word, and chekc is no task; nearest task: check"),
        (("--lst",), "fab has no option --lst; nearest: --list\n  -> fab --help"),
        (("status", "--cluster"), "--cluster takes a value, and none was given\n  -> fab --help status"),
        (("status", "\x1b[2J"), "status takes no further word, and ?[2J is no task"),
    ],
)
def test_a_slip_is_told_what_is_near(words: tuple[str, ...], said: str) -> None:
    assert refused(*words).startswith(said)


def test_a_slip_ends_with_1_and_speaks_on_stderr_without_a_traceback() -> None:
    assert fab("migrate-clster") == (
        1,
        "",
        "there is no task migrate-clster; nearest: migrate-cluster\n  -> fab --list\n",
    )
    code, out, err = fab("--help", "statu")
    assert (code, out, err) == (1, "", "there is no task statu; nearest: status\n  -> fab --list\n")
    code, _, err = fab("--list", "credential")
    assert (code, err.startswith("there is no collection credential; nearest: credentials")) == (1, True)


def test_the_list_is_ours_and_bare_fab_shows_it_too() -> None:
    code, out, _ = fab("--list")
    assert (code, "Plan and migrate\n" in out, "Others" in out) == (0, True, False)
    assert [line for line in out.splitlines() if len(line) > 80] == []
    assert fab() == (0, out, "")


@pytest.mark.parametrize(
    "words", [("--help", "restart"), ("restart", "--help"), ("restart", "gw-a", "--help")]
)
def test_a_task_s_page_has_options_and_examples_whichever_way_it_is_asked_for(words: tuple[str, ...]) -> None:
    code, out, _ = fab(*words)
    assert code == 0
    assert out.startswith("Usage: fab restart [MEMBER] [--options]\n")
    assert "\n  --load-pending" in out
    assert "\nExamples:\n  fab restart gw-a\n" in out


def test_the_table_for_the_shells_is_what_the_tasks_take() -> None:
    written = (ROOT / "tasks" / "options.json").read_text()
    assert written == options_text(fabfile.ns), "python fabfile.py > tasks/options.json"
