"""What is said of a pair that is not a pair, or not in sync."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.core.checks_pairs import HEAL_FIRST, pairs_in_sync
from tasks.core.findings import Finding
from tasks.core.snapshot import Snapshot
from tasks.core.status import HaStatus
from tests.core.ha_pairs import NEW, OLD, PAIR, lying, with_files
from tests.core.snapshots import alter_files, alter_status, healthy
from tests.core.statuses import paired


def found(**ha: HaStatus) -> list[Finding]:
    """With another HighAvailability section of these nodes (d1, d2)."""
    snapshot: Snapshot = healthy(PAIR)
    for name, status in ha.items():
        snapshot = alter_status(snapshot, f"gw-{name}", ha=status)
    return list(pairs_in_sync(snapshot))


UNSYNC = paired("UNSYNC", active=0, synced=0)
EARLIER, LATER = "20261122T120000Z-a1b2c3-0001", "20261123T120000Z-a1b2c3-0002"
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


def test_nodes_apart_with_different_files_are_told_where_the_former_ones_lie() -> None:
    """A run was given up between the two restarts of the documented way."""
    snapshot = with_files(lying(OLD), NEW, "gw-d2")
    snapshot = alter_files(snapshot, "gw-d2", work_entries=(f"/data/.fab-tls/{EARLIER}",))
    for name, status in (("gw-d1", ALONE), ("gw-d2", UNSYNC)):
        snapshot = alter_status(snapshot, name, ha=status)
    (one,) = pairs_in_sync(snapshot)
    assert "put the files of the node that serves on gw-d2 as well" in one.remedy
    assert f"former files: /data/.fab-tls/{EARLIER}/backup on gw-d2" in one.remedy
    assert "(State 9, not before)" in one.remedy


def test_nodes_apart_with_the_same_files_are_told_that_one_may_have_loaded_others() -> None:
    """A run was given up after both nodes had got their files: the primary has the former ones in memory."""
    entries = tuple(f"/data/.fab-tls/{name}" for name in (EARLIER, LATER, "recover-gw-d1-ops"))
    snapshot = alter_files(lying(NEW), "gw-d1", work_entries=entries)
    for name, status in (("gw-d1", ALONE), ("gw-d2", UNSYNC)):
        snapshot = alter_status(snapshot, name, ha=status)
    (one,) = pairs_in_sync(snapshot)
    assert "if gw-d1 was started before they came, a restart lets it load them" in one.remedy
    assert f"former files: /data/.fab-tls/{LATER}/backup on gw-d1)" in one.remedy


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
