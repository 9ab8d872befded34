"""Who may be broken by the conformance suite: nobody but a lab, or whom three guards agree upon."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tasks.core.errors import UsageError
from tasks.core.model import Cluster
from tasks.effects.inventory_file import VARIABLE, open_inventory
from tasks.effects.secrets import Secrets
from tasks.effects.site import Site
from tasks.lab.layout import CLUSTER_NAME, Lab
from tests.conformance import guards
from tests.conformance.choice import chosen, opened
from tests.lab.stub_lab import stub_lab

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One node with an sshd: enough for the guards."""
    with stub_lab(tmp_path_factory.mktemp("guards")) as lab:
        yield lab


@pytest.fixture
def marker(lab: Lab) -> Iterator[Path]:
    path = lab.nodes[0].data_dir / guards.MARKER
    path.touch()
    yield path
    path.unlink()


def cluster_of(inventory: Path) -> Cluster:
    return open_inventory(str(inventory), None)


def altered(lab: Lab, tmp_path: Path, old: str, new: str) -> Path:
    """The lab's inventory with one text in the place of another."""
    text = lab.inventory.read_text()
    assert old in text
    path = lab.directory / f"{tmp_path.name}.yaml"  # its relative paths start there
    path.write_text(text.replace(old, new))
    return path


def run_pytest(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """pytest of its own, without a terminal and without what this environment says."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("CONFIRM", "PYTEST_ADDOPTS", VARIABLE)
    }
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(
        argv,
        cwd=PROJECT,
        env={**kept, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def conformance(inventory: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """What make conformance runs, up to the collection of the tests."""
    options = (f"--conformance-inventory={inventory}", "--collect-only")
    return run_pytest("tests/conformance", *options, **environment)


# The guards, one by one.


def test_an_inventory_that_does_not_say_disposable_is_refused(lab: Lab, tmp_path: Path) -> None:
    guards.require_disposable(cluster_of(lab.inventory))
    inventory = altered(lab, tmp_path, "disposable: true", "disposable: false")
    with pytest.raises(UsageError, match=r"does not say that rehearsal is disposable; nothing was touched"):
        guards.require_disposable(cluster_of(inventory))


def test_a_node_without_the_marker_file_is_refused_by_name(lab: Lab, marker: Path) -> None:
    with Site(cluster_of(lab.inventory), secrets=Secrets().resolve) as site:
        guards.require_markers(site)
        marker.rename(marker.with_name("disposable"))
        with pytest.raises(
            UsageError, match=rf"of gw-a; nothing was touched\n.*touch {re.escape(str(marker))}"
        ):
            guards.require_markers(site)
        marker.with_name("disposable").rename(marker)


@pytest.mark.parametrize(
    ("given", "typed"), [(CLUSTER_NAME, None), ("", f"{CLUSTER_NAME}\n")], ids=["by CONFIRM", "typed"]
)
def test_the_clusters_name_confirms(lab: Lab, given: str, typed: str | None) -> None:
    ask: Callable[[str], str] | None = None if typed is None else lambda question: str(typed)
    guards.require_confirmed(cluster_of(lab.inventory), given=given, ask=ask)


@pytest.mark.parametrize(
    ("given", "typed", "seen"),
    [
        pytest.param("", None, "there is no terminal to ask", id="nobody to ask"),
        pytest.param("rehearsal", None, "confirmed was 'rehearsal'", id="the inventory's key"),
        pytest.param(
            "rehearsal", f"{CLUSTER_NAME}\n", "confirmed was 'rehearsal'", id="CONFIRM beats the terminal"
        ),
        pytest.param("", "yes\n", "confirmed was 'yes'", id="yes"),
        pytest.param("", "\n", "confirmed was ''", id="return"),
    ],
)
def test_anything_else_does_not(lab: Lab, given: str, typed: str | None, seen: str) -> None:
    ask: Callable[[str], str] | None = None if typed is None else lambda question: str(typed)
    with pytest.raises(UsageError, match=seen):
        guards.require_confirmed(cluster_of(lab.inventory), given=given, ask=ask)


# make conformance.


def test_pytest_ends_before_the_first_test_where_a_guard_refuses(
    lab: Lab, tmp_path: Path, marker: Path
) -> None:
    inventory = altered(lab, tmp_path, "disposable: true", "disposable: false")
    refused = conformance(inventory, CONFIRM=CLUSTER_NAME)
    assert (refused.returncode, refused.stdout) == (pytest.ExitCode.USAGE_ERROR, "")
    assert "does not say that rehearsal is disposable" in refused.stderr


def test_pytest_ends_so_without_a_confirmation(lab: Lab, marker: Path) -> None:
    refused = conformance(lab.inventory, CONFIRM="")
    assert (refused.returncode, refused.stdout) == (pytest.ExitCode.USAGE_ERROR, "")
    assert f"CONFIRM={CLUSTER_NAME}" in refused.stderr


def test_pytest_goes_on_where_all_three_agree(lab: Lab, marker: Path) -> None:
    agreed = conformance(lab.inventory, CONFIRM=CLUSTER_NAME)
    assert agreed.returncode == pytest.ExitCode.OK, agreed.stderr
    assert "test_migration.py" in agreed.stdout


def test_all_three_are_asked(lab: Lab, tmp_path: Path, marker: Path) -> None:
    with Site(cluster_of(lab.inventory), secrets=Secrets().resolve) as site:
        guards.require_all(site, given=CLUSTER_NAME, ask=None)
        with pytest.raises(UsageError, match="nobody confirmed"):
            guards.require_all(site, given="", ask=None)
        marker.rename(marker.with_name("gone"))
        with pytest.raises(UsageError, match="no file DISPOSABLE"):
            guards.require_all(site, given=CLUSTER_NAME, ask=None)
        marker.with_name("gone").rename(marker)
    inventory = altered(lab, tmp_path, "disposable: true", "disposable: false")
    with (
        Site(cluster_of(inventory), secrets=Secrets().resolve) as site,
        pytest.raises(UsageError, match="does not say"),
    ):
        guards.require_all(site, given=CLUSTER_NAME, ask=None)


def test_one_cluster_is_not_shared_among_workers(lab: Lab, marker: Path) -> None:
    refused = conformance(lab.inventory, CONFIRM=CLUSTER_NAME, PYTEST_ADDOPTS="-n 2")
    assert refused.returncode == pytest.ExitCode.USAGE_ERROR
    assert "-n 2: several processes" in refused.stderr


# make test.


@pytest.mark.parametrize("way", ["argument", "PYTEST_ADDOPTS"])
def test_the_tests_as_a_whole_know_no_such_option(lab: Lab, marker: Path, way: str) -> None:
    option = f"--conformance-inventory={lab.inventory}"
    arguments, environment = ((option,), {}) if way == "argument" else ((), {way: option})
    refused = run_pytest("tests", "--collect-only", *arguments, **environment, CONFIRM=CLUSTER_NAME)
    assert refused.returncode == pytest.ExitCode.USAGE_ERROR
    assert "unrecognized arguments: --conformance-inventory" in refused.stderr


def test_make_test_runs_the_tests_as_a_whole() -> None:
    recipe = (PROJECT / "Makefile").read_text().partition("\ntest:")[2].partition("\n\n")[0]
    assert re.search(r"^\t\$\(PYTEST\)( -n \d+)? tests --ignore=tests/e2e$", recipe, re.MULTILINE)
    assert re.search(r"^\t\$\(PYTEST\)( -n \d+)?( --no-loadscope-reorder)? tests/e2e$", recipe, re.MULTILINE)
    assert "conformance" not in recipe


def test_an_inventory_in_the_environment_chooses_nothing(
    lab: Lab, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = altered(lab, tmp_path, f"cluster_name: {CLUSTER_NAME}", "cluster_name: Production")
    monkeypatch.setenv(VARIABLE, str(other))
    assert chosen(request.config) is None
    with opened(request.config, lab.inventory) as (site, _):
        assert site.cluster.cluster_name == CLUSTER_NAME
    assert open_inventory(None, None).cluster_name == "Production"


def test_no_server_of_an_inventory_in_the_environment_is_even_called(lab: Lab, tmp_path: Path) -> None:
    with socket.create_server((lab.nodes[0].address, 0)) as server:
        port = server.getsockname()[1]
        inventory = altered(lab, tmp_path, f"port: {lab.ports.ssh}", f"port: {port}")
        only = ("tests/conformance/test_admin.py", "-k", "401")
        ran = run_pytest(*only, **{VARIABLE: str(inventory), "CONFIRM": CLUSTER_NAME})
        assert ran.returncode == pytest.ExitCode.OK, ran.stdout
        assert "1 passed" in ran.stdout
        server.setblocking(False)
        with pytest.raises(BlockingIOError, match="unavailable"):
            server.accept()
