"""`fab` of the bundle: what it is, and that it has the same tasks as here, from any directory."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from bundle.program import version_text
from bundle.site import our_files, release_of

from tests import forked_fab

ROOT = Path(__file__).parents[2]
RELEASE: dict[str, Any] = {
    "name": "amlen-cluster-tls",
    "version": "0.1.0",
    "commit": "abc",
    "at": "2026-01-02 03:04 UTC",
}


TWICE = """\
import sys
from bundle.program import main
for word in ("--list", "status"):
    sys.argv = ["fab", word]
    try:
        main()
    except SystemExit as ended:
        print("exit", ended.code)
"""


def test_from_a_directory_without_a_fabfile_it_has_the_tasks_and_exit_codes_of_the_checkout(
    tmp_path: Path,
) -> None:
    here = forked_fab.run(("fab", "--list"), cwd=ROOT, env=dict(os.environ), limit_s=60)
    done = subprocess.run(
        (sys.executable, "-c", TWICE), cwd=tmp_path, capture_output=True, text=True, check=True,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": f"{ROOT}:{ROOT / '.ci'}"},
    )  # fmt: skip
    assert done.stdout == f"{here.stdout}exit 0\nexit 2\n"
    assert (
        f"-> give --inventory FILE, or set AMLEN_INVENTORY; to begin with one: cp {ROOT}/inventory.yaml ."
        in (done.stderr)
    )


def test_its_version_names_the_build_and_says_nothing_more_where_path_finds_it() -> None:
    said = version_text(RELEASE, called="/opt/fab", found="/opt/fab").splitlines()
    assert said[0] == "amlen-cluster-tls 0.1.0 (commit abc, 2026-01-02 03:04 UTC)"
    assert said[2].endswith(f"inventory.yaml: {ROOT}")
    assert len(said) == 3


def test_where_path_finds_none_or_another_it_says_how_the_remedies_come_right() -> None:
    assert version_text(RELEASE, called="/opt/a b/fab", found=None).splitlines()[3:] == [
        "PATH finds no `fab`; the remedies mean this one",
        "  -> export PATH='/opt/a b':$PATH",
    ]
    assert version_text(RELEASE, called="/opt/amlen", found="/usr/bin/fab").splitlines()[3:] == [
        "PATH finds another `fab`, /usr/bin/fab; the remedies mean this one",
        "  -> ln -s amlen /opt/fab; export PATH=/opt:$PATH",
    ]


def test_a_bundle_holds_the_tasks_the_lab_the_docs_and_an_example_but_no_tests() -> None:
    names = set(our_files())
    assert {"fabfile.py", "inventory.yaml", "README.md", "tasks/lab/warden.py", "docs/runbook.md"} <= names
    assert {name for name in names if name.startswith("bundle/")} == {
        "bundle/__init__.py",
        "bundle/program.py",
    }
    assert not [name for name in names if name.startswith(("tests/", ".ci/")) or name.endswith(".pyc")]


def test_a_release_is_named_by_version_and_commit_and_told_apart_by_its_files() -> None:
    one, other = (release_of({"a": content}, machine="x86_64") for content in (b"1", b"2"))
    head = subprocess.run(
        ("git", "rev-parse", "HEAD"), cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert head.startswith(one.commit.removesuffix("+changes"))
    assert re.fullmatch(r"amlen-cluster-tls-[0-9.]+-[0-9a-f]{12}(\+changes)?", one.title)
    assert one.commit == other.commit
    assert one.digest != other.digest
