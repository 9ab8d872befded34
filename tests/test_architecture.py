"""The arrows of the design: fabfile -> tasks/*.py -> effects -> core, with the lab beside effects."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TASKS = ROOT / "tasks"
WORLD = {"fabric", "paramiko", "invoke", "requests", "socket", "subprocess", "time", "random", "rich"}


def _imports(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _forbidden(source: str, *prefixes: str) -> list[str]:
    return [name for name in _imports(source) if any(f"{name}.".startswith(f"{p}.") for p in prefixes)]


def _sources(folder: Path, pattern: str = "**/*.py") -> list[Path]:
    found = sorted(folder.glob(pattern))
    assert found, f"nothing to look at in {folder}"
    return found


@pytest.mark.parametrize("path", _sources(TASKS / "core"), ids=lambda path: path.stem)
def test_core_touches_nothing_of_the_world(path: Path) -> None:
    assert _forbidden(path.read_text(), *WORLD, "tasks.effects", "tasks.lab", "tasks.boundary") == []


@pytest.mark.parametrize("path", _sources(TASKS / "effects"), ids=lambda path: path.stem)
def test_effects_know_neither_the_lab_nor_the_tasks(path: Path) -> None:
    assert _forbidden(path.read_text(), "tasks.lab", "tasks.boundary", "invoke") == []


@pytest.mark.parametrize("path", _sources(TASKS), ids=lambda path: str(path.relative_to(TASKS)))
def test_only_the_ssh_package_sees_fabric_and_paramiko(path: Path) -> None:
    inside = path.is_relative_to(TASKS / "effects" / "ssh")
    assert inside or _forbidden(path.read_text(), "fabric", "paramiko") == []


@pytest.mark.parametrize("path", _sources(TASKS, "*.py"), ids=lambda path: path.stem)
def test_task_modules_do_not_import_each_other(path: Path) -> None:
    others = [
        f"tasks.{other.stem}"
        for other in TASKS.glob("*.py")
        if other.stem not in ("__init__", "boundary", "words")
    ]
    assert _forbidden(path.read_text(), *others) == []


@pytest.mark.parametrize("path", _sources(TASKS), ids=lambda path: str(path.relative_to(TASKS)))
def test_values_are_made_the_quick_way(path: Path) -> None:
    alone = path == TASKS / "core" / "dataclass.py"
    assert alone or not _made_by_the_library(path.read_text())


def _made_by_the_library(source: str) -> bool:
    return bool(_forbidden(source, "dataclasses.dataclass")) or "@dataclasses." in source


def test_a_value_that_the_library_makes_is_found_in_every_form() -> None:
    assert _made_by_the_library("from dataclasses import dataclass, field")
    assert _made_by_the_library("import dataclasses\n\n@dataclasses.dataclass(slots=True)\nclass Any: ...")
    assert not _made_by_the_library(
        "from tasks.core.dataclass import dataclass\nfrom dataclasses import replace"
    )


def test_a_forbidden_import_is_found_in_every_form() -> None:
    for line in (
        "import paramiko",
        "import paramiko.client",
        "from paramiko import Agent",
        "from time import sleep",
    ):
        assert _forbidden(line, *WORLD)
    assert not _forbidden("from timeit import timeit", *WORLD)


def test_importing_the_core_does_not_import_fabric() -> None:
    modules = [f"tasks.core.{path.stem}" for path in _sources(TASKS / "core", "*.py")]
    code = f"import sys\nfor name in {modules!r}: __import__(name)\nprint(*sys.modules)"
    seen = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "tasks.core.plan" in seen.stdout.split()
    assert not {"fabric", "paramiko", "invoke", "requests", "rich"} & set(seen.stdout.split())


def _imported(code: str) -> set[str]:
    seen = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(seen.stdout.split())


def test_a_status_waits_for_none_of_the_slow_libraries() -> None:
    """What it imports before it connects, and while the nodes answer: a quarter of its time, when it was all."""
    before = (
        "import tasks.effects.inventory_file, tasks.effects.secrets, tasks.effects.site, tasks.effects.sights"
    )
    shown = f"{before}, tasks.effects.look, tasks.effects.status_shown, tasks.effects.rest_sockets"
    assert {"paramiko", "pydantic_core._pydantic_core", "ruamel.yaml"} <= _imported(before)
    assert not {
        "pydantic_core",
        "pydantic",
        "requests",
        "rich",
        "cryptography.x509",
        "tasks.core.plan",
    } & _imported(before)
    assert "requests" in _imported(shown)
    assert not {"pydantic_core", "pydantic", "rich", "tasks.core.plan"} & _imported(shown)
    assert {"pydantic_core", "pydantic"} <= _imported("import tasks.core.plan")
