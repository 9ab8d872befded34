"""Who is restarted last: as asked, as the inventory says, else by the rules."""

from __future__ import annotations

import pytest

from tasks.core.model import Cluster
from tasks.core.snapshot import Snapshot
from tests.core.plans import plan_of, restarted
from tests.core.snapshots import (
    THREE,
    WITH_PAIR,
    alter_membership,
    cluster,
    healthy,
    pair,
)


def test_the_observer_asked_for_beats_that_of_the_inventory() -> None:
    snapshot = healthy(cluster("gw-a", "gw-b", "gw-c", observer="gw-b"))
    assert restarted(plan_of(snapshot, observer="gw-a"))[-1] == "gw-a"
    assert restarted(plan_of(snapshot))[-1] == "gw-b"


def test_by_default_the_observer_is_the_last_of_the_inventory() -> None:
    assert plan_of(healthy()).observer == "gw-c"


def test_by_default_a_single_is_observer_before_a_pair() -> None:
    assert plan_of(healthy(WITH_PAIR)).observer == "gw-c"
    assert plan_of(healthy(cluster(pair("gw-d"), pair("gw-e")))).observer == "gw-e"


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
    assert plan_of(_seeded(THREE, *seeds)).observer == observer


def test_the_only_single_gives_way_to_a_pair_where_it_is_the_only_seed() -> None:
    wanted = cluster("gw-a", pair("gw-d"))
    assert plan_of(_seeded(wanted, "gw-a")).observer == "gw-d"
    assert plan_of(_seeded(wanted, "gw-d1", "gw-d2")).observer == "gw-a"


def test_a_seed_is_known_by_its_control_address() -> None:
    snapshot = _seeded(THREE, "10.0.0.3")
    assert plan_of(snapshot).observer == "gw-c"
    assert plan_of(alter_membership(snapshot, "gw-c", control_address="10.0.0.3")).observer == "gw-b"


def test_a_member_alone_observes_itself_even_as_the_only_seed() -> None:
    assert plan_of(_seeded(cluster("gw-a"), "gw-a")).observer == "gw-a"
