"""The `notify` section as it is written: commands and a webhook that are told what happens."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, PlainValidator, WithJsonSchema

from tasks.core.inventory_limits import Shape
from tasks.core.inventory_values import REFERENCE, Argv, LocalPath, Seconds, refusal, secret_ref
from tasks.core.model import PromptSecret, SecretRef

_ELSEWHERE = "{env: NAME}, {file: PATH}, {command: [PROGRAM, ARGUMENT]} or {keyring: SERVICE/USER}"

Kind = Literal["start", "step", "waiting_long", "failed", "stopped", "done"]


def _unasked(value: object) -> SecretRef:
    found = secret_ref(value)
    if isinstance(found, PromptSecret):
        raise refusal("nobody can be asked while a run is going on", f"write {_ELSEWHERE}")
    return found


def _url(value: object) -> str | SecretRef:
    """The value is never shown: it may hold a token."""
    if not isinstance(value, str) or value == "prompt":
        return _unasked(value)
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and value.isprintable()
        usable = usable and " " not in value and (parts.port is None or parts.port > 0)
    except ValueError:  # brackets without an address, a port that is none
        usable = False
    if not usable:
        raise refusal(
            "must be a URL, or where one is found", f"https://HOST/PATH; with a token: {_ELSEWHERE}"
        )
    if parts.username is not None or parts.password is not None:
        raise refusal("a URL with a user or password is a secret", f"write {_ELSEWHERE}")
    return value


Reference = Annotated[SecretRef, PlainValidator(_unasked), WithJsonSchema(REFERENCE)]
Url = Annotated[
    str | SecretRef,
    PlainValidator(_url),
    WithJsonSchema({"oneOf": [{"type": "string", "pattern": "^https?://"}, *REFERENCE["oneOf"]]}),
]


class OnShape(Shape):
    """By event, the command that gets it."""

    start: Argv | None = Field(default=None, description="A run begins, or is gone on with.")
    step: Argv | None = Field(default=None, description="A step begins.")
    waiting_long: Argv | None = Field(default=None, description="A wait has become long; once per wait.")
    failed: Argv | None = Field(default=None, description="The run has failed: nothing further is touched.")
    stopped: Argv | None = Field(default=None, description="It was stopped as asked; it stays open.")
    done: Argv | None = Field(default=None, description="The run is complete, and proven.")


class WebhookShape(Shape):
    """Where events are posted as JSON."""

    url: Url | None = Field(default=None, description="Its URL; as a reference if it holds a token.")
    on: Annotated[tuple[Kind, ...], Field(strict=False)] | None = Field(
        default=None, description="The events that are posted."
    )
    ca: LocalPath | None = Field(default=None, description="CA file for its certificate.")
    headers: dict[str, Reference] = Field(default={}, description="Headers, each as a reference.")


class NotifyShape(Shape):
    """Who is told what happens in a run; nothing of it blocks or fails one."""

    on: OnShape = Field(default=OnShape(), description="By event, the command that gets it.")
    limit_s: Seconds | None = Field(default=None, description="One notification; all, at the end of a run.")
    waiting_long_s: Seconds | None = Field(default=None, description="A wait longer than this is told.")
    webhook: WebhookShape | None = Field(default=None, description="Where events are posted as JSON.")
