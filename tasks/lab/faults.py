"""Faults that `lab.break` injects into one node, and that `lab.mend` takes back.

Some happen inside the gateway (`disturbances.py`), some around it: to its files, its process, its
sshd. What is needed to take one of these back lies in NODE_DIR/broken/FAULT.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from tasks.core.errors import UsageError
from tasks.core.nearest import one_of
from tasks.lab.disturbances import DISTURBANCES
from tasks.lab.fault_case import FaultCase
from tasks.lab.file_faults import FILE_FAULTS
from tasks.lab.layout import read_lab
from tasks.lab.process_faults import PROCESS_FAULTS

_DEFAULT_VALUES = {"rest_status": 500.0, "slow_start": 60.0, "discarding": 25.0}
_AROUND = {**FILE_FAULTS, **PROCESS_FAULTS}

FAULTS: dict[str, str] = {
    **{name: fault.sentence for name, fault in _AROUND.items()},
    **{name.replace("_", "-"): sentence for name, sentence in DISTURBANCES.items()},
}


def break_node(directory: Path, node: str, fault: str, *, value: float | None = None) -> None:
    """Put one fault in force; safe to repeat.

    Args:
        fault: A name of FAULTS.
        value: For rest-status (default 500), slow-start (default 60 simulated seconds) and discarding
            (default 25 messages).

    Raises:
        UsageError: No lab, no such node, no such fault, or it cannot happen to this node now.
    """
    case = _case(directory, node, fault)
    if fault not in _AROUND:
        name = fault.replace("-", "_")
        _set_disturbance(case, name, _DEFAULT_VALUES.get(name, True) if value is None else value)
        return
    if not case.kept.exists():
        case.kept.parent.mkdir(mode=0o700, exist_ok=True)
        _AROUND[fault].apply(case)
        case.kept.mkdir(exist_ok=True)


def mend(directory: Path, node: str, fault: str | None = None) -> tuple[str, ...]:
    """Take one fault back, or all that are in force; returns their names.

    Raises:
        UsageError: No lab, no such node, no such fault.
    """
    mended = []
    for name in broken(directory, node) if fault is None else (fault,):
        case = _case(directory, node, name)
        if name not in _AROUND:
            _set_disturbance(case, name.replace("-", "_"), None)
        elif case.kept.exists():
            _AROUND[name].undo(case)
            shutil.rmtree(case.kept)
        else:
            continue
        mended.append(name)
    return tuple(mended)


def broken(directory: Path, node: str) -> tuple[str, ...]:
    """The faults in force on the node."""
    place = read_lab(directory).node(node).directory
    kept = (path.name for path in place.glob("broken/*"))
    inside = (name.replace("_", "-") for name, value in _disturbances(place).items() if value)
    return (*sorted(kept), *sorted(inside))


def _case(directory: Path, node: str, fault: str) -> FaultCase:
    lab = read_lab(directory)
    place = lab.node(node)
    if fault not in FAULTS:
        raise UsageError(
            f"{fault} is no fault of the lab", remedy=one_of(fault, sorted(FAULTS), most=len(FAULTS))
        )
    return FaultCase(lab, place, place.directory / "broken" / fault)


def _disturbances(place: Path) -> dict[str, object]:
    path = place / "faults.json"
    content = json.loads(path.read_text()) if path.exists() else {}
    return content if isinstance(content, dict) else {}


def _set_disturbance(case: FaultCase, name: str, value: float | None) -> None:
    content = {key: old for key, old in _disturbances(case.node.directory).items() if key != name}
    if value is not None:
        content[name] = value
    beside = case.node.directory / "faults.json.new"
    beside.write_text(json.dumps(content) + "\n")
    beside.chmod(0o644)
    os.replace(beside, case.node.directory / "faults.json")
