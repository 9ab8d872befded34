"""The target of the conformance suite: labs made for it, or the disposable servers of an inventory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tasks.core.errors import OperatorError
from tasks.lab.layout import Topology
from tasks.lab.lifecycle import down, up
from tests.conformance import guards
from tests.conformance.choice import CLUSTER_OPTION, CONFIRM, OPTION, asker, chosen, opened
from tests.conformance.target import Target

SPEED = 40.0


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(OPTION, metavar="FILE", help="disposable real servers: docs/conformance.md")
    parser.addoption(CLUSTER_OPTION, metavar="KEY", help="which cluster of that inventory, if it has several")


def pytest_configure(config: pytest.Config) -> None:
    """The guards: no test is even collected before they hold."""
    if chosen(config) is None:
        return
    try:
        guards.require_one_process(config.getoption("numprocesses", default=None))
        with opened(config, Path()) as (site, _):
            guards.require_all(site, given=os.environ.get(CONFIRM, ""), ask=asker(config))
    except OperatorError as error:
        raise pytest.UsageError(str(error)) from error


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
    whole.restore()  # only where a module before could not
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
    topology = Topology(members=1, pairs=1, speed=SPEED, secured_ha=True)
    with under_test(request.config, tmp_path_factory.mktemp("paired"), topology) as target:
        yield target
