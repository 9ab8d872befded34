"""docs/schemas/: of every task, current, and no key is ever lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from fabfile import ns
from tasks.core.findings import Finding, Findings, Severity
from tasks.core.json_text import json_text
from tasks.core.results import Ending, Result
from tests.schemas import ALL, FOLDER, READING, conforms, texts

KEYS = Path(__file__).with_name("stable_keys.txt")


def keys_of(schema: dict[str, Any]) -> Iterator[str]:
    """Every key of every object: "Result.run"; of what has no name of its own, by the title."""
    shapes = {schema["title"]: schema, **schema.get("$defs", {})}
    for name, shape in shapes.items():
        yield from (f"{name}.{key}" for key in shape.get("properties", {}))


def promised() -> tuple[str, ...]:
    return tuple(KEYS.read_text().split())


def given() -> list[str]:
    schemas = {name: json.loads((FOLDER / f"{name}.schema.json").read_text()) for name in ALL}
    return sorted({f"{name}:{key}" for name, schema in schemas.items() for key in keys_of(schema)})


def test_every_task_has_json_and_a_schema() -> None:
    without = [name for name in ns.task_names if not any(a.name == "json" for a in arguments(name))]
    assert without == ["completion"]  # a script is all that it prints
    assert set(READING) <= set(ns.task_names)


def arguments(name: str) -> list[Any]:
    return list(ns[name].get_arguments(ignore_unknown_help=True))


def test_what_acts_prints_a_result() -> None:
    """An acting task asks, or makes something: none of them is among the reading ones."""
    for name in ("migrate-cluster", "credentials.create", "recover", "runs.clean", "lab.up", "rehearse"):
        assert name not in READING
        assert ns[name].said_as == name


@pytest.mark.parametrize(("path", "text"), [pytest.param(*both, id=both[0].name) for both in texts()])
def test_the_stored_schema_is_current(path: Path, text: str) -> None:
    assert path.read_text() == text, "make schemas"


def test_no_other_schema_is_stored() -> None:
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(f"{name}.schema.json" for name in ALL)


def test_no_promised_key_is_lost_and_every_key_is_promised() -> None:
    now = given()
    assert set(promised()) - set(now) == set(), "a key that somebody may rely on has vanished"
    assert set(now) - set(promised()) == set(), f"a new key is a promise, too: add it to {KEYS.name}"
    assert list(promised()) == now


def test_a_key_that_vanishes_is_seen() -> None:
    schema = json.loads((FOLDER / "result.schema.json").read_text())
    assert "result.resume" in set(keys_of(schema))
    del schema["properties"]["resume"]
    assert "result.resume" not in set(keys_of(schema))


def test_what_does_not_conform_is_seen() -> None:
    good = json_text(Result(task="plan", cluster="", outcome=Ending.USAGE, exit_code=2)) + "\n"
    conforms("plan", good)
    conforms("restart", good)
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        conforms("plan", good.replace('"task"', '"more": 1, "task"'))
    finding = json_text((Finding("x", Severity.INFO, "", "y", "z"),), Findings) + "\n"
    conforms("check", finding)
    with pytest.raises(AssertionError):
        conforms("check", finding.replace('"outcome": ""', '"outcome": "", "more": 1'))
