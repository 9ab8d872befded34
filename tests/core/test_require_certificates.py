"""RequireCertificates: which nodes are configured and restarted, and what is said of it."""

from __future__ import annotations

import pytest

from tasks.core.errors import UsageError
from tasks.core.plan import Plan
from tasks.core.plan_text import closing_lines, nothing_to_do
from tasks.core.require_certificates import (
    CONTROL,
    FORMS,
    LISTENER,
    OPEN,
    InForce,
    members_meant,
    messaging_address,
    plan_requirement,
    wanted_value,
)
from tasks.core.snapshot import Snapshot
from tests.core.certs import SHARED
from tests.core.plans import step_ids
from tests.core.snapshots import WITH_PAIR, alter_membership, cluster, healthy, pair

SMALL = cluster("gw-a", "gw-b", pair("gw-d"))
NOBODY: InForce = {}


def planned(snapshot: Snapshot, *, value: bool, member: str = "", in_force: InForce = NOBODY) -> Plan:
    members = members_meant(snapshot.cluster, member, value=True)
    return plan_requirement(snapshot, value=value, members=members, in_force=in_force)


def _all_false(snapshot: Snapshot) -> Snapshot:
    for name in snapshot.nodes:
        snapshot = alter_membership(snapshot, name, require_certificates=False)
    return snapshot


def test_both_nodes_of_a_pair_are_configured_and_the_observer_comes_last() -> None:
    plan = planned(healthy(SMALL), value=False)
    assert step_ids(plan) == [
        "configure:gw-a",
        "restart:gw-a",
        "configure:gw-d1",
        "configure:gw-d2",
        "restart-standby:gw-d",
        "restart:gw-d",
        "configure:gw-b",
        "restart:gw-b",
        "prove:cluster",
        "prove-listeners:false",
    ]
    assert plan.observer == "gw-b"
    assert plan.posts["configure:gw-d2"] == {"ClusterMembership": {"RequireCertificates": False}}
    assert all(step.expected == plan.baseline for step in plan.steps)


def test_the_value_is_a_json_boolean_under_the_right_key() -> None:
    plan = planned(_all_false(healthy(SMALL)), value=True)
    assert '"RequireCertificates":true' in plan.model_dump_json()
    assert "CertificatesRequired" not in plan.model_dump_json()


def test_what_is_so_already_is_left_alone() -> None:
    plan = planned(healthy(SMALL), value=True)
    assert plan.steps == ()
    assert (
        nothing_to_do(plan) == "production: nothing to do: RequireCertificates is true already, and in force"
    )


def test_only_the_nodes_that_differ_are_configured() -> None:
    half = alter_membership(healthy(SMALL), "gw-d2", require_certificates=False)
    assert step_ids(planned(half, value=True))[:3] == [
        "configure:gw-d2",
        "restart-standby:gw-d",
        "restart:gw-d",
    ]


def test_one_member_alone() -> None:
    assert step_ids(planned(healthy(SMALL), value=False, member="gw-a")) == [
        "configure:gw-a",
        "restart:gw-a",
        "prove:cluster",
        "prove-listeners:false",
    ]


def test_a_listener_that_does_otherwise_than_configured_is_restarted() -> None:
    plan = planned(healthy(SMALL), value=True, in_force={"gw-a": False, "gw-b": True})
    assert step_ids(plan) == ["restart:gw-a", "prove:cluster", "prove-listeners:true"]
    assert plan.notes[-1].startswith("gw-a is set to it already, but its listener does otherwise")


@pytest.mark.parametrize("value", [True, False])
def test_the_plan_says_what_it_does_and_what_it_does_not(value: bool) -> None:
    snapshot = healthy(SMALL) if not value else _all_false(healthy(SMALL))
    notes = planned(snapshot, value=value).notes
    assert LISTENER in notes
    assert CONTROL in notes
    assert (OPEN in notes) is not value
    assert all(f"note: {note}" in closing_lines(planned(snapshot, value=value)) for note in notes)


def test_where_own_files_are_in_use_it_makes_no_difference() -> None:
    notes = planned(healthy(WITH_PAIR, runs=SHARED), value=False).notes
    assert "gw-a, gw-b, gw-d, gw-c run with files of their own: there it will make no difference" in notes
    alone = planned(healthy(WITH_PAIR, runs=SHARED), value=False, member="gw-a").notes
    assert "gw-a runs with files of its own: there it will make no difference" in alone
    assert not any("no difference" in note for note in planned(healthy(WITH_PAIR), value=False).notes)


@pytest.mark.parametrize("word", ["", "yes", "True", "FALSE", "0", "null"])
def test_a_word_that_is_neither_true_nor_false_is_refused_with_the_right_forms(word: str) -> None:
    with pytest.raises(UsageError, match="neither true nor false") as caught:
        wanted_value(word)
    assert caught.value.remedy == FORMS


def test_true_and_false_are_taken() -> None:
    assert (wanted_value("true"), wanted_value("false")) == (True, False)


def test_a_member_that_there_is_not() -> None:
    with pytest.raises(UsageError, match="gw-x is no member"):
        members_meant(SMALL, "gw-x", value=False)
    with pytest.raises(UsageError, match="gw-d1 is a node of the pair gw-d") as caught:
        members_meant(SMALL, "gw-d1", value=False)
    assert caught.value.remedy == "fab cluster.require-certificates false --member gw-d"


def test_the_messaging_listener_is_asked_where_rest_names_it() -> None:
    plain = healthy(SMALL)
    assert messaging_address(plain.nodes["gw-a"]) == ("gw-a", 9105)
    other = alter_membership(plain, "gw-a", messaging_address="10.9.9.9", messaging_port=9205)
    assert messaging_address(other.nodes["gw-a"]) == ("10.9.9.9", 9205)
    every = alter_membership(plain, "gw-a", messaging_address="All")
    assert messaging_address(every.nodes["gw-a"])[0] == "gw-a"
