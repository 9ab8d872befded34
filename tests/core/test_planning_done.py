"""Only the members that still need it get steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tasks.core.done import is_done, runs_already
from tasks.core.file_names import CA_FILE, CERT_FILE, KEY_FILE
from tasks.core.rounds import Running
from tasks.core.snapshot import Snapshot
from tasks.core.trust import Loaded
from tests.core.certs import BUILTIN_SET, OTHER_SHARED, OWN, SHARED
from tests.core.plans import plan_of, renewed, step_ids
from tests.core.snapshots import (
    NO_ANSWER,
    PLACED_AT,
    WITH_PAIR,
    alter,
    alter_file,
    alter_files,
    alter_server,
    healthy,
    node_files,
    status_of,
    wire,
)
from tests.core.statuses import NOON


def test_nothing_is_to_do_where_every_member_runs_with_its_set() -> None:
    assert plan_of(healthy(WITH_PAIR, runs=SHARED)).steps == ()
    assert plan_of(healthy(WITH_PAIR, runs=SHARED), OTHER_SHARED).steps != ()


def test_only_the_members_that_still_need_it_get_steps() -> None:
    sets = {**OWN.sets, "gw-b": renewed()["gw-b"]}
    assert step_ids(plan_of(healthy(runs=OWN.sets), sets)) == [
        *("place:gw-b", "swap:gw-b", "restart:gw-b"),
        "prove:cluster",
    ]


AFTER_START = NOON.timestamp() + 60
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
    pytest.param(
        lambda s: alter_file(s, "gw-a", CA_FILE, changed_at=AFTER_START),
        "gw-a",
        id="CA file written after the start, with the same names",
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


def test_a_ca_file_that_a_sync_wrote_anew_says_nothing_of_a_pair() -> None:
    """Source: AMLEN.md T7; a standby that took over has files that are younger than its process."""
    snapshot = alter_file(healthy(WITH_PAIR, runs=SHARED), "gw-d1", CA_FILE, changed_at=AFTER_START)
    assert is_done(snapshot, WITH_PAIR.member("gw-d"), SHARED)


BUILTIN_AND_CA = Running(
    Loaded(BUILTIN_SET.chain, OWN.sets["gw-a"].ca), {CA_FILE: OWN.sets["gw-a"].sha256[CA_FILE]}
)


def lone_ca_file(snapshot: Snapshot, node: str, **state: object) -> Snapshot:
    """As the first round of a bridge to CA leafs leaves it."""
    wanted = {"sha256": BUILTIN_AND_CA.files[CA_FILE], "readable": True, "changed_at": PLACED_AT}
    lying = alter_file(snapshot, node, CA_FILE, **{**wanted, **state})
    return alter_files(lying, node, ca_pem=OWN.sets["gw-a"].ca_pem)


@pytest.mark.parametrize(
    ("state", "runs"),
    [
        pytest.param({}, True, id="older than the process"),
        pytest.param({"changed_at": AFTER_START}, False, id="younger"),
        pytest.param({"readable": False}, False, id="not readable (T3)"),
        pytest.param({"sha256": "0" * 64}, False, id="another one"),
    ],
)
def test_on_the_built_in_pair_a_ca_file_is_loaded_where_it_is_older_than_the_process(
    state: dict[str, object], runs: bool
) -> None:
    snapshot = lone_ca_file(healthy(WITH_PAIR), "gw-a", **state)
    assert runs_already(snapshot, WITH_PAIR.member("gw-a"), BUILTIN_AND_CA) is runs


def test_of_a_pair_on_the_built_in_pair_that_is_never_known() -> None:
    snapshot = lone_ca_file(lone_ca_file(healthy(WITH_PAIR), "gw-d1"), "gw-d2")
    assert not runs_already(snapshot, WITH_PAIR.member("gw-d"), BUILTIN_AND_CA)
