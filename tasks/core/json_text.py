"""What `--json` prints, made from the same types as its schema in docs/schemas/."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema


def json_text(value: object, shape: Any = None) -> str:
    """Indented JSON, in ASCII; times as ISO 8601, paths and words as text.

    Args:
        shape: The type that is printed, where it is not the value's own: a tuple of something.
    """
    data = TypeAdapter(shape or type(value)).dump_python(value, mode="json")
    return json.dumps(data, indent=2)  # not pydantic's own: names of files need not be Unicode


class _EveryKey(GenerateJsonSchema):
    """A key that has a default is printed all the same."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        return True


def schema_text(shape: Any, *, title: str, every_key: bool = True) -> str:
    """JSON Schema of what is printed, as docs/schemas/ holds it.

    Args:
        every_key: Whether every key is always there; else one that says nothing is left out.
    """
    made_by = _EveryKey if every_key else GenerateJsonSchema
    schema: dict[str, Any] = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    schema |= TypeAdapter(shape).json_schema(mode="serialization", schema_generator=made_by)
    schema |= {"title": title}
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"
