"""Plain values to the shape: pydantic's errors in our words, and what is right without what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tasks.core.inventory_compiled import INVENTORY, SHAPES
from tasks.core.inventory_faults import Fault, YamlPath, shown
from tasks.core.inventory_keys import remedy_for_key
from tasks.core.inventory_values import REFUSED
from tasks.core.nearest import did_you_mean
from tasks.core.pydantic_compiled import SchemaValidator, ValidationError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from tasks.core.inventory_schema import InventoryShape

_INVENTORY = SchemaValidator({"type": "definitions", "schema": INVENTORY, "definitions": SHAPES})

_MAPPING = ("must be a mapping", "write its keys below it, indented; or remove it")
_QUOTES = "put it in quotes"
_BARE = "write it without quotes"
_WORDS: Mapping[str, tuple[str, str]] = {
    "model_type": _MAPPING,
    "dict_type": _MAPPING,
    "tuple_type": ("must be a list", "write [A, B]"),
    "string_type": ("must be text", _QUOTES),
    "int_type": ("must be a whole number", _BARE),
    "int_from_float": ("must be a whole number", "write it without a fraction"),
    "float_type": ("must be a number of seconds", "write it without quotes and without a unit"),
    "bool_type": ("must be true or false", "write true or false, without quotes"),
    "greater_than_equal": ("must be 1..65535", "write a port number"),
    "greater_than": ("must be more than 0 seconds", "write seconds, e.g. 30"),
    "finite_number": ("must be a finite number", "write seconds, e.g. 30"),
    "less_than_equal": ("must be 604800 seconds at most", "write seconds, e.g. 30"),
}


def checked(value: dict[str, Any]) -> tuple[InventoryShape, tuple[Fault, ...]]:
    """The shape of what is right, and a fault for each thing that was left out.

    Faulty values are taken out and the rest is looked at again, so that the rules that need
    the whole can be asked in the same go.
    """
    faults: list[Fault] = []
    while True:
        try:
            return _INVENTORY.validate_python(value), tuple(faults)
        except ValidationError as error:
            details = error.errors(include_url=False)
        for detail in details:
            faults.append(_fault(detail))
            value = _without(value, detail["loc"], keep_empty=detail["type"] in ("model_type", "dict_type"))


def _fault(detail: ErrorDetails) -> Fault:
    path, kind, seen = detail["loc"], detail["type"], detail["input"]
    context = detail.get("ctx", {})
    if kind == REFUSED:
        return Fault(path, context["problem"], context["remedy"])
    if kind == "extra_forbidden":
        return Fault(path, "unknown key", remedy_for_key(path))
    if kind == "literal_error":
        return _choice_fault(path, str(context["expected"]), seen)
    problem, remedy = _WORDS.get(kind, (f"cannot be used ({kind})", "see docs/inventory.md"))
    if kind == "less_than_equal" and context.get("le") == 65535:
        problem, remedy = _WORDS["greater_than_equal"]
    if kind == "bool_type" and isinstance(seen, str):
        meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(seen.lower())
        remedy = f"write {meant}" if meant else remedy
    return Fault(path, f"{problem}, got {_seen(seen, kind)}", remedy)


def _seen(value: object, kind: str) -> str:
    if kind == "string_type" and isinstance(value, int | float) and not isinstance(value, bool):
        return f"the number {value}"
    if isinstance(value, str) and kind in ("model_type", "dict_type"):
        return "text"
    return shown(value)


def _choice_fault(path: YamlPath, expected: str, seen: object) -> Fault:
    words = expected.replace("'", "").replace(" or ", ", ").split(", ")
    remedy = did_you_mean(seen, words) if isinstance(seen, str) else f"known: {', '.join(words)}"
    return Fault(path, f"must be {' or '.join(words)}, got {shown(seen)}", remedy)


def _without(value: Any, path: YamlPath, *, keep_empty: bool) -> Any:
    """A copy without what is at the path; with an empty mapping there if the key itself is right."""
    if not path:
        return {}
    head, rest = path[0], path[1:]
    if isinstance(value, list) and isinstance(head, int):
        return [
            each if index != head else _without(each, rest, keep_empty=keep_empty)
            for index, each in enumerate(value)
            if rest or index != head
        ]
    if not isinstance(value, dict) or head not in value:
        return value
    if rest:
        return value | {head: _without(value[head], rest, keep_empty=keep_empty)}
    if keep_empty:
        return value | {head: {}}
    return {key: each for key, each in value.items() if key != head}
