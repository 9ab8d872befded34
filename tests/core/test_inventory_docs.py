"""The reference, the example and the JSON Schema say what the model says."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from tasks.core.inventory_notify_shape import NotifyShape, OnShape, WebhookShape
from tasks.core.inventory_schema import (
    AdminShape,
    CaShape,
    ClusterShape,
    GatesShape,
    HaShape,
    LimitsShape,
    MemberShape,
    MembershipShape,
    NodeShape,
    QueuesShape,
    ServiceShape,
    Settings,
    Shape,
    SshShape,
    schema_text,
)
from tasks.core.model import Admin, Limits, OwnGates, Ssh
from tasks.core.wanted_membership import WantedMembership
from tasks.core.wanted_notify import WantedNotify, Webhook
from tasks.core.wanted_queues import WantedQueues

ROOT = Path(__file__).parents[2]
REFERENCE = (ROOT / "docs/inventory.md").read_text()
SECTIONS: dict[str, type[Shape]] = {
    "ca": CaShape,
    "ssh": SshShape,
    "admin": AdminShape,
    "service": ServiceShape,
    "membership": MembershipShape,
    "ha": HaShape,
    "queues": QueuesShape,
    "limits": LimitsShape,
    "gates": GatesShape,
    "notify": NotifyShape,
    "notify.on": OnShape,
    "notify.webhook": WebhookShape,
}
KEYS = {
    *ClusterShape.model_fields,
    *MemberShape.model_fields,
    *NodeShape.model_fields,
    *Settings.model_fields,
} | {f"{section}.{key}" for section, shape in SECTIONS.items() for key in shape.model_fields}


def documented() -> dict[str, str]:
    """Key to default, of the tables that have both."""
    rows = re.findall(r"^\| `([a-z_.]+)` \| [^|]+ \| ([^|]+) \| [^|]*\|$", REFERENCE, re.MULTILINE)
    return dict(rows)


def test_every_key_is_in_the_reference_and_no_other() -> None:
    assert set(documented()) == KEYS


def test_the_reference_names_the_defaults_of_the_limits() -> None:
    defaults = {key.removeprefix("limits."): text for key, text in documented().items() if "limits." in key}
    assert {key: float(text) for key, text in defaults.items()} == {
        field.name: field.default for field in fields(Limits)
    }


def test_the_reference_names_the_defaults_of_the_notifications() -> None:
    said = documented()
    assert float(said["notify.limit_s"]) == WantedNotify().limit_s
    assert float(said["notify.waiting_long_s"]) == WantedNotify().waiting_long_s
    assert set(said["notify.webhook.on"].strip("`[]").split(", ")) == Webhook("https://host").on


Model = type[Ssh] | type[Admin] | type[WantedMembership] | type[Limits] | type[WantedQueues] | type[OwnGates]


@pytest.mark.parametrize(
    ("shape", "model"),
    [
        (SshShape, Ssh),
        (AdminShape, Admin),
        (MembershipShape, WantedMembership),
        (LimitsShape, Limits),
        (QueuesShape, WantedQueues),
        (GatesShape, OwnGates),
    ],
)
def test_a_section_has_the_keys_of_its_model(shape: type[Shape], model: Model) -> None:
    assert set(shape.model_fields) == {field.name for field in fields(model)}


def test_every_key_has_a_meaning_in_the_schema() -> None:
    shapes: tuple[type[Shape], ...] = (ClusterShape, MemberShape, *SECTIONS.values())
    assert [
        key for shape in shapes for key, field in shape.model_fields.items() if not field.description
    ] == []


def test_the_stored_schema_is_current() -> None:
    stored = (ROOT / "docs/inventory.schema.json").read_text()
    assert stored == schema_text(), "python -m tasks.effects.inventory_file > docs/inventory.schema.json"
    assert json.loads(stored)["required"] == ["clusters"]


def test_the_example_shows_every_key_and_names_the_schema_first() -> None:
    example = (ROOT / "inventory.yaml").read_text()
    assert example.splitlines()[0] == "# yaml-language-server: $schema=docs/inventory.schema.json"
    shown = set(re.findall(r"(?:^|[#{\s])([a-z_]+):", example))
    assert {key.rpartition(".")[2] for key in KEYS} <= shown


def test_a_key_that_is_not_in_the_reference_would_be_seen() -> None:
    assert "ssh.prot" not in documented()
