"""The commands of the README and of docs: every shell block is run, as a reader would type it."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.lab.lifecycle import down
from tests.conftest import ALL_PAGES
from tests.e2e import shown
from tests.e2e.labs import FAB, PROJECT, SPEED, Ran
from tests.forked_fab import shim

PAGES = [*sorted((PROJECT / "docs" / "journeys").glob("*.md")), PROJECT / "docs" / "credentials.md"]
# Their tasks are tried end to end in every run: test_service_control.py, test_ha_credentials.py,
# test_config_keystore.py, test_credential_lifecycle.py, test_cluster_create.py, test_cluster_join.py,
# test_require_certificates.py and test_legacy.py; the pages themselves by make test-pages, for they take longest.
WHERE_THERE_IS_TIME = frozenset(
    {
        *("containers", "ha-credentials", "keystore", "credentials"),
        *("first-cluster", "join", "require-certificates", "upgrade"),
    }
)
LIMIT_S = 170.0
LAB_UP = (
    f"fab lab.up --speed {SPEED:g} --members 2 --pairs 0\nexport AMLEN_INVENTORY=$PWD/.lab/inventory.yaml\n"
)
REHEARSALS = [each.command for each in shown.shown_on(shown.NIGHTS) if "fab rehearse" in each.command]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "page" in metafunc.fixturenames:
        every = metafunc.config.getoption(ALL_PAGES)
        pages = [page for page in PAGES if every or page.stem not in WHERE_THERE_IS_TIME]
        metafunc.parametrize("page", pages, ids=lambda page: page.stem)
    if "rehearsal" in metafunc.fixturenames:
        every = metafunc.config.getoption(ALL_PAGES)
        small = f"{REHEARSALS[-1]} --members 2 --pairs 0"
        metafunc.parametrize("rehearsal", REHEARSALS if every else [small])


def script_of(page: str) -> str:
    """The page's sh blocks, one after the other; a lab is brought up faster than a reader would."""
    blocks = re.findall(r"```sh\n(.*?)```", page, flags=re.DOTALL)
    return re.sub(r"^fab lab\.up\b", f"fab lab.up --speed {SPEED:g}", "\n".join(blocks), flags=re.MULTILINE)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A clone as far as `fab` can see; a lab that a page brings up in it is gone with the test."""
    for name in ("fabfile.py", "tasks"):
        (tmp_path / name).symlink_to(PROJECT / name)
    yield tmp_path
    for record in tmp_path.glob("*/lab.json"):
        down(record.parent)


def run(script: str, place: Path) -> Ran:
    """With a home in which nothing is configured, and no terminal to ask at."""
    home = place / "home"
    home.mkdir()
    programs = place / "bin"
    programs.mkdir()
    shim(programs)
    environment = {"PATH": f"{programs}:{FAB.parent}:{os.environ['PATH']}", "HOME": str(home)}
    done = subprocess.run(
        ("sh", "-eux", "-c", script),
        cwd=place,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def test_the_commands_of_a_page_work_in_their_order(page: Path, place: Path) -> None:
    script = script_of(page.read_text())
    assert "fab lab.up" in script, "a page begins with a rehearsal"
    assert re.search(r"^fab lab\.down", script, flags=re.MULTILINE), "and takes it down again"
    run(script, place).ok()


def test_a_command_that_fails_would_fail_its_page(place: Path) -> None:
    page = (
        "text\n```sh\nfab --version\nfab status --inventory nowhere.yaml\n```\nmore\n```sh\necho after\n```\n"
    )
    ran = run(script_of(page), place)
    assert ran.code == 2
    assert "nowhere.yaml" in ran.stderr
    assert "after" not in ran.stdout


def test_there_is_a_page_for_every_journey() -> None:
    wanted = {"first-cluster", "join", "ha-credentials", "upgrade", "containers", "keystore"}
    assert wanted <= {page.stem for page in PAGES}


# The README, and the pages that are read beside a cluster: one lab for all of them.


def test_the_commands_of_the_readme_and_then_of_the_other_pages_work_on_one_cluster(place: Path) -> None:
    run(f"{LAB_UP}{shown.walked(shown.WALK)}\nfab lab.down", place).ok()


@pytest.mark.usefixtures("where_there_is_time")
def test_the_rounds_of_several_nights_are_run_as_shown(place: Path) -> None:
    nights = [each.runnable for each in shown.shown_on(shown.NIGHTS) if "fab rehearse" not in each.command]
    begin = f"{LAB_UP}fab credentials.create\n"
    run("\n".join((begin, *nights, "fab lab.down")), place).ok()


def test_a_rehearsal_of_each_strategy_goes_through(rehearsal: str, place: Path) -> None:
    run(f"{rehearsal} --speed {SPEED:g}", place).ok()


@pytest.mark.parametrize("path", sorted((PROJECT / "docs").glob("*.md")), ids=lambda path: path.stem)
def test_every_page_with_commands_is_run(path: Path) -> None:
    if list(shown.shown_on(path.name)):
        assert path.name in (*shown.WALK, shown.NIGHTS) or path in PAGES, "name it in tests/e2e/shown.py"


def test_what_is_run_elsewhere_is_still_shown_and_its_test_exists() -> None:
    on_pages = {each.command for page in shown.WALK for each in shown.shown_on(page)}
    assert set(shown.ELSEWHERE) - on_pages == set()
    for path, name in shown.ELSEWHERE.values():
        assert re.search(rf"^def {name}\(", (PROJECT / path).read_text(), re.MULTILINE), name


def test_a_command_is_told_apart_from_its_comment_and_a_loop_is_one() -> None:
    lines = [
        "fab status  # one",
        "",
        "for a in b; do",
        "    fab plan",
        "done",
        "openssl a \\",
        "  -b",
        "fab check",
    ]
    assert list(shown._commands(lines)) == [
        "fab status",
        "for a in b; do\n    fab plan\ndone",
        "openssl a \\\n  -b",
        "fab check",
    ]
