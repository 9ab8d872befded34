"""Whether what the journal calls done has really come true: asked right after the tool was cut off."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from tasks.core.file_names import ABSENT
from tasks.core.plan import Plan, Step
from tasks.core.step_kinds import LAST_RESTARTS, StepKind
from tasks.lab.layout import Lab, LabNode
from tests.e2e.sights import rest, served
from tests.torture.driving import Driver

HOMES = {"Cluster_cafile.pem": "truststore", "Cluster_cert.pem": "keystore", "Cluster_key.pem": "keystore"}


def not_true(driver: Driver) -> tuple[str, ...]:
    """Of each member's last swap and last restart that are done, and not begun again: what is otherwise."""
    entries = driver.journal()
    plan = _plan(driver.rig.runs[-1], entries)
    begun, done = _steps(entries)
    last = {(step.kind, step.target): step for step in plan.steps if step.id in begun | done}
    found: list[str] = []
    for step in last.values():
        if step.id in done:
            found += (
                f"the journal calls {step.id} done, and {text}" for text in _other(driver.rig.lab, plan, step)
            )
    return tuple(found)


def _other(lab: Lab, plan: Plan, step: Step) -> Iterator[str]:
    if step.kind is StepKind.SWAP:
        yield from _other_files(lab, plan, step)
    elif step.kind in LAST_RESTARTS:
        yield from _other_leaf(lab, plan, step)


def _plan(run: Path, entries: list[dict[str, Any]]) -> Plan:
    """The one in force: made at first, or on the way."""
    made = [entry["facts"]["plan"] for entry in entries if entry["event"] == "replanned"]
    path = run / f"plan-{made[-1]}.json" if made else run / "plan.json"
    return Plan.model_validate_json(path.read_text())


def _steps(entries: list[dict[str, Any]]) -> tuple[set[str], set[str]]:
    """Those that were begun, and those that are done."""
    begun: set[str] = set()
    done: set[str] = set()
    for entry in entries:
        if entry["event"] == "replanned":
            begun, done = set(), set()
        elif entry["event"] == "started":
            begun.add(entry["step"])
        elif entry["event"] == "done":
            done.add(entry["step"])
    return begun, done


def _nodes(lab: Lab, step: Step) -> list[LabNode]:
    return [node for node in lab.nodes if node.member == step.target]


def _other_files(lab: Lab, plan: Plan, step: Step) -> Iterator[str]:
    for node in _nodes(lab, step):
        for name, sha256 in plan.target_after(step.target, round=step.round).files.items():
            path = node.certificates / HOMES[name] / name
            seen = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ABSENT
            if seen != sha256:
                yield f"{node.name} has another {name}, or none"


def _other_leaf(lab: Lab, plan: Plan, step: Step) -> Iterator[str]:
    wanted = plan.target_after(step.target, round=step.round).leaf_sha256
    for node in _nodes(lab, step):
        with suppress(OSError):
            if rest(lab, node)["Server"]["State"] != 10 and served(lab, node.name) != wanted:
                yield f"{node.name} serves another certificate"
