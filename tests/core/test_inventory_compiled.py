"""What inventories are read by is what pydantic makes of the shapes: the same values, and the same faults."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_core import SchemaValidator

from tasks.core import inventory_compiled
from tasks.core.inventory_given import Given, keys_of, values_of
from tasks.core.inventory_schema import InventoryShape
from tasks.core.inventory_yaml import read
from tests.compiled import PLACE, compiled_text

ROOT = Path(__file__).parents[2]
ODD: tuple[object, ...] = (
    *(None, True, 0, -1, 5, 70000, 1.5, float("inf"), 10**9 + 1),
    *("", " x", "x y", "/", "/a/../b", "~x", "host:1", "u@h", "systemd", "prompt", "2001:db8::1", "0.0.0.0"),
    *([], ["a"], ["a", 1], {}, {"zz": 1}, {"env": "X"}, {"env": "1"}, {"file": "p"}, {"keyring": "a"}),
)
COMPILED = SchemaValidator(
    {
        "type": "definitions",
        "schema": inventory_compiled.INVENTORY,
        "definitions": inventory_compiled.SHAPES,
    }
)


def plain(value: object) -> object:
    """Of either kind of mapping the values, and which of them were said."""
    if isinstance(value, Given | InventoryShape) or hasattr(value, "model_fields_set"):
        return {key: plain(each) for key, each in vars(value).items()}, sorted(value.model_fields_set)
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return value


def outcome(validate: Any, value: object) -> object:
    try:
        return plain(validate(value))
    except ValidationError as error:
        return [(e["loc"], e["type"], e["input"], e.get("ctx")) for e in error.errors(include_url=False)]


def paths(value: object, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    if isinstance(value, dict):
        for key, each in value.items():
            yield from paths(each, (*at, key))


def changed(value: object, path: tuple[Any, ...], new: object) -> object:
    if not path:
        return new
    assert isinstance(value, dict)
    return value | {path[0]: changed(value[path[0]], path[1:], new)}


def document(text: str) -> object:
    found = read(text)
    assert not found.faults, found.faults
    return found.value


def test_it_is_what_the_shapes_say_now() -> None:
    assert PLACE.read_text() == compiled_text(), "make schemas"


def test_a_good_inventory_says_the_same_by_both() -> None:
    value = document((ROOT / "inventory.yaml").read_text())
    by_shapes = outcome(InventoryShape.model_validate, value)
    assert isinstance(by_shapes, tuple)
    assert outcome(COMPILED.validate_python, value) == by_shapes


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_whatever_stands_anywhere_both_say_the_same_of_it(odd: object) -> None:
    value = document(EVERYTHING)
    refused = 0
    for path in paths(value):
        other = changed(value, path, odd)
        by_shapes = outcome(InventoryShape.model_validate, other)
        assert outcome(COMPILED.validate_python, other) == by_shapes, path
        refused += isinstance(by_shapes, list)
    assert refused


def test_what_is_not_said_has_the_default_of_its_shape_and_nothing_is_shared() -> None:
    one, other = (COMPILED.validate_python({"clusters": {"a": {}}}) for _ in range(2))
    assert one.clusters["a"].ssh is not other.clusters["a"].ssh
    assert one.clusters["a"].model_fields_set == set()
    assert keys_of(one.clusters["a"].queues) == ("margin", "discarded")
    assert values_of(one.clusters["a"].queues) == {}


EVERYTHING = """
defaults:
  product: amlen
  data_dir: /var/lib/a
  ssh: {user: ops, port: 22, key_file: ~/k, password: prompt, gateway: "a,b:22", sudo: true, agent: false}
  admin: {host: 127.0.0.1, port: 9089, scheme: https, user: admin, password: {env: X}, ca: ca.pem, via: auto}
  service: {restart: rest, start: [a, b], unit: x.service, container: IMA, files: host, volume: {host: /a}}
  membership: {control_address: 10.0.0.1, control_port: 9104, multicast: false, discovery_time_s: 10}
  ha: {group: g, discovery_port: 9101, secured: true, heartbeat_timeout_s: 10}
  limits: {connect_s: 5, poll_s: 0.5}
  gates: {before_restart: [a], limit_s: 5}
  notify:
    on: {start: [a]}
    limit_s: 5
    webhook: {url: "https://host/x", on: [failed, done], headers: {Authorization: {env: X}}}
clusters:
  demo:
    cluster_name: Demo
    ca: {folder: ca, passphrase: prompt}
    prefer: no-partition
    retired: [UID1]
    queues: {margin: 5, discarded: stop}
    disposable: false
    members:
      gw-a: {host: 10.0.0.1, ssh: {port: 23}}
      gw-b: {pair: {b1: {host: 10.0.0.2}, b2: {host: 10.0.0.3, keystore: /k/s}}}
"""
