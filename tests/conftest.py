"""For all tests: signals as a process has them by default, also where pytest runs under nohup."""

from __future__ import annotations

import signal

import pytest

signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_itemcollected(item: pytest.Item) -> None:
    """The tests of a file share its fixtures and stay in one process, unless the file says otherwise."""
    if item.get_closest_marker("xdist_group") is None:
        item.add_marker(pytest.mark.xdist_group(str(item.path)))
