"""What a migration cost is in its run directory: who was away, who was apart, as `fab runs.report` tells."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

from tests.e2e.labs import rigged, small


def _quick(document: dict[str, Any]) -> None:
    document["defaults"]["limits"].update(settle_s=0.05, poll_s=0.05)


def test_the_partition_of_the_prescribed_way_is_in_the_report(tmp_path: Path) -> None:
    with rigged(tmp_path, small()) as rig:
        inventory = rig.changed_inventory("quick", _quick)
        told = rig.migrate("--strategy", "prescribed", inventory=inventory).ok().stdout
        shown = rig.fab("runs.report", inventory=inventory).ok().stdout
        found = json.loads(rig.fab("runs.report", "--json", inventory=inventory).ok().stdout)
        mode = stat.S_IMODE((rig.runs[-1] / "availability.jsonl").stat().st_mode)
    seen = found["availability"]
    assert (found["state"], found["steps_done"], found["strategy"]) == (
        "complete",
        found["steps"],
        "prescribed",
    )
    assert set(seen["away"]) == {"gw-a", "gw-b"}
    assert [each["members"] for each in seen["apart"]] == [["gw-a", "gw-b"]]
    assert seen["apart"][0]["seconds"] > 0.1
    for text in (told, shown):
        assert f"availability: {seen['samples']} samples" in text
        assert "  apart: gw-a x gw-b " in text
    assert mode == 0o600
