"""What is said of a pair that is not a pair, or not in sync."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.core.checks_pairs import HEAL_FIRST, pairs_in_sync
from tasks.core.findings import Finding
from tasks.core.snapshot import Snapshot
from tasks.core.status import HaStatus
from tests.core.ha_pairs import PAIR
from tests.core.snapshots import alter_status, healthy
from tests.core.statuses import paired


def found(**ha: HaStatus) -> list[Finding]:
    """With another HighAvailability section of these nodes (d1, d2)."""
    snapshot: Snapshot = healthy(PAIR)
    for name, status in ha.items():
        snapshot = alter_status(snapshot, f"gw-{name}", ha=status)
    return list(pairs_in_sync(snapshot))


UNSYNC = paired("UNSYNC", active=0, synced=0)
ALONE = paired("PRIMARY", active=1, synced=1)


def test_a_pair_in_sync_is_well() -> None:
    assert found() == []


def test_a_node_that_searches_its_peer_is_told_with_what_may_be() -> None:
    one = found(d1=ALONE, d2=UNSYNC)[0]
    assert (one.name, one.problem) == ("pair-roles", "roles PRIMARY and UNSYNC, wanted PRIMARY and STANDBY")
    assert one.remedy.startswith("gw-d2 looks for the other node: not reached, or of other HA credentials")


def test_a_node_that_gave_up_is_told_with_its_reason() -> None:
    gone = replace(paired("UNSYNC_ERROR", active=1, synced=0), reason_code=2, reason="no peer")
    one = found(d1=ALONE, d2=gone)[0]
    assert one.problem.endswith("; gw-d2: ReasonCode 2 DISCOVERY_TIMEOUT (no peer)")
    assert one.remedy == HEAL_FIRST


@pytest.mark.parametrize(
    ("ha", "name"),
    [
        (
            {"d1": HaStatus("Inactive", enabled=False), "d2": HaStatus("Inactive", enabled=False)},
            "pair-not-formed",
        ),
        ({"d1": paired("PRIMARY", synced=1), "d2": paired("STANDBY", synced=1)}, "pair-sync"),
        ({"a": paired("PRIMARY")}, "pair-unlisted"),
    ],
)
def test_each_trouble_has_its_name(ha: dict[str, HaStatus], name: str) -> None:
    assert [one.name for one in found(**ha)] == [name]
