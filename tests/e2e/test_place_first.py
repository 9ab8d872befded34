"""`--place-first`: every member's files are live before the first restart, as the documentation reads."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.labs import rigged, small


def test_all_files_are_swapped_in_before_the_first_restart(tmp_path: Path) -> None:
    with rigged(tmp_path, small(2)) as rig:
        assert "complete: healthy" in rig.migrate("--place-first").ok().stdout
        done = [entry["step"].split(":")[0] for entry in rig.journal() if entry["event"] == "done"]
    assert done == ["place"] * 2 + ["swap"] * 2 + ["restart"] * 2 + ["prove"]
