"""From what is seen to the documented steps, and what every member must show after each."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import PurePosixPath

import pytest

from tasks.core.credential_set import CA_FILE, CERT_FILE, KEY_FILE, CredentialSet
from tasks.core.errors import Refused
from tasks.core.issuing import Subject, credential_set, leaf_set
from tasks.core.model import Cluster
from tasks.core.observed import loaded_now
from tasks.core.plan import RESTARTS, Plan, StepKind
from tasks.core.planning import Wish, is_done, plan_migration
from tasks.core.server_cfg import file_sha256, parse
from tasks.core.snapshot import Snapshot
from tests.core.certs import BUILTIN_SET, NOW, OTHER_SHARED, OWN, SHARED
from tests.core.snapshots import (
    CFG,
    KEYSTORE,
    NO_ANSWER,
    PLACED_AT,
    THREE,
    WITH_PAIR,
    alter,
    alter_file,
    alter_files,
    alter_membership,
    alter_node,
    alter_server,
    cluster,
    healthy,
    node_files,
    pair,
    retired_remote,
    single,
    status_of,
    wire,
)
from tests.core.statuses import NOON


def _plan(
    snapshot: Snapshot,
    sets: CredentialSet | Mapping[str, CredentialSet] = SHARED,
    *,
    observer: str | None = None,
    place_first: bool = False,
) -> Plan:
    names = [m.name for m in snapshot.cluster.members]
    by_member = {n: sets if isinstance(sets, CredentialSet) else sets[n] for n in names}
    wish = Wish(observer=observer, place_first=place_first)
    return plan_migration(snapshot, by_member, old=loaded_now(snapshot), wish=wish)


def _ids(plan: Plan) -> list[str]:
    return [step.id for step in plan.steps]


def _restarted(plan: Plan) -> list[str]:
    return [step.target for step in plan.steps if step.kind is StepKind.RESTART]


def _after(plan: Plan, *members: str) -> dict[str, list[str]]:
    """By step id: the counts of these members."""
    return {step.id: [str(step.expected[m]) for m in members] for step in plan.steps}


# --- order


def test_three_singles_follow_the_documented_order() -> None:
    assert _ids(_plan(healthy())) == [
        *("place:gw-a", "place:gw-b", "place:gw-c"),
        *("swap:gw-a", "restart:gw-a"),
        *("swap:gw-b", "restart:gw-b"),
        *("swap:gw-c", "restart:gw-c"),
        "prove:cluster",
    ]


def test_the_standby_of_a_pair_goes_first_and_its_primary_in_turn() -> None:
    assert _ids(_plan(healthy(cluster(pair("gw-d"), "gw-f")))) == [
        *("place:gw-d1", "place:gw-d2", "place:gw-f"),
        *("swap:gw-d", "restart-standby:gw-d"),
        "restart:gw-d",
        *("swap:gw-f", "restart:gw-f"),
        "prove:cluster",
    ]


def test_all_standbys_go_one_after_the_other_before_any_primary_or_single() -> None:
    ids = _ids(_plan(healthy(cluster("gw-a", pair("gw-d"), pair("gw-e")))))
    assert ids[5:9] == ["swap:gw-d", "restart-standby:gw-d", "swap:gw-e", "restart-standby:gw-e"]
    assert ids[9:12] == ["restart:gw-d", "restart:gw-e", "swap:gw-a"]


def test_place_first_swaps_all_members_before_the_first_restart() -> None:
    ids = _ids(_plan(healthy(WITH_PAIR), place_first=True))
    kinds = [kind for kind, _ in itertools.groupby(i.split(":")[0] for i in ids)]
    assert kinds == ["place", "swap", "restart-standby", "restart", "prove"]


def test_without_place_first_a_member_is_swapped_right_before_its_first_restart() -> None:
    ids = _ids(_plan(healthy(WITH_PAIR)))
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
        wish = Wish(observer=observer, place_first=place_first)
        sets = {m.name: SHARED for m in members}
        _promises(plan_migration(snapshot, sets, old=old, wish=wish), wanted, observer)


LOADED = loaded_now(healthy(runs=SHARED))["gw-a"]  # only the order is looked at


def _promises(plan: Plan, wanted: Cluster, observer: str) -> None:
    ids = _ids(plan)
    kinds = [step.kind for step in plan.steps]
    assert len(set(ids)) == len(ids)
    assert ids[-1] == "prove:cluster"
    assert ids[-2] == f"restart:{observer}"
    assert sorted(_restarted(plan)) == sorted(m.name for m in wanted.members)
    places = [i for i, kind in enumerate(kinds) if kind is StepKind.PLACE]
    assert places == list(range(len(wanted.nodes)))
    assert {plan.steps[i].target for i in places} == {n.name for n in wanted.nodes}
    for member in wanted.members:
        own = [i for i in ids if i.endswith(f":{member.name}") and not i.startswith("place:")]
        first = ["swap", "restart-standby", "restart"] if member.is_pair else ["swap", "restart"]
        assert [i.split(":")[0] for i in own] == first


# --- observer


def test_the_observer_asked_for_beats_that_of_the_inventory() -> None:
    snapshot = healthy(cluster("gw-a", "gw-b", "gw-c", observer="gw-b"))
    assert _restarted(_plan(snapshot, observer="gw-a"))[-1] == "gw-a"
    assert _restarted(_plan(snapshot))[-1] == "gw-b"


def test_by_default_the_observer_is_the_last_of_the_inventory() -> None:
    assert _plan(healthy()).observer == "gw-c"


def test_by_default_a_single_is_observer_before_a_pair() -> None:
    assert _plan(healthy(WITH_PAIR)).observer == "gw-c"
    assert _plan(healthy(cluster(pair("gw-d"), pair("gw-e")))).observer == "gw-e"


def _seeded(wanted: Cluster, *hosts: str) -> Snapshot:
    snapshot = healthy(wanted)
    for name in snapshot.nodes:
        seeds = tuple(f"{host}:9106" for host in hosts)
        snapshot = alter_membership(snapshot, name, discovery_server_list=seeds)
    return snapshot


@pytest.mark.parametrize(
    ("seeds", "observer"),
    [
        pytest.param(("gw-c",), "gw-b", id="the only seed is passed over"),
        pytest.param(("gw-a", "gw-c"), "gw-c", id="one seed of two may go"),
        pytest.param(("gw-a",), "gw-c", id="the only seed is another one"),
        pytest.param((), "gw-c", id="no seeds: multicast"),
    ],
)
def test_the_default_observer_is_never_the_only_discovery_seed(seeds: tuple[str, ...], observer: str) -> None:
    assert _plan(_seeded(THREE, *seeds)).observer == observer


def test_the_only_single_gives_way_to_a_pair_where_it_is_the_only_seed() -> None:
    wanted = cluster("gw-a", pair("gw-d"))
    assert _plan(_seeded(wanted, "gw-a")).observer == "gw-d"
    assert _plan(_seeded(wanted, "gw-d1", "gw-d2")).observer == "gw-a"


def test_a_seed_is_known_by_its_control_address() -> None:
    snapshot = _seeded(THREE, "10.0.0.3")
    assert _plan(snapshot).observer == "gw-c"
    assert _plan(alter_membership(snapshot, "gw-c", control_address="10.0.0.3")).observer == "gw-b"


def test_a_member_alone_observes_itself_even_as_the_only_seed() -> None:
    assert _plan(_seeded(cluster("gw-a"), "gw-a")).observer == "gw-a"


# --- expected counts


def test_the_counts_from_built_in_to_user_credentials_are_those_of_real_servers() -> None:
    plan = _plan(healthy())
    after = _after(plan, "gw-a", "gw-b", "gw-c")
    assert [str(plan.baseline[m]) for m in ("gw-a", "gw-b", "gw-c")] == ["2/0", "2/0", "2/0"]
    assert after["place:gw-c"] == after["swap:gw-a"] == ["2/0", "2/0", "2/0"]
    assert after["restart:gw-a"] == after["swap:gw-b"] == ["0/2", "1/1", "1/1"]
    assert after["restart:gw-b"] == after["swap:gw-c"] == ["1/1", "1/1", "0/2"]
    assert after["restart:gw-c"] == after["prove:cluster"] == ["2/0", "2/0", "2/0"]
    assert "apart until the last restart" in plan.why


def test_swapping_everything_in_first_leaves_the_counts_as_they_were() -> None:
    after = _after(_plan(healthy(), place_first=True), "gw-a", "gw-b", "gw-c")
    assert after["swap:gw-c"] == ["2/0", "2/0", "2/0"]
    assert after["restart:gw-a"] == ["0/2", "1/1", "1/1"]


def test_a_pair_counts_as_one_member_and_its_standby_changes_nothing() -> None:
    after = _after(_plan(healthy(cluster(pair("gw-d"), "gw-f"))), "gw-d", "gw-f")
    assert after["restart-standby:gw-d"] == ["1/0", "1/0"]
    assert after["restart:gw-d"] == ["0/1", "0/1"]
    assert after["restart:gw-f"] == ["1/0", "1/0"]


def _renewed() -> dict[str, CredentialSet]:
    names = ("gw-a", "gw-b", "gw-c")
    return {n: leaf_set(n, OWN.issuer, subject=Subject(n), days=365, now=NOW) for n in names}


def test_new_leafs_under_the_same_ca_keep_everybody_connected() -> None:
    plan = _plan(healthy(runs=OWN.sets), _renewed())
    assert {str(c) for step in plan.steps for c in step.expected.values()} == {"2/0"}
    assert len(plan.restarts) == 3
    assert "no settled member is apart" in plan.why


def test_another_shared_set_does_part_them() -> None:
    plan = _plan(healthy(runs=SHARED), OTHER_SHARED)
    assert _after(plan, "gw-a", "gw-b", "gw-c")["restart:gw-a"] == ["0/2", "1/1", "1/1"]


def test_retired_members_add_to_the_disconnected_of_those_that_remember_them() -> None:
    snapshot = healthy(cluster("gw-a", "gw-b", "gw-c", retired=("UID-OLD",)))
    assert _after(_plan(snapshot), "gw-a", "gw-b", "gw-c")["restart:gw-a"] == ["0/3", "1/2", "1/2"]
    forgot = alter(snapshot, "gw-a", remotes=healthy().nodes["gw-a"].remotes)
    assert _after(_plan(forgot), "gw-a", "gw-b", "gw-c")["restart:gw-a"] == ["0/2", "1/2", "1/2"]


def test_an_unlisted_server_that_is_gone_is_not_counted_as_retired() -> None:
    seen = healthy().nodes["gw-a"].remotes
    assert isinstance(seen, tuple)
    snapshot = alter(healthy(), "gw-a", remotes=(*seen, retired_remote("UID-OLD")))
    assert str(_plan(snapshot).baseline["gw-a"]) == "2/0"


# --- who still needs it


def test_nothing_is_to_do_where_every_member_runs_with_its_set() -> None:
    assert _plan(healthy(WITH_PAIR, runs=SHARED)).steps == ()
    assert _plan(healthy(WITH_PAIR, runs=SHARED), OTHER_SHARED).steps != ()


def test_only_the_members_that_still_need_it_get_steps() -> None:
    sets = {**OWN.sets, "gw-b": _renewed()["gw-b"]}
    assert _ids(_plan(healthy(runs=OWN.sets), sets)) == [
        *("place:gw-b", "swap:gw-b", "restart:gw-b"),
        "prove:cluster",
    ]


Change = Callable[[Snapshot], Snapshot]
NOT_DONE = [
    pytest.param(lambda s: alter(s, "gw-a", wire=wire(OTHER_SHARED)), "gw-a", id="serves another"),
    pytest.param(lambda s: alter(s, "gw-a", wire=NO_ANSWER), "gw-a", id="certificate unseen"),
    pytest.param(lambda s: alter(s, "gw-a", files=NO_ANSWER), "gw-a", id="files unseen"),
    pytest.param(
        lambda s: alter_file(s, "gw-a", KEY_FILE, sha256="0" * 64), "gw-a", id="key on disk differs"
    ),
    pytest.param(lambda s: alter_file(s, "gw-a", CA_FILE, sha256=None), "gw-a", id="no CA file"),
    pytest.param(
        lambda s: alter_file(s, "gw-a", KEY_FILE, readable=False), "gw-a", id="T2 at the next start"
    ),
    pytest.param(
        lambda s: alter(s, "gw-a", wire=wire(SHARED, ca=OTHER_SHARED.ca)), "gw-a", id="older CA file loaded"
    ),
    pytest.param(lambda s: alter_file(s, "gw-d2", CERT_FILE, sha256=None), "gw-d", id="standby lacks a file"),
    pytest.param(
        lambda s: alter_server(s, "gw-d2", uptime_s=2 * 3600),
        "gw-d",
        id="standby started before the files came",
    ),
    pytest.param(lambda s: alter(s, "gw-d2", status=NO_ANSWER), "gw-d", id="standby does not answer"),
]


@pytest.mark.parametrize(("change", "member"), NOT_DONE)
def test_a_member_is_done_only_where_files_wire_and_start_say_so(change: Change, member: str) -> None:
    snapshot = healthy(WITH_PAIR, runs=SHARED)
    for each in WITH_PAIR.members:
        assert is_done(snapshot, each, SHARED)
    changed = change(snapshot)
    for each in WITH_PAIR.members:
        assert is_done(changed, each, SHARED) is (each.name != member)


@pytest.mark.parametrize(
    ("placed_at", "offset_h", "done"),
    [
        pytest.param(PLACED_AT, 0, True, id="files first, clocks alike"),
        pytest.param(PLACED_AT, -2, True, id="files first, the standby's clock two hours behind"),
        pytest.param(NOON.timestamp() + 60, 0, False, id="start first, clocks alike"),
        pytest.param(NOON.timestamp() + 60, 2, False, id="start first, the standby's clock two hours ahead"),
    ],
)
def test_the_clocks_of_a_pair_are_set_off_against_each_other(
    placed_at: float, offset_h: int, done: bool
) -> None:
    files = node_files(WITH_PAIR.node("gw-d1"), SHARED, changed_at=placed_at)
    snapshot = alter(healthy(WITH_PAIR, runs=SHARED), "gw-d1", files=files)
    offset = timedelta(hours=offset_h)
    server_time = status_of(snapshot, "gw-d2").server.server_time + offset
    snapshot = alter_server(snapshot, "gw-d2", server_time=server_time)
    snapshot = alter_files(snapshot, "gw-d2", clock_offset_s=offset.total_seconds())
    assert is_done(snapshot, WITH_PAIR.member("gw-d"), SHARED) is done


def test_a_pair_is_done_whichever_node_is_primary() -> None:
    snapshot = healthy(WITH_PAIR, runs=SHARED)
    one, two = snapshot.nodes["gw-d1"], snapshot.nodes["gw-d2"]
    standby = status_of(snapshot, "gw-d2")
    swapped = replace(
        snapshot,
        nodes={
            **snapshot.nodes,
            "gw-d1": replace(one, status=two.status, wire=None, remotes=None),
            "gw-d2": replace(two, status=one.status, wire=one.wire, remotes=one.remotes),
        },
    )
    assert is_done(swapped, WITH_PAIR.member("gw-d"), SHARED)
    both_standby = alter(swapped, "gw-d2", status=standby)
    assert not is_done(both_standby, WITH_PAIR.member("gw-d"), SHARED)


# --- what the plan holds


NEW_KEYSTORE = PurePosixPath("/srv/amlen/keystore")


def _moving_keystore() -> Snapshot:
    snapshot = healthy(runs=SHARED)
    paths = replace(snapshot.nodes["gw-b"].node.paths, keystore=NEW_KEYSTORE)
    return alter_node(snapshot, "gw-b", paths=paths)


def test_a_keystore_that_moves_is_an_edit_with_its_other_files_carried_along() -> None:
    plan = _plan(_moving_keystore())
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
    assert _restarted(_plan(_moving_keystore())) == ["gw-b"]
    assert _restarted(_plan(healthy(runs=SHARED))) == []


def test_a_truststore_that_moves_carries_no_key_files() -> None:
    snapshot = healthy()
    paths = replace(snapshot.nodes["gw-a"].node.paths, truststore=PurePosixPath("/srv/trust"))
    change = _plan(alter_node(snapshot, "gw-a", paths=paths)).edits["gw-a"]
    assert (change.keystore, change.truststore, change.carried) == (None, "/srv/trust", ())


def test_a_path_that_is_already_so_is_no_edit() -> None:
    snapshot = healthy()
    paths = replace(snapshot.nodes["gw-a"].node.paths, keystore=KEYSTORE)
    assert _plan(alter_node(snapshot, "gw-a", paths=paths)).edits == {}


def test_the_plan_says_what_is_served_before_and_wanted_after() -> None:
    plan = _plan(healthy(WITH_PAIR))
    assert plan.before["gw-a"] == BUILTIN_SET.leaf.sha256
    assert plan.before["gw-d2"] == "standby"
    assert plan.targets["gw-d"].leaf_sha256 == SHARED.leaf.sha256
    assert plan.targets["gw-d"].files == dict(SHARED.sha256)
    assert plan.pairs == ("gw-d",)


def test_no_key_is_in_the_plan() -> None:
    text = _plan(healthy()).model_dump_json()
    secret = SHARED.key.file_bytes().decode().splitlines()[1]
    assert secret not in text
    assert "PRIVATE KEY" not in text


def test_a_set_with_another_ca_file_and_the_same_leaf_still_needs_a_restart() -> None:
    wider = credential_set("shared", SHARED.key, chain=SHARED.chain, ca=(*SHARED.ca, *OTHER_SHARED.ca))
    placed = healthy(runs=wider)
    assert _plan(placed, wider).steps == ()
    not_loaded = alter(placed, "gw-a", wire=wire(SHARED))
    assert _restarted(_plan(not_loaded, wider)) == ["gw-a"]


def test_an_unknown_strategy_is_refused_with_what_there_is() -> None:
    wish = Wish(strategy="overlap")
    with pytest.raises(Refused, match=r"strategy overlap is not available") as caught:
        plan_migration(healthy(), {}, old={}, wish=wish)
    assert caught.value.remedy == "fab plan --strategy prescribed"


def test_auto_is_the_prescribed_strategy_for_now() -> None:
    assert _plan(healthy()).strategy == "prescribed"


def test_the_counts_at_the_start_are_those_the_checks_demand() -> None:
    """Members that are connected stay expected so, whatever their certificates promise."""
    snapshot = alter(healthy(), "gw-b", wire=wire(OTHER_SHARED))
    assert str(_plan(snapshot).baseline["gw-b"]) == "2/0"


def test_restarts_are_what_the_plan_calls_so() -> None:
    plan = _plan(healthy(WITH_PAIR))
    assert [step.kind in RESTARTS for step in plan.restarts] == [True] * 5
