"""Where a keystore shall be: the operator's words, and what the inventory says of it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from tasks.core.errors import UsageError
from tasks.core.inventory import parse
from tasks.core.inventory_lines import place_of
from tasks.core.keystore_plan import plan_move
from tasks.core.keystore_wish import Wish, as_planned, other_places, wished
from tasks.core.model import Cluster
from tests.core.keystores import NEW, absent, moving, seen, to
from tests.core.snapshots import DATA, THREE, WITH_PAIR, cluster, pair

INVENTORY = """\
defaults:
  ssh: {user: ops}
clusters:
  production:
    truststore: /srv/trust
    members:
      gw-a: {host: 10.0.1.4}
      gw-b:
        host: 10.0.1.5
        keystore: /srv/amlen/keystore
"""


def inventory() -> Cluster:
    return parse(INVENTORY, path=Path("inventory.yaml"), cluster=None)


def test_a_path_is_for_all_nodes_or_for_one_and_data_stands_for_each_nodes_own_directory() -> None:
    everywhere = wished(WITH_PAIR, to("DATA/own/keystore", truststore="/srv/trust"))
    assert {n.paths.keystore for n in everywhere.nodes} == {DATA / "own/keystore"}
    assert {n.paths.truststore for n in everywhere.nodes} == {PurePosixPath("/srv/trust")}
    one = wished(WITH_PAIR, to(NEW, node="gw-d2"))
    assert {n.name: n.paths.keystore for n in one.nodes if n.paths.keystore} == {"gw-d2": NEW}
    assert wished(THREE, to("//srv//amlen/keystore/")).nodes[0].paths.keystore == NEW


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("keystore", "PATH must be an absolute path on the node"),
        ("DATA", "PATH must be an absolute path on the node"),
        ("/", "and not / itself"),
        ("/srv/../etc", r"without \.\."),
        ("DATA/../etc", r"without \.\."),
        ("/srv/keystore ", "without blanks at its ends"),
        ("/srv/key\nstore", "printable text"),
    ],
)
def test_a_path_that_no_server_cfg_can_hold_is_refused(path: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem) as caught:
        wished(THREE, to(path))
    assert "DATA/... is below each node's data directory" in caught.value.remedy


def test_a_node_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match="--node gw-x is no node of production") as caught:
        wished(cluster("gw-a", pair("gw-d")), to(NEW, node="gw-x"))
    assert caught.value.remedy == "nearest: gw-a; one of: gw-a, gw-d1, gw-d2"


def test_the_command_can_be_typed_again() -> None:
    assert to("/srv/key store", node="gw-a").command == "config.keystore '/srv/key store' --node gw-a"


def test_what_the_inventory_says_otherwise_is_found_and_what_it_says_alike_is_not() -> None:
    wish = to("/srv/new", truststore="/srv/trust")
    found = [
        (node.name, key, str(said), str(new)) for node, key, said, new in other_places(inventory(), wish)
    ]
    assert found == [("gw-b", "keystore", "/srv/amlen/keystore", "/srv/new")]
    assert list(other_places(inventory(), to(NEW))) == []
    assert list(other_places(inventory(), to("/srv/new", node="gw-a"))) == []


@pytest.mark.parametrize(
    ("node", "key", "place"),
    [
        ("gw-b", "keystore", "10 clusters.production.members.gw-b.keystore"),
        ("gw-b", "truststore", "5 clusters.production.truststore"),
        ("gw-a", "keystore", "7 clusters.production.members.gw-a.keystore"),
    ],
    ids=["said by the node", "said by the cluster", "said by nobody"],
)
def test_the_line_of_the_inventory_is_named(node: str, key: str, place: str) -> None:
    assert place_of(INVENTORY, cluster="production", node=node, key=key) == place


def test_a_resumed_run_sees_the_places_of_its_plan() -> None:
    wish = Wish(str(NEW), node="gw-b")
    snapshot = seen(THREE, wish)
    plan = plan_move(snapshot, moving(snapshot, wish, new=absent(NEW)), findings=(), lines=())
    again = as_planned(THREE, plan)
    assert [n.paths.keystore for n in again.nodes] == [None, NEW, None]
    assert as_planned(THREE, plan.model_copy(update={"edits": {}})) == THREE
