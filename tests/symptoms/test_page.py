"""docs/troubleshooting.md: no finding and no class of errors is missing, none is left over, and it is current."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.symptoms.__main__ import PAGE
from tests.symptoms.collect import Nameless, Symptom, error_classes, symptoms, symptoms_of
from tests.symptoms.page import Catalogue, catalogue, condensed, page
from tests.symptoms.source import Source

AGAIN = "make docs writes the page; a sentence for a new name belongs into tests/symptoms/catalogue.toml"

ERRORS = """
class OperatorError(Exception):
    exit_code: int = 4
class Locked(OperatorError):
    exit_code: int = 7
class Finding: ...
"""


@pytest.fixture
def read(tmp_path: Path) -> object:
    """What is said in a module with this text."""

    def of(text: str) -> tuple[Symptom, ...]:
        (tmp_path / "one.py").write_text(ERRORS + text)
        return symptoms_of(Source({"tasks.one": tmp_path / "one.py"}))

    return of


def said(found: object) -> list[tuple[str, str, str]]:
    assert isinstance(found, tuple)
    return [(each.name, each.message, each.remedy) for each in found]


# The page of the tool.


def test_every_finding_has_its_cause_and_every_cause_its_finding() -> None:
    assert {s.name for s in symptoms() if s.kind == "finding"} == set(catalogue().findings), AGAIN


def test_every_class_of_errors_has_its_cause_and_every_cause_its_class() -> None:
    assert set(error_classes()) == set(catalogue().errors), AGAIN


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == page(symptoms(), catalogue(), error_classes()), AGAIN


def test_a_new_finding_would_be_missed_on_the_page() -> None:
    new = Symptom("finding", "moon-eclipsed", "error", "the moon is eclipsed", "wait", "tasks.core.checks", 1)
    assert PAGE.read_text() != page((*symptoms(), new), catalogue(), error_classes())


def test_every_class_that_is_raised_has_a_message() -> None:
    bases = {"RestError", "WireError"}
    assert set(error_classes()) - {s.name for s in symptoms() if s.kind == "error"} == bases


@pytest.mark.parametrize(
    "words",
    [
        "serves the BUILT-IN certificate (…), wanted …",
        "is not the key of the first certificate in",
        "another run works on this cluster",
        "its clock is … s ahead of this machine's",
        "--older-than … is no age",
        "accepts clients of …, wanted …: it has not loaded the CA file that was placed",
    ],
)
def test_what_an_operator_reads_is_found_on_it(words: str) -> None:
    assert words in PAGE.read_text()


# How the source is read.


def test_problem_and_remedy_of_one_case_stay_together(read: object) -> None:
    assert callable(read)
    found = read("""
def look(a, b):
    if a:
        text, remedy = f"{b} is up", "wait"
    else:
        text, remedy = "down", "start it"
    yield Finding("state", "error", "", text, remedy)
""")
    assert said(found) == [("state", "… is up", "wait"), ("state", "down", "start it")]


def test_a_name_that_was_given_anew_is_the_last_one(read: object) -> None:
    assert callable(read)
    found = read("""
def look(a):
    text = "first"
    yield Finding("one", "error", "", text, "r")
    text = "second"
    yield Finding("two", "error", "", text + "!", "r")
""")
    assert said(found) == [("one", "first", "r"), ("two", "second!", "r")]


def test_a_wrapper_is_read_with_each_of_its_callers(read: object) -> None:
    assert callable(read)
    found = read("""
REMEDY = "mend it"
def _error(name, problem, remedy=REMEDY):
    return Finding(name, "error", "", problem, remedy)
def look(node):
    yield _error("one", f"{node.name} burns")
    yield _error("two", _text(node), remedy="wait")
def _text(node):
    if node.up:
        return "up"
    return f"State {node.state}"
""")
    assert said(found) == [
        ("one", "… burns", "mend it"),
        ("two", "up", "wait"),
        ("two", "State …", "wait"),
    ]


def test_the_rows_of_a_table_are_read_one_by_one(read: object) -> None:
    assert callable(read)
    found = read("""
def look(a):
    rows = (("quoted", a, "has quotes"), ("tab", not a, "has a tab"))
    return tuple(Finding(name, "error", "", f"it {what}", "r") for name, holds, what in rows if holds)
""")
    assert said(found) == [("quoted", "it has quotes", "r"), ("tab", "it has a tab", "r")]


def test_each_line_of_several_faults_is_read(read: object) -> None:
    assert callable(read)
    found = read("""
def refuse(wish):
    faults = tuple(_faults(wish))
    raise Locked("; ".join(faults), remedy="wait")
def _faults(wish):
    if wish.days:
        yield f"--days {wish.days}"
    yield "--kind"
""")
    assert said(found) == [("Locked", "--days …", "wait"), ("Locked", "--kind", "wait")]


def test_a_name_that_only_a_run_knows_is_refused(read: object) -> None:
    assert callable(read)
    with pytest.raises(Nameless, match=r"tasks.one:\d+: a finding whose name cannot be told from the source"):
        read("def look(a):\n    return Finding(a.name, 'error', '', 'text', 'remedy')\n")


# How it is put together.


def test_what_is_alike_is_put_together_where_there_is_too_much() -> None:
    many = [f"the node {name} is down today" for name in ("a", "b", "c")]
    assert condensed(many, most=1) == ["the node … is down today"]
    assert condensed(many, most=3) == many


def test_what_is_not_alike_is_never_put_together() -> None:
    assert condensed(["one thing", "quite another"], most=1) == ["one thing", "quite another"]


def test_a_bar_does_not_end_a_cell() -> None:
    found = Symptom("error", "Locked", "", "one | two", "r", "tasks.one", 1)
    words = catalogue()
    assert "| one \\| two | `Locked` | *(the message names it)* |" in page(
        (found,), Catalogue(words.parts, {}, {}), {}
    )
