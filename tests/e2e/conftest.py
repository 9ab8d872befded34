"""The end-to-end tests: last in every run, for they take longest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ALL_PAGES
from tests.e2e.labs import Rig, rigged, small

HERE = Path(__file__).resolve().parent
LONGEST = (
    "test_strategies.py",
    "test_ha_credentials.py",
    "test_journeys.py",
    "test_rounds_killed.py",
    "test_rollback.py",
    "test_fault_sample.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest of them first, so that nobody waits for one file at the end."""
    items.sort(key=lambda item: (HERE in item.path.parents, item.path.name not in LONGEST))


@pytest.fixture
def where_there_is_time(pytestconfig: pytest.Config) -> None:
    """Of tests that are long, and whose task has others in every run."""
    if not pytestconfig.getoption(ALL_PAGES):
        pytest.skip("make test-pages: the whole suite is to take less than ten minutes")


@pytest.fixture(scope="session")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Two members that no test migrates: each leaves them as it found them."""
    with rigged(tmp_path_factory.mktemp("quiet"), small()) as rig:
        yield rig
