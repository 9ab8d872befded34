"""How a task's words are read: optional positionals, options that are given several times, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from invoke.context import Context
from invoke.exceptions import Exit, ParseError
from invoke.parser import Parser
from invoke.parser.context import ParserContext

from tasks.boundary import Acting, acting_task, making_task, operator_task
from tasks.core.errors import Refused, Unhealthy, UsageError
from tasks.core.findings import Finding, Severity
from tasks.core.issuing import Recipe, issue, new_key
from tasks.core.results import Done, Ending, Result
from tasks.core.subjects import Subject
from tasks.effects.console import say
from tasks.effects.terms import Terms
from tests.core.statuses import NOON


@operator_task(positional=["member"], iterable=["ignore"], help={"member": "the member"})
def touch(
    c: Context, member: str = "", resume: bool = False, stop_after: int = 0, ignore: Sequence[str] = ()
) -> None:
    """A task like ours."""


@operator_task(positional=["word"])
def other(c: Context, word: str) -> None:
    """A task whose word must be given."""


def read(*words: str) -> dict[str, Any]:
    """What the task gets; its own defaults where nothing was said."""
    contexts = [ParserContext(t.name, args=t.get_arguments()) for t in (touch, other)]
    (found,) = Parser(contexts=contexts).parse_argv(list(words))
    return {argument.name: argument.value for argument in found.args.values()}


@pytest.mark.parametrize(
    ("words", "member"),
    [
        (("gw-a",), "gw-a"),
        (("gw-a", "--resume"), "gw-a"),
        (("--resume", "gw-a"), "gw-a"),
        (("--member", "gw-a"), "gw-a"),
        (("--resume",), ""),
        ((), ""),
    ],
)
def test_a_positional_with_a_default_may_be_left_out(words: tuple[str, ...], member: str) -> None:
    assert read("touch", *words)["member"] == member


def test_a_positional_without_a_default_must_be_there() -> None:
    assert read("other", "gw-a")["word"] == "gw-a"
    with pytest.raises(Exception, match="did not receive required positional arguments: 'word'"):
        read("other")


def test_a_second_word_is_nobodys() -> None:
    with pytest.raises(Exception, match="touch takes no further word, and gw-b is no task\n"):
        read("touch", "gw-a", "gw-b")


def test_an_option_that_is_given_several_times_holds_whole_words() -> None:
    assert read("touch", "--ignore", "rest", "--ignore", "no-space")["ignore"] == ["rest", "no-space"]
    assert read("touch", "--ignore", "rest", "gw-a")["member"] == "gw-a"
    assert list(read("touch")["ignore"]) == []


def test_a_task_that_is_given_twice_reads_its_words_anew() -> None:
    contexts = [ParserContext(t.name, args=t.get_arguments()) for t in (touch, other)]
    parser = Parser(contexts=contexts)
    for _ in range(2):  # what one reading leaves behind would be seen by the next
        words = "touch gw-a --ignore rest --stop-after 2 touch gw-b --ignore wire touch gw-c"
        found = parser.parse_argv(words.split())
        names = ("member", "ignore", "stop_after")
        assert [tuple(task.args[name].value for name in names) for task in found] == [
            ("gw-a", ["rest"], 2),
            ("gw-b", ["wire"], 0),
            ("gw-c", [], 0),
        ]


def test_a_copied_namespace_has_the_same_tasks() -> None:
    assert deepcopy(touch) is touch


def test_a_number_is_a_number() -> None:
    assert read("touch", "gw-a", "--stop-after", "2")["stop_after"] == 2
    assert read("touch", "--stop-after=12")["stop_after"] == 12
    assert read("touch")["stop_after"] == 0


@pytest.mark.parametrize("word", ["two", "0", "1.5", "-1"])
def test_a_number_that_is_none_is_said_and_no_traceback(word: str) -> None:
    with pytest.raises(ParseError, match=f"--stop-after takes a whole number, 1 or more, and not '{word}'"):
        read("touch", "--stop-after", word)


def test_an_error_ends_with_its_own_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    @operator_task()
    def refuse(c: Context) -> None:
        raise Refused("no", remedy="fab status")

    with pytest.raises(Exit) as caught:
        refuse(Context())
    assert caught.value.code == 3
    assert capsys.readouterr().err == "no\n  -> fab status\n"


@acting_task(positional=["member"], help={"member": "the member", "yes": "do not ask, ever"})
def move(acting: Acting, member: str = "", way: str = "auto") -> None:
    """An acting task."""
    TOLD.append((acting, member, way))


@acting_task(stop_after=False, help={})
def place(acting: Acting) -> None:
    """One that restarts nothing."""


ARGUMENTS = move.get_arguments()
TOLD: list[tuple[Acting, str, str]] = []
COMMON = {
    "inventory",
    "cluster",
    "plan",
    "yes",
    "approve",
    "resume",
    "ignore",
    "progress",
    "plain",
    "not_after",
    "break_lock",
    "json",
}


def test_an_acting_task_takes_the_common_options_beside_its_own() -> None:
    options = {argument.attr_name or argument.name for argument in ARGUMENTS}
    assert options == COMMON | {"stop_after", "member", "way"}
    without = {argument.attr_name or argument.name for argument in place.get_arguments()}
    assert without == COMMON


def test_every_option_of_an_acting_task_says_what_it_is_for() -> None:
    texts = {argument.name: argument.help for argument in ARGUMENTS}
    assert texts["yes"] == "do not ask, ever"
    assert [name for name, text in texts.items() if not text] == ["way"]


def test_an_acting_task_is_told_what_was_typed() -> None:
    given: dict[str, Any] = {"inventory": "i.yaml", "cluster": "", "plan": False, "yes": True, "approve": ""}
    more: dict[str, Any] = {"resume": False, "stop_after": 2, "ignore": ["rest"], "break_lock": ""}
    more |= {"progress": "auto", "plain": True, "not_after": "", "json": False}
    move(Context(), member="gw-a", way="short", **given, **more)
    ((acting, member, way),) = TOLD
    assert (member, way, acting.inventory) == ("gw-a", "short", "i.yaml")
    assert (acting.terms.yes, acting.terms.stop_after, acting.terms.ignored) == (True, 2, frozenset({"rest"}))
    assert acting.terms.progress == "plain"
    assert acting.terms.asks
    assert not acting.on_open_run


def test_resuming_and_giving_up_are_about_an_open_run() -> None:
    acting = Acting("", "", Terms(), again=True, break_lock_of="")
    assert acting.on_open_run
    assert replace(acting, again=False, break_lock_of="run-1").on_open_run
    assert not replace(acting, again=False).on_open_run


@operator_task()
def plugin(c: Context, nagios: bool = False, code: int = 0) -> int:
    """A task that may answer as a monitoring plugin."""
    if code > 3:
        raise UsageError("no such\nstate | 9", remedy="0 to 3")
    return code


def ended(**given: Any) -> int:
    try:
        plugin(Context(), **given)
    except Exit as end:
        return int(end.code)
    return 0


@pytest.mark.parametrize("code", [0, 1, 2, 3])
def test_a_plugin_ends_with_the_code_that_it_returns(code: int) -> None:
    assert ended(nagios=True, code=code) == code


def test_an_error_of_a_plugin_is_unknown_in_one_line_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(nagios=True, code=4) == 3
    assert tuple(capsys.readouterr()) == ("UNKNOWN - no such state / 9\n", "")


def test_without_nagios_an_error_is_what_it_always_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(code=4) == 2
    assert capsys.readouterr().err == "no such\nstate | 9\n  -> 0 to 3\n"


def test_what_a_library_thinks_of_an_odd_certificate_is_not_printed(tmp_path: Path) -> None:
    """A serial number below zero: OpenSSL takes it, and cryptography warns of it."""
    der = issue(Recipe(Subject("x"), NOON, NOON + timedelta(days=1)), new_key(), issuer=None).der
    at = der.index(b"\xa0\x03\x02\x01\x02\x02") + 7
    (tmp_path / "odd.der").write_bytes(der[:at] + b"\x80" + der[at + 1 :])
    code = (
        "import pathlib, sys\n{} tasks.boundary\nfrom tasks.core.certificates import Certificate\n"
        "print(Certificate.from_der(pathlib.Path(sys.argv[1]).read_bytes()).subject)"
    )
    told = {}
    for first in ("import", "#"):
        argv = (sys.executable, "-c", code.format(first), str(tmp_path / "odd.der"))
        told[first] = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert [one.stdout for one in told.values()] == ["CN=x\n", "CN=x\n"]
    assert told["import"].stderr == ""
    assert "CryptographyDeprecationWarning" in told["#"].stderr


@operator_task()
def show(c: Context, json: bool = False, cluster: str = "", how: str = "") -> None:
    """A reading task."""
    if how != "silent":
        say('{"healthy": false}', verbatim=True)
    if how:
        raise Unhealthy("not well", remedy="fab check")


@acting_task(help={})
def act(acting: Acting) -> None:
    """An acting task that says a lot."""
    say("a table")
    if acting.terms.yes:
        raise Refused("no", remedy="mend it", node="gw-a", findings=(FINDING,))
    if acting.again:
        raise KeyboardInterrupt
    acting.terms.account.ends(Ending.NOTHING)


@making_task()
def build(c: Context, kind: str = "shared", *, asks: bool) -> Done:
    """A task that is no run."""
    say("made" if asks else "made unasked")
    return Done(cluster="demo", verdict="3 files", paths=("a", "b"))


FINDING = Finding("key-mismatch", Severity.ERROR, "gw-a", "two keys", "one of them")
USUAL: dict[str, Any] = {
    "inventory": "",
    "cluster": "demo",
    "plan": False,
    "yes": False,
    "approve": "",
    "resume": False,
    "stop_after": 0,
    "ignore": [],
    "progress": "auto",
    "plain": False,
    "not_after": "",
    "break_lock": "",
}
for each in (show, act, build):
    each.said_as = f"demo.{each.name}"  # type: ignore[attr-defined]


def as_json(task: Any, capsys: pytest.CaptureFixture[str], **given: Any) -> tuple[dict[str, Any], int, str]:
    """The one JSON object of stdout, the exit code, and stderr."""
    code = 0
    try:
        task(Context(), json=True, **given)
    except Exit as end:
        code = int(end.code)
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert isinstance(found, dict)
    return found, code, told.err


def test_what_a_reading_task_shows_is_all_of_stdout_whatever_it_ends_with(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert as_json(show, capsys) == ({"healthy": False}, 0, "")
    assert as_json(show, capsys, how="shown") == ({"healthy": False}, 6, "not well\n  -> fab check\n")


def test_a_reading_task_that_shows_nothing_says_as_json_why(capsys: pytest.CaptureFixture[str]) -> None:
    found, code, err = as_json(show, capsys, how="silent", cluster="demo")
    assert Result.model_validate(found).outcome is Ending.UNHEALTHY
    assert (found["exit_code"], code) == (6, 6)
    assert (found["task"], found["cluster"]) == ("demo.show", "demo")
    assert (found["problem"], found["remedy"]) == ("not well", "fab check")
    assert err == "not well\n  -> fab check\n"


def test_an_acting_task_prints_one_object_and_its_tables_on_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found, code, err = as_json(act, capsys, **USUAL)
    assert Result.model_validate(found) == Result(
        task="demo.act", cluster="demo", outcome=Ending.NOTHING, exit_code=0
    )
    assert (code, err) == (0, "a table\n")


def test_a_refusal_has_its_findings_in_the_object(capsys: pytest.CaptureFixture[str]) -> None:
    found, code, err = as_json(act, capsys, **USUAL | {"yes": True})
    assert (found["outcome"], found["exit_code"], code) == ("refused", 3, 3)
    assert (found["problem"], found["node"], found["remedy"]) == ("no", "gw-a", "mend it")
    assert [one["name"] for one in found["findings"]] == ["key-mismatch"]
    assert "[gw-a] no" in err


def test_an_interruption_is_an_outcome_too(capsys: pytest.CaptureFixture[str]) -> None:
    found, code, _ = as_json(act, capsys, **USUAL | {"resume": True})
    assert (found["outcome"], found["exit_code"], code) == ("interrupted", 130, 130)


def test_without_json_the_tables_are_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    act(Context(), json=False, **USUAL)
    assert tuple(capsys.readouterr()) == ("a table\n", "")


def test_a_task_that_is_no_run_says_what_it_made_and_asks_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    found, code, err = as_json(build, capsys)
    assert (found["outcome"], found["cluster"], found["verdict"]) == ("complete", "demo", "3 files")
    assert (found["paths"], code, err) == (["a", "b"], 0, "made unasked\n")
    build(Context())
    assert capsys.readouterr().out == "made\n"
    assert [argument.name for argument in build.get_arguments()] == ["kind", "json"]


def test_a_bug_is_no_outcome(capsys: pytest.CaptureFixture[str]) -> None:
    @operator_task()
    def broken(c: Context, json: bool = False) -> None:
        raise ValueError("ours")

    with pytest.raises(ValueError, match="ours"):
        broken(Context(), json=True)
    assert capsys.readouterr().out == ""


def test_a_closed_stdout_breaks_nothing_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    show(Context(), json=True)
