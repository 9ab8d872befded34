"""How a bundle starts: it finds a Python, unpacks itself once and whole, and refuses what it cannot run on."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.bundle.little import HERE, Little


@pytest.fixture
def little(tmp_path: Path) -> Little:
    return Little(tmp_path).write()


def test_it_unpacks_itself_at_its_first_start_and_not_again(little: Little) -> None:
    code, out, err = little.run("status", "two words")
    assert (code, out, err) == (6, f"ran {little.unpacked}/bundle/program.py status two words\n", "")
    inode = little.unpacked.stat().st_ino
    assert little.run()[0] == 6
    assert little.unpacked.stat().st_ino == inode
    assert [path.name for path in little.cache.iterdir()] == [little.unpacked.name]


def test_two_first_starts_at_once_both_run(little: Little) -> None:
    both = [little.start() for _ in range(3)]
    assert [process.communicate(timeout=60)[0][:3] for process in both] == ["ran"] * 3
    assert [path.name for path in little.cache.iterdir()] == [little.unpacked.name]


def test_nobody_else_may_write_into_it_whatever_the_umask_is(little: Little) -> None:
    little.run(argv=("sh", "-c", f"umask 000; exec {little.fab}"))
    found = [little.unpacked, *little.unpacked.rglob("*")]
    assert len(found) > 3
    assert [path for path in found if path.stat().st_mode & 0o022] == []


def test_what_somebody_else_could_have_changed_is_not_run(little: Little) -> None:
    little.run()
    little.unpacked.chmod(0o777)
    code, out, err = little.run()
    assert (code, out) == (2, "")
    assert "may have been changed by somebody else" in err
    assert "-> unpack into a directory of your own: AMLEN_BUNDLE_DIR=DIRECTORY fab ..." in err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory to another user")
def test_nor_what_belongs_to_somebody_else(little: Little) -> None:
    little.run()
    os.chown(little.unpacked, 65534, 65534)
    assert "may have been changed by somebody else (owner 65534" in little.run()[2]


def test_a_place_that_cannot_be_written_is_named_with_the_way_out(little: Little) -> None:
    (little.home / ".cache").write_text("a file")
    code, _, err = little.run()
    assert code == 2
    assert f"cannot unpack into {little.unpacked}: " in err
    assert "Traceback" not in err
    code, out, _ = little.run(AMLEN_BUNDLE_DIR=str(little.place / "elsewhere"))
    assert (code, out.startswith(f"ran {little.place}/elsewhere/1.2.3-")) == (6, True)


def test_a_damaged_copy_is_told_and_leaves_nothing(little: Little) -> None:
    whole = little.fab.read_bytes()
    at = whole.index(b"PK\x03\x04", whole.index(b"site/bundle/program.py")) - 20
    little.fab.write_bytes(whole[:at] + b"\0\0\0\0" + whole[at + 4 :])
    code, _, err = little.run()
    assert code == 2
    assert "a damaged bundle: copy it anew" in err
    assert list(little.cache.iterdir()) == []


def test_without_a_python_of_its_versions_it_says_which(tmp_path: Path) -> None:
    little = Little(tmp_path).write(pythons=("3.5", "3.6"))
    code, _, err = little.run()
    assert code == 2
    assert "no Python of the versions 3.5 3.6 is on the PATH\n  -> install one" in err


def test_a_python_named_by_hand_is_judged_too(tmp_path: Path) -> None:
    little = Little(tmp_path).write(pythons=("3.5", "3.6"))
    code, _, err = little.run(argv=(sys.executable, str(little.fab)))
    assert code == 2
    assert (
        f"this Python is {HERE}; the bundle is for 3.5 to 3.6\n  -> start it by another one: python3.5 "
        in err
    )


@pytest.mark.parametrize(
    ("differs", "said"),
    [
        ({"machine": "vax"}, "the bundle is for vax\n  -> build another"),
        ({"glibc": (9, 9)}, "the C library here is not glibc 9.9 or newer"),
    ],
    ids=["machine", "C library"],
)
def test_a_machine_that_it_is_not_for_is_refused(
    tmp_path: Path, differs: dict[str, object], said: str
) -> None:
    code, _, err = Little(tmp_path).write(**differs).run()
    assert code == 2
    assert said in err


def test_modules_of_the_same_names_elsewhere_are_not_taken(little: Little) -> None:
    (little.place / "bundle").mkdir()
    (little.place / "bundle" / "program.py").write_text("raise SystemExit('another')")
    assert little.run(PYTHONPATH=str(little.place))[0] == 6


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    assert Little(tmp_path).write().fab.read_bytes() == Little(tmp_path / "b").write().fab.read_bytes()
    assert Little(tmp_path).fab.read_bytes() != Little(tmp_path / "b").write(version="2").fab.read_bytes()
