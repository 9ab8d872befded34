"""From nodes that are no members yet to the steps that make them so."""

from __future__ import annotations

import pytest

from tasks.core.errors import Refused
from tasks.core.formation import plan_creation, plan_joining
from tasks.core.membership_keys import OBJECT
from tasks.core.plan import Plan, Value
from tasks.core.plan_text import post_lines
from tasks.core.step_text import step_text
from tests.core.certs import OTHER_SHARED, SHARED
from tests.core.formations import SETS, THREE, WITH_PAIR, addressed, formed, pending, unformed, wanting
from tests.core.plans import step_ids
from tests.core.snapshots import alter_files, alter_membership, files_of, node_files, pair


def _post(plan: Plan, node: str) -> dict[str, Value]:
    return plan.posts[f"configure:{node}"][OBJECT]


def _counts(plan: Plan) -> list[dict[str, str]]:
    return [{m: str(c) for m, c in step.expected.items()} for step in plan.steps]


def test_files_come_first_then_the_configuration_then_one_restart_after_the_other() -> None:
    assert step_ids(plan_creation(unformed(), SETS)) == [
        *("place:gw-a", "place:gw-b", "place:gw-c"),
        *("swap:gw-a", "swap:gw-b", "swap:gw-c"),
        *("configure:gw-a", "configure:gw-b", "configure:gw-c"),
        *("restart:gw-a", "restart:gw-b", "restart:gw-c"),
        "prove:cluster",
    ]


def test_what_is_configured_is_shown_as_rest_takes_it() -> None:
    lines = post_lines(plan_creation(unformed(), SETS))
    assert [line.split(":")[0] for line in lines] == [
        f"  [{node}] ClusterMembership" for node in ("gw-a", "gw-b", "gw-c")
    ]
    assert "EnableClusterMembership true" in lines[0]
    assert "ControlPort 9104" in lines[0]
    assert 'ClusterName "MyCluster"' in lines[0]


def test_the_counts_grow_with_every_member_and_those_that_are_not_there_yet_are_not_asked() -> None:
    plan = plan_creation(unformed(), SETS)
    assert plan.baseline == {}
    assert _counts(plan)[8:] == [
        {},
        {"gw-a": "0/0"},
        {"gw-a": "1/0", "gw-b": "1/0"},
        {"gw-a": "2/0", "gw-b": "2/0", "gw-c": "2/0"},
        {"gw-a": "2/0", "gw-b": "2/0", "gw-c": "2/0"},
    ]


def test_a_pair_is_configured_on_its_standby_first_and_restarted_as_one() -> None:
    ids = step_ids(plan_creation(unformed(WITH_PAIR), SETS))
    assert ids[-4:] == ["restart:gw-a", "restart:gw-b", "restart-pair:gw-d", "prove:cluster"]
    assert ids[-8:-4] == ["configure:gw-a", "configure:gw-b", "configure:gw-d2", "configure:gw-d1"]


def test_a_standby_gets_its_addresses_and_nothing_that_its_primary_replicates() -> None:
    plan = plan_creation(unformed(WITH_PAIR), SETS)
    standby, primary = _post(plan, "gw-d2"), _post(plan, "gw-d1")
    assert standby["ControlAddress"] == standby["MessagingAddress"] == "10.0.0.4"
    assert set(primary) - set(standby) == {"EnableClusterMembership", "ClusterName", "DiscoveryServerList"}


def test_what_is_posted_to_a_member() -> None:
    assert _post(plan_creation(unformed(), SETS), "gw-a") == {
        "EnableClusterMembership": True,
        "ClusterName": "MyCluster",
        "UseMulticastDiscovery": False,
        "DiscoveryServerList": "10.0.0.2:9104,10.0.0.3:9104",
        "ControlAddress": "10.0.0.1",
        "ControlPort": 9104,
        "MessagingAddress": "10.0.0.1",
        "MessagingPort": 9105,
        "MessagingUseTLS": False,
        "RequireCertificates": True,
    }


def test_the_list_names_both_nodes_of_a_pair_and_external_addresses_where_there_are_some() -> None:
    snapshot = wanting(unformed(WITH_PAIR), "gw-b", control_external_address="192.0.2.9")
    snapshot = wanting(snapshot, "gw-d2", control_external_port=19104)
    plan = plan_creation(snapshot, SETS)
    assert _post(plan, "gw-a")["DiscoveryServerList"] == "192.0.2.9:9104,10.0.0.3:9104,10.0.0.4:19104"
    assert _post(plan, "gw-b")["ControlExternalAddress"] == "192.0.2.9"
    assert plan.addresses["gw-b"] == ("10.0.0.2", 9104)  # where it listens, not where others dial


def test_an_ipv6_address_stands_in_brackets_in_the_list_and_nowhere_else() -> None:
    plan = plan_creation(wanting(unformed(), "gw-b", control_address="2001:db8::2"), SETS)
    assert _post(plan, "gw-a")["DiscoveryServerList"] == "[2001:db8::2]:9104,10.0.0.3:9104"
    assert _post(plan, "gw-b")["ControlAddress"] == "2001:db8::2"


def test_multicast_is_configured_without_a_list() -> None:
    snapshot = unformed()
    for node in ("gw-a", "gw-b", "gw-c"):
        snapshot = wanting(snapshot, node, multicast=True, discovery_port=9206, discovery_time_s=20)
    plan = plan_creation(snapshot, SETS)
    post = _post(plan, "gw-a")
    assert post["UseMulticastDiscovery"] is True
    assert "DiscoveryServerList" not in post
    assert (post["DiscoveryPort"], post["DiscoveryTime"]) == (9206, 20)
    assert any("multicast" in note for note in plan.notes)


def test_a_formed_cluster_has_nothing_to_do() -> None:
    plan = plan_creation(formed(), SETS)
    assert plan.steps == ()
    assert "every member is in the cluster" in plan.why


def test_members_that_are_in_it_are_neither_configured_nor_restarted() -> None:
    plan = plan_creation(formed(but=("gw-c",)), SETS)
    assert step_ids(plan) == ["place:gw-c", "swap:gw-c", "configure:gw-c", "restart:gw-c", "prove:cluster"]
    assert {m: str(c) for m, c in plan.baseline.items()} == {"gw-a": "1/0", "gw-b": "1/0"}
    assert _counts(plan)[-1] == {"gw-a": "2/0", "gw-b": "2/0", "gw-c": "2/0"}


def test_a_member_that_is_configured_and_not_restarted_goes_on_to_its_restart() -> None:
    plan = plan_creation(pending(unformed(), "gw-a"), SETS)
    assert "configure:gw-a" not in step_ids(plan)
    assert "restart:gw-a" in step_ids(plan)


def test_files_that_lie_there_already_are_not_placed_again() -> None:
    snapshot = unformed()
    placed = node_files(snapshot.nodes["gw-b"].node, SHARED)
    ids = step_ids(plan_creation(alter_files(snapshot, "gw-b", files=placed.files), SETS))
    assert "place:gw-b" not in ids
    assert "swap:gw-b" not in ids
    assert files_of(snapshot, "gw-b").files != placed.files


def test_sets_that_do_not_trust_each_other_form_no_cluster() -> None:
    foreign = {**SETS, "gw-b": OTHER_SHARED}
    with pytest.raises(Refused, match=r"\[gw-b\] its credential set and what gw-a runs with do not trust"):
        plan_creation(unformed(), foreign)


def test_a_newcomer_looks_for_the_running_members_where_they_say_they_are() -> None:
    snapshot = formed(WITH_PAIR, but=("gw-b",))
    snapshot = wanting(snapshot, "gw-a", control_address="10.9.9.9")  # the inventory's word does not count
    plan = plan_joining(snapshot, SETS, name="gw-b")
    assert _post(plan, "gw-b")["DiscoveryServerList"] == "10.0.0.1:9104,10.0.0.3:9104,10.0.0.4:9104"
    assert step_ids(plan) == ["place:gw-b", "swap:gw-b", "configure:gw-b", "restart:gw-b", "prove:cluster"]
    assert _counts(plan)[-1] == {"gw-a": "2/0", "gw-b": "2/0", "gw-d": "2/0"}


def test_who_joins_changes_no_file_of_the_others() -> None:
    plan = plan_joining(formed(but=("gw-c",)), SETS, name="gw-c")
    assert plan.targets["gw-a"].files == {}
    assert plan.targets["gw-a"].leaf_sha256 == SHARED.leaf.sha256
    assert plan.targets["gw-c"].files == dict(SHARED.sha256)


def test_that_the_others_do_not_name_who_joins_is_said_where_it_is_so() -> None:
    named = formed(but=("gw-c",))  # as cluster.create made their lists
    unnamed = alter_membership(named, "gw-a", discovery_server_list=("10.0.0.2:9104",))
    for snapshot, said in ((named, False), (unnamed, True)):
        notes = plan_joining(snapshot, SETS, name="gw-c").notes
        assert any("does not name gw-c" in note for note in notes) is said


def test_a_second_outsider_is_left_out_of_the_plan() -> None:
    plan = plan_joining(formed(but=("gw-b", "gw-c")), SETS, name="gw-c")
    assert set(plan.targets) == {"gw-a", "gw-c"}
    assert _counts(plan)[-1] == {"gw-a": "1/0", "gw-c": "1/0"}


def test_a_member_has_joined_already() -> None:
    assert plan_joining(formed(), SETS, name="gw-c").steps == ()


def test_a_pair_can_join() -> None:
    ids = step_ids(plan_joining(formed(WITH_PAIR, but=("gw-d",)), SETS, name="gw-d"))
    assert ids == [
        *("place:gw-d1", "place:gw-d2", "swap:gw-d"),
        *("configure:gw-d2", "configure:gw-d1"),
        *("restart-pair:gw-d", "prove:cluster"),
    ]


def test_the_same_view_gives_the_same_plan() -> None:
    snapshot = unformed(addressed("gw-a", pair("gw-d")))
    assert plan_creation(snapshot, SETS).fingerprint == plan_creation(snapshot, SETS).fingerprint
    assert plan_creation(unformed(THREE), SETS).fingerprint != plan_creation(snapshot, SETS).fingerprint


def test_a_pair_that_restarts_as_one_says_so() -> None:
    plan = plan_creation(unformed(WITH_PAIR), SETS)
    texts = [step_text(plan, step) for step in plan.steps]
    assert "restart both nodes of gw-d" in texts
    assert any("both nodes of gw-d restart as one" in note for note in plan.notes)
    assert not any("already" in note for note in plan.notes)
