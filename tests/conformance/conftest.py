"""The target of the conformance suite: labs made for it, or the disposable servers of an inventory.

`--conformance-inventory` is known only where this directory itself is asked for: `pytest tests`
(make test) knows no such option, and no environment variable is looked at for it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tasks.core.errors import OperatorError
from tasks.effects.inventory_file import open_inventory
from tasks.effects.secrets import Secrets
from tasks.effects.site import Site
from tasks.lab.layout import Topology
from tasks.lab.lifecycle import down, up
from tests.conformance import guards
from tests.conformance.target import Target

OPTION, CLUSTER_OPTION = "--conformance-inventory", "--conformance-cluster"
CONFIRM = "CONFIRM"
SPEED = 40.0


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(OPTION, metavar="FILE", help="disposable real servers: docs/conformance.md")
    parser.addoption(CLUSTER_OPTION, metavar="KEY", help="which cluster of that inventory, if it has several")


def pytest_configure(config: pytest.Config) -> None:
    """The guards: no test is even collected before they hold."""
    if chosen(config) is None:
        return
    try:
        with opened(config, Path()) as (site, _):
            guards.require_all(site, given=os.environ.get(CONFIRM, ""), ask=_asker(config))
    except OperatorError as error:
        raise pytest.UsageError(str(error)) from error


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


def _asker(config: pytest.Config) -> Callable[[str], str] | None:
    capture = config.pluginmanager.getplugin("capturemanager")
    if capture is not None:
        capture.suspend_global_capture(in_=True)
    try:
        if not sys.stdin.isatty():
            return None
    finally:
        if capture is not None:
            capture.resume_global_capture()

    def ask(question: str) -> str:
        if capture is not None:
            capture.suspend_global_capture(in_=True)
        try:
            sys.stderr.write(question)
            sys.stderr.flush()
            return sys.stdin.readline()
        finally:
            if capture is not None:
                capture.resume_global_capture()

    return ask


@contextmanager
def under_test(config: pytest.Config, place: Path, topology: Topology) -> Iterator[Target]:
    """The target, as it was found again afterwards, also where tests failed."""
    lab = None if chosen(config) else up(place / "lab", topology, owner_pid=os.getpid())
    try:
        with opened(config, lab.inventory if lab else Path()) as (site, secrets):
            target = Target(site, secrets=secrets.resolve)
            target.prepare()
            try:
                yield target
            finally:
                target.restore()
            target.forget()
    finally:
        if lab is not None:
            down(lab.directory)


@pytest.fixture(scope="session")
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """The cluster of the inventory, or a lab of three single members."""
    topology = Topology(members=3, pairs=0, speed=SPEED)
    with under_test(request.config, tmp_path_factory.mktemp("conformance"), topology) as target:
        yield target


@pytest.fixture(scope="module")
def target(whole: Target) -> Iterator[Target]:
    """At least three single members, as they were found: each module begins and ends so."""
    if len(whole.singles) < 3:
        pytest.skip(f"needs three single members, the inventory has {len(whole.singles)}")
    yield whole
    whole.restore()


@pytest.fixture(scope="module")
def paired(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """At least one pair and one single member; where none was chosen a lab of its own."""
    if chosen(request.config):
        whole: Target = request.getfixturevalue("whole")
        if not (whole.pairs and whole.singles):
            pytest.skip("needs a pair and a single member; the inventory has no such")
        yield whole
        whole.restore()
        return
    topology = Topology(members=1, pairs=1, speed=SPEED)
    with under_test(request.config, tmp_path_factory.mktemp("paired"), topology) as target:
        yield target
