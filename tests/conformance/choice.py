"""Which cluster is tested: a lab, unless `--conformance-inventory` names another one.

The option is known only where tests/conformance itself is asked for: `pytest tests` (make test)
refuses it, and no environment variable is looked at.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from tasks.effects.inventory_file import open_inventory
from tasks.effects.secrets import Secrets
from tasks.effects.site import Site

OPTION, CLUSTER_OPTION = "--conformance-inventory", "--conformance-cluster"
CONFIRM = "CONFIRM"


def chosen(config: pytest.Config) -> str | None:
    """The inventory that was asked for by the option, and by nothing else."""
    found: str | None = config.getoption(OPTION, default=None)
    return found


@contextmanager
def opened(config: pytest.Config, lab_inventory: Path) -> Iterator[tuple[Site, Secrets]]:
    """The chosen target's cluster; the lab's where none was chosen, whatever AMLEN_INVENTORY says."""
    cluster = config.getoption(CLUSTER_OPTION, default=None)
    secrets = Secrets()
    found = open_inventory(chosen(config) or str(lab_inventory), cluster)
    with Site(found, secrets=secrets.resolve) as site:
        yield site, secrets


def asker(config: pytest.Config) -> Callable[[str], str] | None:
    """Asks on the terminal that pytest was started from; None if there is none."""
    with _uncaptured(config):
        if not sys.stdin.isatty():
            return None

    def ask(question: str) -> str:
        with _uncaptured(config):
            sys.stderr.write(question)
            sys.stderr.flush()
            return sys.stdin.readline()

    return ask


def _uncaptured(config: pytest.Config) -> Any:
    capture = config.pluginmanager.getplugin("capturemanager")
    return nullcontext() if capture is None else _suspended(capture)


@contextmanager
def _suspended(capture: Any) -> Iterator[None]:
    capture.suspend_global_capture(in_=True)
    try:
        yield
    finally:
        capture.resume_global_capture()
