"""What every task prints with `--json`: `python -m tests.schemas` writes docs/schemas/ from the types themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from tasks.core.doctor import DoctorReport
from tasks.core.events import Event
from tasks.core.expiry import ExpiryReport
from tasks.core.findings import Findings
from tasks.core.health import StatusReport
from tasks.core.inspection import Shown
from tasks.core.json_text import json_text, schema_text
from tasks.core.matrix_data import ShownMatrix
from tasks.core.membership_table import ShownMembership
from tasks.core.plan_text import ShownPlan
from tasks.core.report_data import FullReport
from tasks.core.results import Result
from tasks.core.upgrade import Runbook
from tasks.core.verification import Verification
from tasks.effects.config_show import ShownConfig
from tasks.effects.inspecting import Looked
from tasks.effects.run_list import ShownRun, ShownRuns
from tasks.lab.health import LabStatus

FOLDER = Path(__file__).parents[1] / "docs" / "schemas"
# Of the reading tasks, by their names; every other task prints a result.
READING: Mapping[str, Any] = {
    "status": StatusReport,
    "check": Findings,
    "plan": ShownPlan,
    "cluster.show": ShownMembership,
    "config.show": ShownConfig,
    "credentials.inspect": Looked | Shown,
    "credentials.expiry": ExpiryReport,
    "credentials.matrix": ShownMatrix,
    "lab.status": LabStatus,
    "runs.list": ShownRuns,
    "runs.report": FullReport,
    "runs.show": ShownRun,
    "runs.verify": Verification,
    "doctor": DoctorReport,
    "upgrade.plan": Runbook,
}
ALL: Mapping[str, Any] = {**READING, "result": Result, "event": Event}


def texts() -> Iterator[tuple[Path, str]]:
    """The files of docs/schemas/ as they should be."""
    for name, shape in ALL.items():
        yield FOLDER / f"{name}.schema.json", schema_text(shape, title=name, every_key=shape is not Event)


def conforms(task: str, text: str) -> None:
    """What a task has printed is JSON of its schema: every key of it, and no other."""
    shape = Result if _is_result(text) else READING[task]
    assert json_text(adapter(shape).validate_json(text), shape) + "\n" == text


def _is_result(text: str) -> bool:
    found = json.loads(text)
    return isinstance(found, dict) and {"outcome", "exit_code"} <= set(found)


@cache
def adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for path, text in texts():
        path.write_text(text)
