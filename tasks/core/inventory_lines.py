"""Where the inventory says a thing: the key's place and line, for a remedy that names what to edit."""

from __future__ import annotations

from tasks.core.inventory_check import checked
from tasks.core.inventory_faults import dotted
from tasks.core.inventory_layers import places
from tasks.core.inventory_yaml import read


def place_of(text: str, *, cluster: str, node: str, key: str) -> str:
    """`12 clusters.production.members.gw-b.keystore`: the line that speaks for the node, and its path.

    Where nobody says it, the line of the node itself, and the path that the key would have.

    Args:
        text: An inventory without faults, as `inventory.parse` took it.
        key: A key of the settings: "keystore".
    """
    document = read(text)
    shape, _ = checked(document.value if isinstance(document.value, dict) else {})
    for place in places(shape, cluster):
        if place.name == node:
            path = place.said(key).path
            line = document.lines.get(path) or document.lines.get(place.path, 1)
            return f"{line} {dotted(path)}"
    return f"1 {dotted(('clusters', cluster))}"
