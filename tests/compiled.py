"""What pydantic makes of the inventory's shapes, written down: `python -m tests.compiled`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

from pydantic import BaseModel

from tasks.core.inventory_schema import InventoryShape

PLACE = Path(__file__).parents[1] / "tasks" / "core" / "inventory_compiled.py"
_HEAD = '''"""The inventory's shapes as pydantic's core takes them: made by `make schemas`, not by hand."""

# ruff: noqa
# fmt: off

from typing import Any

from tasks.core import inventory_notify_values, inventory_values
from tasks.core.inventory_given import Given

'''
# What only writes or describes; and names that are of one process.
_LEFT_OUT = ("metadata", "serialization", "json_schema_input_schema", "ref", "computed_fields")


def compiled_text() -> str:
    """The module: one schema per shape, a line per key.

    Raises:
        TypeError: A shape has something that cannot be written down: our bug.
    """
    top = InventoryShape.__pydantic_core_schema__
    models: dict[str, list[str]] = {}
    _collect(top, models)
    lines = [f"INVENTORY = {_reference(InventoryShape)}", "", "SHAPES: list[dict[str, Any]] = ["]
    for model in models.values():
        lines += model
    return _HEAD + "\n".join([*lines, "]", ""])


def _collect(schema: Any, models: dict[str, list[str]]) -> None:
    """Every shape below, the innermost first."""
    for part in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(part, dict | list | tuple):
            _collect(part, models)
    if isinstance(schema, dict) and schema.get("type") == "model":
        models.setdefault(schema["cls"].__name__, list(_model(schema)))


def _model(schema: dict[str, Any]) -> Iterator[str]:
    """A shape, and a line for each of its keys."""
    fields = schema["schema"]
    head = {key: value for key, value in schema.items() if key not in (*_LEFT_OUT, "cls", "schema")}
    rest = {key: value for key, value in fields.items() if key not in (*_LEFT_OUT, "fields")}
    name = schema["cls"].__name__
    yield f"    {{{_items(head)}, 'cls': Given, 'ref': {name!r}, 'schema': {{{_items(rest)}, 'fields': {{"
    yield from (f"        {key!r}: {_literal(field)}," for key, field in fields["fields"].items())
    yield "    }}},"


def _items(mapping: dict[str, Any]) -> str:
    return ", ".join(f"{key!r}: {_literal(value)}" for key, value in mapping.items() if key not in _LEFT_OUT)


def _literal(value: Any) -> str:
    match value:
        case {"type": "model", "cls": shape}:
            return _reference(shape)
        case {"default": BaseModel() as default}:
            return _literal({**value, "default": {}, "validate_default": True}) if _is_empty(default) else ""
        case dict():
            return f"{{{_items(value)}}}"
        case list():
            return f"[{', '.join(_literal(each) for each in value)}]"
        case tuple():
            return f"({''.join(f'{_literal(each)}, ' for each in value)})"
        case None | bool() | int() | float() | str():
            return repr(value)
        case FunctionType():
            return f"{value.__module__.removeprefix('tasks.core.')}.{value.__name__}"
    raise TypeError(f"cannot be written down: {value!r}")


def _is_empty(default: BaseModel) -> bool:
    """Whether the shape's default is what an empty mapping would give; any other would have to be written down."""
    if default == type(default)():
        return True
    raise TypeError(f"a default of its own: {default!r}")


def _reference(shape: type[BaseModel]) -> str:
    return f"{{'type': 'definition-ref', 'schema_ref': {shape.__name__!r}}}"


if __name__ == "__main__":
    PLACE.write_text(compiled_text())
