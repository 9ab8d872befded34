"""From what is seen to the documented steps, in their order, with their edits."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from tasks.core.course import Wish
from tasks.core.errors import UsageError
from tasks.core.issuing import credential_set
from tasks.core.model import Cluster
from tasks.core.observed import loaded_now
from tasks.core.plan import Plan
from tasks.core.planning import plan_migration
from tasks.core.server_cfg import file_sha256, parse
from tasks.core.snapshot import Snapshot
from tasks.core.step_kinds import StepKind
from tests.core.certs import BUILTIN_SET, OTHER_SHARED, SHARED
from tests.core.plans import plan_of, restarted, step_ids
from tests.core.snapshots import (
    CFG,
    KEYSTORE,
    WITH_PAIR,
    alter,
    alter_node,
    cluster,
    healthy,
    pair,
    single,
    wire,
)


def test_three_singles_follow_the_documented_order() -> None:
    assert step_ids(plan_of(healthy())) == [
        *("place:gw-a", "place:gw-b", "place:gw-c"),
        *("swap:gw-a", "restart:gw-a"),
        *("swap:gw-b", "restart:gw-b"),
        *("swap:gw-c", "restart:gw-c"),
        "prove:cluster",
    ]


def test_the_standby_of_a_pair_goes_first_and_its_primary_in_turn() -> None:
    assert step_ids(plan_of(healthy(cluster(pair("gw-d"), "gw-f")))) == [
        *("place:gw-d1", "place:gw-d2", "place:gw-f"),
        *("swap:gw-d", "restart-standby:gw-d"),
        "restart:gw-d",
        *("swap:gw-f", "restart:gw-f"),
        "prove:cluster",
    ]


def test_all_standbys_go_one_after_the_other_before_any_primary_or_single() -> None:
    ids = step_ids(plan_of(healthy(cluster("gw-a", pair("gw-d"), pair("gw-e")))))
    assert ids[5:9] == ["swap:gw-d", "restart-standby:gw-d", "swap:gw-e", "restart-standby:gw-e"]
    assert ids[9:12] == ["restart:gw-d", "restart:gw-e", "swap:gw-a"]


def test_place_first_swaps_all_members_before_the_first_restart() -> None:
    ids = step_ids(plan_of(healthy(WITH_PAIR), place_first=True))
    kinds = [kind for kind, _ in itertools.groupby(i.split(":")[0] for i in ids)]
    assert kinds == ["place", "swap", "restart-standby", "restart", "prove"]


def test_without_place_first_a_member_is_swapped_right_before_its_first_restart() -> None:
    ids = step_ids(plan_of(healthy(WITH_PAIR)))
    for swap, then in itertools.pairwise(ids):
        if swap.startswith("swap:"):
            assert then.split(":")[0] in ("restart", "restart-standby")
            assert then.split(":")[1] == swap.split(":")[1]


@pytest.mark.parametrize("shape", [s for n in (1, 2, 3, 4) for s in itertools.product("sp", repeat=n)])
def test_whatever_the_shape_and_the_observer_the_order_keeps_its_promises(shape: tuple[str, ...]) -> None:
    members = [pair(f"m{i}-") if kind == "p" else single(f"m{i}") for i, kind in enumerate(shape)]
    wanted = cluster(*members)
    snapshot, old = healthy(wanted), {m.name: LOADED for m in members}
    for observer, place_first in itertools.product([m.name for m in members], (False, True)):
        wish = Wish("prescribed", observer=observer, place_first=place_first)
        sets = {m.name: SHARED for m in members}
        _promises(plan_migration(snapshot, sets, old=old, wish=wish), wanted, observer)


LOADED = loaded_now(healthy(runs=SHARED))["gw-a"]  # only the order is looked at


def _promises(plan: Plan, wanted: Cluster, observer: str) -> None:
    ids = step_ids(plan)
    kinds = [step.kind for step in plan.steps]
    assert len(set(ids)) == len(ids)
    assert ids[-1] == "prove:cluster"
    assert ids[-2] == f"restart:{observer}"
    assert sorted(restarted(plan)) == sorted(m.name for m in wanted.members)
    places = [i for i, kind in enumerate(kinds) if kind is StepKind.PLACE]
    assert places == list(range(len(wanted.nodes)))
    assert {plan.steps[i].target for i in places} == {n.name for n in wanted.nodes}
    for member in wanted.members:
        own = [i for i in ids if i.endswith(f":{member.name}") and not i.startswith("place:")]
        first = ["swap", "restart-standby", "restart"] if member.is_pair else ["swap", "restart"]
        assert [i.split(":")[0] for i in own] == first


NEW_KEYSTORE = PurePosixPath("/srv/amlen/keystore")


def _moving_keystore() -> Snapshot:
    snapshot = healthy(runs=SHARED)
    paths = replace(snapshot.nodes["gw-b"].node.paths, keystore=NEW_KEYSTORE)
    return alter_node(snapshot, "gw-b", paths=paths)


def test_a_keystore_that_moves_is_an_edit_with_its_other_files_carried_along() -> None:
    plan = plan_of(_moving_keystore())
    assert list(plan.edits) == ["gw-b"]
    change = plan.edits["gw-b"]
    assert (change.keystore, change.truststore) == (str(NEW_KEYSTORE), None)
    assert change.old_sha256 == file_sha256(CFG)
    edited = CFG.replace(str(KEYSTORE), str(NEW_KEYSTORE))
    assert change.new_sha256 == file_sha256(edited)
    assert parse(edited).keystore == NEW_KEYSTORE
    assert f"-KeyStore = {KEYSTORE}\n+KeyStore = {NEW_KEYSTORE}" in change.diff
    assert change.carried == ("AdminDefaultCert.pem", "AdminDefaultKey.pem")


def test_an_edit_alone_makes_a_member_need_its_steps() -> None:
    assert restarted(plan_of(_moving_keystore())) == ["gw-b"]
    assert restarted(plan_of(healthy(runs=SHARED))) == []


def test_a_truststore_that_moves_carries_no_key_files() -> None:
    snapshot = healthy()
    paths = replace(snapshot.nodes["gw-a"].node.paths, truststore=PurePosixPath("/srv/trust"))
    change = plan_of(alter_node(snapshot, "gw-a", paths=paths)).edits["gw-a"]
    assert (change.keystore, change.truststore, change.carried) == (None, "/srv/trust", ())


def test_a_path_that_is_already_so_is_no_edit() -> None:
    snapshot = healthy()
    paths = replace(snapshot.nodes["gw-a"].node.paths, keystore=KEYSTORE)
    assert plan_of(alter_node(snapshot, "gw-a", paths=paths)).edits == {}


def test_the_plan_says_what_is_served_before_and_wanted_after() -> None:
    plan = plan_of(healthy(WITH_PAIR))
    assert plan.before["gw-a"] == BUILTIN_SET.leaf.sha256
    assert plan.before["gw-d2"] == "standby"
    assert plan.targets["gw-d"].leaf_sha256 == SHARED.leaf.sha256
    assert plan.targets["gw-d"].files == dict(SHARED.sha256)
    assert plan.pairs == ("gw-d",)


def test_no_key_is_in_the_plan() -> None:
    text = plan_of(healthy()).model_dump_json()
    secret = SHARED.key.file_bytes().decode().splitlines()[1]
    assert secret not in text
    assert "PRIVATE KEY" not in text


def test_a_set_with_another_ca_file_and_the_same_leaf_still_needs_a_restart() -> None:
    wider = credential_set("shared", SHARED.key, chain=SHARED.chain, ca=(*SHARED.ca, *OTHER_SHARED.ca))
    placed = healthy(runs=wider)
    assert plan_of(placed, wider).steps == ()
    not_loaded = alter(placed, "gw-a", wire=wire(SHARED))
    assert restarted(plan_of(not_loaded, wider)) == ["gw-a"]


def test_an_unknown_strategy_is_refused_with_what_there_is() -> None:
    with pytest.raises(UsageError, match=r"--strategy fast is unknown") as caught:
        plan_of(healthy(), strategy="fast")
    assert caught.value.remedy == "one of: auto, renew, overlap, bridge, prescribed"


def test_the_counts_at_the_start_are_those_the_checks_demand() -> None:
    """Members that are connected stay expected so, whatever their certificates promise."""
    snapshot = alter(healthy(), "gw-b", wire=wire(OTHER_SHARED))
    assert str(plan_of(snapshot).baseline["gw-b"]) == "2/0"
