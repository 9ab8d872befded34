"""The names of an inventory, whatever else is wrong with it."""

from __future__ import annotations

import pytest

from tasks.core.inventory_names import ClusterNames, names_in

TEXT = """
clusters:
  north:
    observr: x   # a fault
    members:
      gw-a: {host: 10.0.0.1}
      gw-d: {pair: {gw-d1: {host: 10.0.0.2}, gw-d2: {host: 10.0.0.3}}}
  south:
    members: {gw-x: {}}
"""


def test_clusters_members_pairs_and_nodes_are_named_though_there_are_faults() -> None:
    assert names_in(TEXT) == (
        ClusterNames("north", ("gw-a", "gw-d"), ("gw-d",), ("gw-a", "gw-d1", "gw-d2")),
        ClusterNames("south", ("gw-x",), (), ("gw-x",)),
    )


@pytest.mark.parametrize(
    "text", ["", "x", "clusters: 3", "clusters: {a: 1}", "clusters: {a: {members: [x]}}", "{["]
)
def test_what_is_no_inventory_has_no_names(text: str) -> None:
    assert [name for each in names_in(text) for name in (*each.members, *each.nodes)] == []
