"""The names of an inventory, faults or not: clusters, members, nodes. Light: no model is built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tasks.core.dataclass import dataclass
from tasks.core.inventory_yaml import read


@dataclass(frozen=True, slots=True)
class ClusterNames:
    """What one cluster of the inventory calls its own.

    Args:
        nodes: Of a pair both, of a single member its own name.
    """

    cluster: str
    members: tuple[str, ...]
    pairs: tuple[str, ...]
    nodes: tuple[str, ...]


def names_in(text: str) -> tuple[ClusterNames, ...]:
    """In the order of the text; what is not as it should be is left out. Never raises."""
    top = read(text).value
    clusters = top.get("clusters") if isinstance(top, dict) else None
    return tuple(_names(str(key), value) for key, value in _items(clusters))


def _names(cluster: str, value: object) -> ClusterNames:
    members = dict(_items(value.get("members"))) if isinstance(value, dict) else {}
    pairs = {name: tuple(_nodes(said)) for name, said in members.items() if _is_pair(said)}
    nodes = tuple(node for name in members for node in pairs.get(name, (name,)))
    return ClusterNames(cluster, tuple(members), tuple(pairs), nodes)


def _is_pair(member: object) -> bool:
    return isinstance(member, dict) and "pair" in member


def _nodes(member: object) -> Iterator[str]:
    pair = member.get("pair") if isinstance(member, dict) else None
    yield from (name for name, _ in _items(pair))


def _items(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        yield from ((str(key), each) for key, each in value.items())
