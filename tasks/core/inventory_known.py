"""Which keys there are, by the shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from tasks.core.inventory_faults import YamlPath
from tasks.core.inventory_limits import LimitsShape, QueuesShape, Shape
from tasks.core.inventory_notify_shape import NotifyShape
from tasks.core.inventory_schema import AdminShape, InventoryShape, MembershipShape, ServiceShape, SshShape

_SECTIONS: Mapping[str, type[Shape]] = {
    "ssh": SshShape,
    "admin": AdminShape,
    "service": ServiceShape,
    "membership": MembershipShape,
    "limits": LimitsShape,
    "queues": QueuesShape,
    "notify": NotifyShape,
}


def sections_with(key: str) -> tuple[str, ...]:
    """The sections that have such a key."""
    return tuple(section for section, shape in _SECTIONS.items() if key in shape.model_fields)


def known_keys(path: YamlPath) -> tuple[str, ...]:
    """The keys that the mapping at a path may have.

    Raises:
        KeyError: The path does not lead to such a mapping: our bug.
    """
    shape: type[BaseModel] = InventoryShape
    named = False  # the next part is a name the operator gave
    for part in path:
        if named:
            named = False
            continue
        annotation = shape.model_fields[str(part)].annotation
        named = any(get_origin(each) is dict for each in (annotation, *get_args(annotation)))
        shape = _shape_in(annotation) or shape
    return tuple(shape.model_fields)


def _shape_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for each in get_args(annotation) if (found := _shape_in(each))), None)
