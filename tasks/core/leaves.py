"""Nested data as a flat mapping: what two of them differ in can be said line by line."""

from __future__ import annotations

from typing import Any


def leaves(value: Any, path: str = "") -> dict[str, str]:
    """Path ("targets.gw-a.not_after") to text, of every value that is neither a mapping nor a list."""
    if isinstance(value, dict):
        items = [(str(key), item) for key, item in value.items()]
    elif isinstance(value, list):
        items = [(str(key), item) for key, item in enumerate(value)]
    else:
        return {path: str(value)}
    return {
        leaf: text
        for key, item in items
        for leaf, text in leaves(item, f"{path}.{key}" if path else key).items()
    }
