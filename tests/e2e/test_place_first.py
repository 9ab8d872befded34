"""Placing apart from restarting: `credentials.place`, then a migration with `--place-first`."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.core.credential_rules import CA_FILE, CERT_FILE, KEY_FILE
from tests.e2e.labs import Rig, rigged, small
from tests.e2e.sights import WORK, files, processes


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rigged(tmp_path_factory.mktemp("place"), small(2)) as made:
        yield made


def _live(rig: Rig) -> dict[str, str]:
    return {path: seen for path, seen in files(rig.lab).items() if WORK not in Path(path).parts}


def test_placing_changes_nothing_that_is_in_use_and_the_migration_goes_on_from_it(rig: Rig) -> None:
    before, running = _live(rig), processes(rig.lab)
    ran = rig.fab("credentials.place", "--yes", "--strategy", "prescribed", "--place-first").ok()
    assert "stopped as asked; run" in ran.stdout
    assert "5 of 7 steps left -> fab migrate-cluster --resume" in ran.stdout
    assert (_live(rig), processes(rig.lab)) == (before, running)
    for node in rig.lab.nodes:
        stage = next((node.data_dir / "data" / WORK).glob("*/stage"))
        staged = {path.name: path for path in stage.rglob("*.pem")}
        assert {name: path.read_bytes() for name, path in staged.items()} == {
            name: (rig.credentials / name).read_bytes() for name in (CA_FILE, CERT_FILE, KEY_FILE)
        }
        assert stat.S_IMODE(staged[KEY_FILE].stat().st_mode) == 0o600
    again = rig.fab("credentials.place", "--resume").ok()
    assert "stopped as asked" in again.stdout
    assert processes(rig.lab) == running


def test_all_files_are_swapped_in_before_the_first_restart(rig: Rig) -> None:
    assert "complete: healthy" in rig.resume().ok().stdout
    done = [entry["step"].split(":")[0] for entry in rig.journal() if entry["event"] == "done"]
    assert done == ["place"] * 2 + ["swap"] * 2 + ["restart"] * 2 + ["prove"]


def test_a_place_that_cannot_be_written_is_found_out_by_placing(rig: Rig) -> None:
    rig.new_credentials()
    broken = rig.lab.nodes[0].data_dir / "data" / WORK
    broken.rename(broken.with_suffix(".aside"))
    broken.write_text("in the way")
    ran = rig.fab("credentials.place", "--yes", "--strategy", "prescribed")
    assert ran.code in (3, 4), ran.stdout + ran.stderr
    assert "fab migrate-cluster" not in ran.stderr
    broken.unlink()
    broken.with_suffix(".aside").rename(broken)
