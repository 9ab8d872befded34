"""Which keys there are; of one that is not, where it belongs, or what was meant."""

from __future__ import annotations

from typing import Any

from tasks.core.inventory_compiled import INVENTORY, SHAPES
from tasks.core.inventory_faults import YamlPath
from tasks.core.nearest import did_you_mean, nearest

_FIELDS: dict[str, dict[str, Any]] = {shape["ref"]: shape["schema"]["fields"] for shape in SHAPES}
_SECTIONS = ("ssh", "admin", "service", "membership", "limits", "queues", "notify")
_CLUSTER: YamlPath = ("clusters", "")  # any: it has all of the sections


def known_keys(path: YamlPath) -> tuple[str, ...]:
    """The keys that the mapping at a path may have.

    Raises:
        KeyError: The path does not lead to such a mapping: our bug.
    """
    fields = _FIELDS[INVENTORY["schema_ref"]]
    named = False  # the next part is a name the operator gave
    for part in path:
        if named:
            named = False
            continue
        value = _inmost(fields[str(part)])
        named = value["type"] == "dict"
        shape = _inmost(value["values_schema"]) if named else value
        fields = _FIELDS.get(shape.get("schema_ref", ""), fields)
    return tuple(fields)


def _inmost(schema: dict[str, Any]) -> dict[str, Any]:
    """What is checked, without what may stand in its place."""
    while "schema" in schema:
        schema = schema["schema"]
    return schema


def remedy_for_key(path: YamlPath) -> str:
    """What to write in the place of an unknown key; the path ends with it."""
    key, known = str(path[-1]), known_keys(path[:-1])
    homes = [name for name in _SECTIONS if name in known and key in known_keys((*_CLUSTER, name))]
    if homes:
        return f"`{key}` belongs under {' or '.join(f'`{home}`' for home in homes)}"
    if "ssh" in known_keys(path[:-2]) and nearest(key, known) is None and key in known_keys(path[:-2]):
        return f"`{key}` belongs one level up"
    return did_you_mean(key, known)
