"""docs/wire-faults.md is true: its tests exist, its limits are the inventory's, its words are the tool's."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tasks.core.model import Limits

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "wire-faults.md"
LIMIT = re.compile(r"`(\w+_s)` (\d+)")


@dataclass(frozen=True, slots=True)
class Row:
    fault: str
    layer: str
    limit: str
    read: str
    does: str
    test: str


def _rows() -> list[Row]:
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [Row(*each) for each in cells if each[0] != "Fault"]


ROWS = _rows()


@cache
def _tests_of(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@cache
def _source() -> str:
    """What the tool may say: every text of its modules, those in pieces put together."""
    said = []
    for path in (*(ROOT / "tasks" / "core").glob("*.py"), *(ROOT / "tasks" / "effects").glob("**/*.py")):
        nodes = ast.walk(ast.parse(path.read_text()))
        said += [
            node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
    return "\n".join(said)


def _missing(row: Row) -> list[str]:
    pieces = [piece for words in re.findall(r"`([^`]+)`", row.read) for piece in words.split("…")]
    return [piece for piece in pieces if piece not in _source()]


def test_the_test_of_each_row_exists() -> None:
    found = ((row.fault, *row.test.strip("`").split("::")) for row in ROWS)
    assert [fault for fault, path, name in found if name not in _tests_of(path)] == []


def test_the_limit_of_each_row_is_one_of_the_inventory_with_that_default() -> None:
    for row in ROWS:
        found = LIMIT.findall(row.limit)
        assert found or row.limit == "at once", row.fault
        assert [float(s) for _, s in found] == [getattr(Limits(), name) for name, _ in found], row.fault


def test_the_words_of_each_row_are_the_tools() -> None:
    assert {row.fault: missing for row in ROWS if (missing := _missing(row))} == {}


def test_words_that_the_tool_does_not_say_would_be_noticed() -> None:
    row = ROWS[0]
    assert _missing(Row(row.fault, row.layer, row.limit, "`the moon is … eclipsed`", row.does, row.test))


def test_every_layer_has_its_faults() -> None:
    layers = {row.layer for row in ROWS}
    wanted = {
        "name resolution",
        "TCP",
        "SSH banner",
        "SSH key exchange",
        "host key",
        "login",
        "channel",
        "command",
    }
    assert wanted | {"sudo", "file system", "clock", "REST: HTTP", "REST: body", "REST: TLS"} <= layers
    assert len(ROWS) > 45
