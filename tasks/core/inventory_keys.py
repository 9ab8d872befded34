"""A key that no shape has: where it belongs, or what was meant."""

from __future__ import annotations

from tasks.core.inventory_faults import YamlPath
from tasks.core.nearest import did_you_mean, nearest


def remedy_for_key(path: YamlPath) -> str:
    """What to write in the place of an unknown key; the path ends with it."""
    from tasks.core.inventory_known import known_keys, sections_with  # here: they come with pydantic

    key, known = str(path[-1]), known_keys(path[:-1])
    homes = [section for section in sections_with(key) if section in known]
    if homes:
        return f"`{key}` belongs under {' or '.join(f'`{home}`' for home in homes)}"
    if "ssh" in known_keys(path[:-2]) and nearest(key, known) is None and key in known_keys(path[:-2]):
        return f"`{key}` belongs one level up"
    return did_you_mean(key, known)
