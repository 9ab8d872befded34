"""docs/machine-interfaces.md says all of it: outcomes, exit codes, keys, events, schemas, variables."""

from __future__ import annotations

import re
from pathlib import Path

from tasks.core import errors
from tasks.core.errors import OperatorError
from tasks.core.events import EventKind
from tasks.core.results import Ending, Result, ending_of
from tasks.effects.hooks import KEPT
from tasks.effects.notifying import MOST_WAITING
from tests.schemas import READING

PAGE = (Path(__file__).parents[1] / "docs" / "machine-interfaces.md").read_text()


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def codes() -> dict[int, set[str]]:
    rows = re.findall(r"^\| (\d+) \| ([^|]*) \|", section("Exit codes"), re.MULTILINE)
    return {int(code): set(re.findall("`([a-z-]+)`", words)) for code, words in rows}


def test_every_error_has_its_code_and_its_outcome_there() -> None:
    kinds = [
        each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, OperatorError)
    ]
    assert len(kinds) > 8
    for kind in kinds:
        assert ending_of(kind("x", remedy="y")) in codes()[kind.exit_code]


def test_every_outcome_is_there_and_no_other() -> None:
    assert set().union(*codes().values()) == set(Ending)


def test_every_key_of_a_result_is_there() -> None:
    rows = re.findall(r"^\| (`[a-z_`, ]+) \|", section("`--json`"), re.MULTILINE)
    assert {key for row in rows for key in re.findall("`([a-z_]+)`", row)} == set(Result.model_fields)


def test_every_event_is_there() -> None:
    rows = re.findall(r"^\| (`[a-z_`, ]+) \|", section("Progress as JSON lines"), re.MULTILINE)
    assert {key for row in rows for key in re.findall("`([a-z_]+)`", row)} == set(EventKind) | {"event"}


def test_every_reading_task_leads_to_its_schema() -> None:
    assert set(re.findall(r"\[`([a-z.]+)`\]\(schemas/\1\.schema\.json\)", PAGE)) == set(READING)


def test_the_numbers_and_names_of_the_notifications_are_those_of_the_code() -> None:
    said = section("Notifications")
    assert set(re.findall(r"`([A-Z_]+)`", said)) == set(KEPT)
    assert f"; {MOST_WAITING} may wait" in " ".join(said.split())
