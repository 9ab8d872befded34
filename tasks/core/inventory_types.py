"""The types of an inventory's values, as the shapes name them: what checks one, and its JSON Schema."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema

from tasks.core import inventory_values as values
from tasks.core.model import SecretRef

_WORDS = {"type": "array", "items": {"type": "string"}, "minItems": 1}
REFERENCE = {
    "oneOf": [
        {"const": "prompt"},
        *(
            {
                "type": "object",
                "properties": {kind: _WORDS if kind == "command" else {"type": "string"}},
                "required": [kind],
                "additionalProperties": False,
            }
            for kind in values.SECRET_KINDS
        ),
    ]
}


def _or_argv(*words: str) -> WithJsonSchema:
    return WithJsonSchema({"oneOf": [{"enum": list(words)}, _WORDS]})


_PATH = WithJsonSchema({"type": "string", "minLength": 1})
_ABSOLUTE = WithJsonSchema({"type": "string", "pattern": "^/"})

Host = Annotated[str, AfterValidator(values.host)]
IpLiteral = Annotated[str, AfterValidator(values.ip_literal)]
Gateway = Annotated[str, AfterValidator(values.gateway)]
Login = Annotated[str, AfterValidator(values.login)]
Account = Annotated[str, AfterValidator(values.account)]
Words = Annotated[str, AfterValidator(values.words_of)]
ProgramWord = Annotated[str, AfterValidator(values.program_word)]
Port = Annotated[int, Field(ge=1, le=65535)]
Messages = Annotated[int, AfterValidator(values.messages), WithJsonSchema({"type": "integer", "minimum": 0})]
Seconds = Annotated[float, Field(gt=0, le=604800, allow_inf_nan=False)]
WholeSeconds = Annotated[int, Field(gt=0, le=604800)]
RemotePath = Annotated[PurePosixPath, PlainValidator(values.remote_path), _ABSOLUTE]
LocalPath = Annotated[Path, PlainValidator(values.local_path), _PATH]
Argv = Annotated[tuple[str, ...], PlainValidator(values.arguments), WithJsonSchema(_WORDS)]
Secret = Annotated[SecretRef, PlainValidator(values.secret_ref), WithJsonSchema(REFERENCE)]
RestartWord = Annotated[
    str | tuple[str, ...],
    PlainValidator(values.restart_word),
    _or_argv("rest", "systemd", "docker", "podman"),
]
StartWord = Annotated[
    str | tuple[str, ...], PlainValidator(values.start_word), _or_argv("systemd", "docker", "podman")
]
