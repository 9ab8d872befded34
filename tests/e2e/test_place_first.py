"""Placing apart from restarting: `credentials.place`, then a migration with `--place-first`.

Then the same cluster is migrated once more, by nobody but a runbook: its commands are real.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.core.file_names import CA_FILE, CERT_FILE, KEY_FILE
from tests.e2e.by_hand import Hand, Sights, as_expected
from tests.e2e.labs import Rig, rigged, small
from tests.e2e.sights import WORK, files, fingerprint, processes, served
from tests.runbook_reading import Expected, read_steps, section


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


def test_by_hand_a_runbook_leads_to_the_new_set_and_back_with_all_that_it_says(rig: Rig) -> None:
    before = served(rig.lab, "gw-b")
    rig.new_credentials()
    text = _runbook(rig)
    hand = Hand(rig, text)
    steps = read_steps(text)
    hand.make_tools()
    try:
        for step in steps:
            _another_expectation_would_be_noticed(rig, step, hand.work(step))
        assert served(rig.lab, "gw-b") == fingerprint(rig.credentials / "Cluster_cert.pem") != before
        _last_member_goes_back(hand, steps)
        assert served(rig.lab, "gw-b") == before
    finally:
        hand.clean()
    assert not list(rig.lab.directory.glob("nodes/*/root/**/.by-hand-*"))


def _runbook(rig: Rig) -> str:
    path = rig.home / "RUNBOOK.md"
    said = rig.fab("plan", "--strategy", "prescribed", "--runbook", str(path)).ok()
    assert f": {path}" in said.stderr
    return path.read_text()


def _another_expectation_would_be_noticed(rig: Rig, step: Expected, seen: Sights) -> None:
    assert not as_expected(replace(step, counts={**step.counts, "gw-a": "7/0"}), seen, rig.lab)
    assert not as_expected(replace(step, serves={**step.serves, "gw-a": "00000000"}), seen, rig.lab)


def _last_member_goes_back(hand: Hand, steps: tuple[Expected, ...]) -> None:
    """By the first row of the table, and the lines of the step that it names."""
    rows = re.findall(
        r"^\| Steps? (\S+) +\| gw-b +\| Steps? (\S+) +\| (before-round-1) +\| Steps? (\S+) +\|$",
        section(hand.text, "Rollback"),
        re.MULTILINE,
    )
    ((undo, lines, folder, then),) = rows
    by_number = {f"{step.first}-{step.last}": step for step in steps}
    assert undo == lines
    blocks = tuple(block.replace("/round-1", f"/{folder}") for block in by_number[lines].blocks)
    hand.work(replace(by_number[then], blocks=blocks))
