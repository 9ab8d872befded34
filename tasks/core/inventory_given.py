"""A mapping of an inventory as it was read: a value for each of its keys, and which of them were said.

The shapes in `inventory_schema.py` say what there is, in pydantic's words. To import those takes longer than
all else that a command does before it connects; so inventories are read by what pydantic makes of them
(`inventory_compiled.py`), and what comes out are these. To a type checker they are the shapes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tasks.core.inventory_limits import Shape


class Given:
    """Attributes named after the keys, set by pydantic's core: None, or the shape's default, where nothing is said."""

    __slots__ = ("__dict__", "__pydantic_extra__", "__pydantic_fields_set__", "__pydantic_private__")

    __pydantic_fields_set__: set[str]

    @property
    def model_fields_set(self) -> set[str]:
        """The keys that were said, an explicit null among them; named as pydantic names it."""
        return self.__pydantic_fields_set__


def keys_of(mapping: Shape) -> tuple[str, ...]:
    """Every key that it may have, in the order of its shape."""
    return tuple(vars(mapping))


def values_of(mapping: Shape) -> dict[str, Any]:
    """What is not None, by key."""
    return {key: value for key, value in vars(mapping).items() if value is not None}
