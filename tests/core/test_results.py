"""How a task ended, as data."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.core.errors import (
    GateTimeout,
    Interrupted,
    Locked,
    NotAsPlanned,
    OperatorError,
    RecordLost,
    Refused,
    RemoteError,
    Unhealthy,
    UsageError,
)
from tasks.core.inventory_faults import Fault, InventoryFaults
from tasks.core.json_text import json_text
from tasks.core.results import Ending, Result, ending_of, made_sets
from tests.core.certs import SHARED


@pytest.mark.parametrize(
    ("kind", "ending", "code"),
    [
        (UsageError, Ending.USAGE, 2),
        (Refused, Ending.REFUSED, 3),
        (RemoteError, Ending.FAILED, 4),
        (RecordLost, Ending.FAILED, 4),
        (GateTimeout, Ending.FAILED, 5),
        (NotAsPlanned, Ending.FAILED, 5),
        (Unhealthy, Ending.UNHEALTHY, 6),
        (Locked, Ending.LOCKED, 7),
        (Interrupted, Ending.INTERRUPTED, 130),
    ],
)
def test_every_error_has_an_outcome_and_a_code(kind: type[OperatorError], ending: Ending, code: int) -> None:
    error = kind("x", remedy="y")
    assert (ending_of(error), error.exit_code) == (ending, code)


def test_faults_of_an_inventory_are_usage() -> None:
    error = InventoryFaults([Fault((), "empty", "write one", line=1)], path=Path("inventory.yaml"))
    assert ending_of(error) is Ending.USAGE


def test_every_key_is_there_even_if_nothing_applies() -> None:
    empty = Result(task="status", cluster="", outcome=Ending.USAGE, exit_code=2)
    text = json_text(empty)
    assert Result.model_validate_json(text) == empty
    assert '"version": 1,\n  "task": "status"' in text
    assert text.count("null") == 2  # plan and availability


def test_what_was_made_is_named_without_its_key() -> None:
    (made,) = made_sets({"shared": SHARED})
    assert (made.label, made.sha256) == ("shared", SHARED.leaf.sha256)
    assert set(type(made).model_fields) == {"label", "subject", "not_after", "sha256"}
