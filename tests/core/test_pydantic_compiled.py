"""pydantic's compiled half is one and the same, whoever imports it and in whichever order."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = "from tasks.core.pydantic_compiled import SchemaValidator as ours"
PACKAGE = "import pydantic, pydantic_core"
USED = """
assert ours is pydantic_core.SchemaValidator
assert ours({"type": "int"}).validate_python("3") == 3
assert pydantic.TypeAdapter(list[int]).validate_json("[1, 2]") == [1, 2]
try:
    pydantic.TypeAdapter(int).validate_python("x")
except pydantic.ValidationError as error:
    assert isinstance(error, pydantic_core.ValidationError)
    assert error.errors()[0]["type"] == "int_parsing"
else:
    raise SystemExit("taken")
"""


def _run(*lines: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join(lines)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("order", [(OURS, PACKAGE), (PACKAGE, OURS)], ids=["ours first", "package first"])
def test_it_is_the_package_s(order: tuple[str, str]) -> None:
    done = _run(*order, USED)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_package_is_not_imported_for_it() -> None:
    done = _run(OURS, "import sys", "raise SystemExit('pydantic_core' in sys.modules)")
    assert (done.returncode, done.stderr) == (0, "")


def test_where_it_is_not_installed_that_is_said() -> None:
    done = _run(
        "import importlib.machinery, tasks.core.pydantic_compiled as asked",
        "importlib.machinery.PathFinder.find_spec = classmethod(lambda *given: None)",
        "asked.SchemaValidator",
    )
    assert done.returncode == 1
    assert "no pydantic_core._pydantic_core: pip install -r requirements.txt" in done.stderr
