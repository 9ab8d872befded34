"""Messages that wait for a restarted member: the line stops until they have reached it, and where some are lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tasks.lab.faults import break_node, mend
from tests.e2e.labs import Ran, Rig, rigged, small

RETURNED = "restart:gw-b"


def _strict(document: dict[str, Any]) -> None:
    document["defaults"]["limits"]["drain_s"] = 1
    document["clusters"]["rehearsal"]["queues"] = {"discarded": "stop"}


def _stopped(rig: Rig, ran: Ran, text: str) -> None:
    assert ran.code == 5, ran.stderr
    assert text in ran.stderr
    assert "fab migrate-cluster --resume" in ran.stderr
    last = rig.journal()[-1]
    assert (last["event"], last["step"]) == ("failed", RETURNED)
    assert text in last["seen"]


def test_a_stuck_queue_and_lost_messages_stop_the_line_at_the_member_that_returned(tmp_path: Path) -> None:
    with rigged(tmp_path, small()) as rig:
        strict = rig.changed_inventory("strict", _strict)
        for fault in ("queue-stuck", "discarding"):
            break_node(rig.lab.directory, "gw-a", fault)
        ran = rig.migrate("--strategy", "prescribed", inventory=strict)
        _stopped(rig, ran, "the queues towards gw-b: not within 1 s; last seen: gw-a holds ")
        mend(rig.lab.directory, "gw-a", "queue-stuck")
        lost = "gw-a discarded 25 (DiscardedMsgs 0 -> 25)"
        _stopped(rig, rig.resume(inventory=strict), f"messages for gw-b are lost: {lost}")
        ran = rig.resume(inventory=strict).ok()
        assert "complete: healthy: 2 members" in ran.stdout
        done = {entry["step"]: entry["seen"] for entry in rig.journal() if entry["event"] == "done"}
        assert done[RETURNED].endswith(f"; queues drained; {lost}")
        assert done["restart:gw-a"].endswith("; queues drained")  # gw-b is apart from it, and not waited for
