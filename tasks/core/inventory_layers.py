"""Who says what: defaults, cluster, member and node, the narrowest first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tasks.core.dataclass import dataclass
from tasks.core.inventory_faults import YamlPath
from tasks.core.inventory_given import keys_of

if TYPE_CHECKING:
    from tasks.core.inventory_schema import ClusterShape, InventoryShape, NodeShape, Settings

Levels = tuple[tuple[YamlPath, "Settings"], ...]


@dataclass(frozen=True, slots=True)
class Said:
    """A value and the place that said it; None and the narrowest place if nobody did.

    A narrower level can take back what a wider one said, by an explicit null.
    """

    value: Any
    path: YamlPath


@dataclass(frozen=True, slots=True)
class Place:
    """One node with all levels that speak for it."""

    name: str
    member: str
    host: str | None
    levels: Levels

    @property
    def path(self) -> YamlPath:
        return self.levels[0][0]

    def said(self, *keys: str) -> Said:
        """What the narrowest level says, e.g. `said("ssh", "port")`."""
        for path, level in self.levels:
            shape = level if len(keys) == 1 else getattr(level, keys[0])
            if keys[-1] in shape.model_fields_set:
                return Said(getattr(shape, keys[-1]), (*path, *keys))
        return Said(None, (*self.path, *keys))

    def section(self, name: str) -> dict[str, Said]:
        """What is said of a section, key by key; what nobody says, or somebody takes back, is left out."""
        found = {key: self.said(name, key) for key in keys_of(getattr(self.levels[0][1], name))}
        return {key: said for key, said in found.items() if said.value is not None}


def places(inventory: InventoryShape, key: str) -> Iterator[Place]:
    """Every node of a cluster, in inventory order."""
    cluster = inventory.clusters[key]
    wide: Levels = ((("clusters", key), cluster), (("defaults",), inventory.defaults))
    for name, member in cluster.members.items():
        path: YamlPath = ("clusters", key, "members", name)
        levels: Levels = ((path, member), *wide)
        if member.pair is None:
            yield Place(name, name, member.host, levels)
            continue
        for node_name, node in member.pair.items():
            yield Place(node_name, name, node.host, (((*path, "pair", node_name), node), *levels))


def named(cluster: ClusterShape, path: YamlPath) -> Iterator[tuple[str, YamlPath]]:
    """Every name of a member or node of a pair, and where it stands; members first."""
    for name in cluster.members:
        yield name, (*path, "members", name)
    for name, member in cluster.members.items():
        for node in member.pair or {}:
            yield node, (*path, "members", name, "pair", node)


def hosted(cluster: ClusterShape, path: YamlPath) -> Iterator[tuple[NodeShape, YamlPath]]:
    """Every node that needs a host, and where it stands."""
    for name, member in cluster.members.items():
        if member.pair is None:
            yield member, (*path, "members", name)
        for node_name, node in (member.pair or {}).items():
            yield node, (*path, "members", name, "pair", node_name)
