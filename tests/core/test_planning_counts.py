"""What every member must show after each step, against what real servers showed."""

from __future__ import annotations

from tasks.core.plan import Plan
from tests.core.certs import OTHER_SHARED, OWN, SHARED
from tests.core.plans import plan_of, renewed
from tests.core.snapshots import (
    alter,
    cluster,
    healthy,
    pair,
    retired_remote,
)


def _after(plan: Plan, *members: str) -> dict[str, list[str]]:
    """By step id: the counts of these members."""
    return {step.id: [str(step.expected[m]) for m in members] for step in plan.steps}


def test_the_counts_from_built_in_to_user_credentials_are_those_of_real_servers() -> None:
    plan = plan_of(healthy())
    after = _after(plan, "gw-a", "gw-b", "gw-c")
    assert [str(plan.baseline[m]) for m in ("gw-a", "gw-b", "gw-c")] == ["2/0", "2/0", "2/0"]
    assert after["place:gw-c"] == after["swap:gw-a"] == ["2/0", "2/0", "2/0"]
    assert after["restart:gw-a"] == after["swap:gw-b"] == ["0/2", "1/1", "1/1"]
    assert after["restart:gw-b"] == after["swap:gw-c"] == ["1/1", "1/1", "0/2"]
    assert after["restart:gw-c"] == after["prove:cluster"] == ["2/0", "2/0", "2/0"]
    assert "apart until the last restart" in plan.why


def test_swapping_everything_in_first_leaves_the_counts_as_they_were() -> None:
    after = _after(plan_of(healthy(), place_first=True), "gw-a", "gw-b", "gw-c")
    assert after["swap:gw-c"] == ["2/0", "2/0", "2/0"]
    assert after["restart:gw-a"] == ["0/2", "1/1", "1/1"]


def test_a_pair_counts_as_one_member_and_its_standby_changes_nothing() -> None:
    after = _after(plan_of(healthy(cluster(pair("gw-d"), "gw-f"))), "gw-d", "gw-f")
    assert after["restart-standby:gw-d"] == ["1/0", "1/0"]
    assert after["restart:gw-d"] == ["0/1", "0/1"]
    assert after["restart:gw-f"] == ["1/0", "1/0"]


def test_new_leafs_under_the_same_ca_keep_everybody_connected() -> None:
    plan = plan_of(healthy(runs=OWN.sets), renewed())
    assert {str(c) for step in plan.steps for c in step.expected.values()} == {"2/0"}
    assert len(plan.restarts) == 3
    assert "no settled member is apart" in plan.why


def test_another_shared_set_does_part_them() -> None:
    plan = plan_of(healthy(runs=SHARED), OTHER_SHARED)
    assert _after(plan, "gw-a", "gw-b", "gw-c")["restart:gw-a"] == ["0/2", "1/1", "1/1"]


def test_retired_members_add_to_the_disconnected_of_those_that_remember_them() -> None:
    snapshot = healthy(cluster("gw-a", "gw-b", "gw-c", retired=("UID-OLD",)))
    assert _after(plan_of(snapshot), "gw-a", "gw-b", "gw-c")["restart:gw-a"] == ["0/3", "1/2", "1/2"]
    forgot = alter(snapshot, "gw-a", remotes=healthy().nodes["gw-a"].remotes)
    assert _after(plan_of(forgot), "gw-a", "gw-b", "gw-c")["restart:gw-a"] == ["0/2", "1/2", "1/2"]


def test_an_unlisted_server_that_is_gone_is_not_counted_as_retired() -> None:
    seen = healthy().nodes["gw-a"].remotes
    assert isinstance(seen, tuple)
    snapshot = alter(healthy(), "gw-a", remotes=(*seen, retired_remote("UID-OLD")))
    assert str(plan_of(snapshot).baseline["gw-a"]) == "2/0"
