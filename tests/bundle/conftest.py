"""The bundle itself is tried by make test-bundle, which makes it; its parts are tried always."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import BUNDLE


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    left_out = collection_path.name == "test_offline.py" and not config.getoption(BUNDLE)
    return True if left_out else None
