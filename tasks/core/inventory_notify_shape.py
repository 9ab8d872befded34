"""The `notify` section as it is written: commands and a webhook that are told what happens."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from tasks.core.inventory_limits import Shape
from tasks.core.inventory_notify_values import unasked, url
from tasks.core.inventory_types import REFERENCE, Argv, LocalPath, Seconds
from tasks.core.model import SecretRef

Kind = Literal["start", "step", "waiting_long", "failed", "stopped", "done"]

Reference = Annotated[SecretRef, PlainValidator(unasked), WithJsonSchema(REFERENCE)]
Url = Annotated[
    str | SecretRef,
    PlainValidator(url),
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
