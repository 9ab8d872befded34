"""Where a resumed run of HA credentials finds the nodes otherwise than the journal says."""

from __future__ import annotations

import pytest

from tasks.core.ha_planning import plan_ha_migration
from tasks.core.ha_resuming import ha_disagreements
from tasks.core.plan import Plan
from tasks.core.progress import Progress
from tasks.core.resuming import other_sets
from tasks.core.snapshot import Snapshot
from tests.core.ha_pairs import ISSUED, NEW, OLD, lying, seen, with_files
from tests.core.snapshots import unreachable

SWAPPED = ("ha-swap-standby:gw-d", "ha-part:gw-d")


def plan(before: Snapshot) -> Plan:
    return plan_ha_migration(seen(before), {"gw-d": NEW}, way="auto")


def found(made: Plan, now: Snapshot, *done: str, noted: dict[str, dict[str, str]] | None = None) -> list[str]:
    progress = Progress(done=frozenset(done), facts=noted or {})
    return [f"{f.where} {f.name}" for f in ha_disagreements(made, progress, now)]


def test_what_was_swapped_in_on_the_standby_must_lie_there() -> None:
    made, noted = plan(lying(None)), {SWAPPED[0]: {"node": "gw-d2"}}
    half = with_files(lying(None), NEW, "gw-d2")
    assert found(made, half, *SWAPPED, noted=noted) == []
    assert found(made, lying(None), *SWAPPED, noted=noted) == ["gw-d2 resume-files"] * 3
    assert found(made, unreachable(half, "gw-d2"), *SWAPPED, noted=noted) == ["gw-d2 resume-unseen"]


@pytest.mark.parametrize("done", [1, 2, 3])
def test_of_several_rounds_the_last_one_done_counts(done: int) -> None:
    made = plan(lying(OLD))
    swaps = [f"ha-swap:gw-d@{number}" for number in range(1, done + 1)]
    assert bool(found(made, lying(NEW), *swaps)) is (done != 3)
    assert found(made, lying(OLD), *swaps)


def test_a_swap_that_was_begun_and_not_done_may_have_been_on_either_node() -> None:
    made = plan(lying(OLD))
    begun = {"ha-swap:gw-d@2": {"node": ""}}
    assert found(made, with_files(lying(OLD), NEW, "gw-d1"), "ha-swap:gw-d@1", noted=begun) == []


def test_the_folder_must_hold_the_set_that_the_plan_was_made_for() -> None:
    made = plan(lying(OLD))
    assert [f.name for f in other_sets(made, {"gw-d": ISSUED})] == ["resume-credentials"]
    assert list(other_sets(made, {"gw-d": NEW})) == []
