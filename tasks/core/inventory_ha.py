"""The `ha` section: a node's place in its HA pair."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tasks.core.inventory_faults import Fault
from tasks.core.inventory_layers import Place, places
from tasks.core.wanted_ha import WantedHa

if TYPE_CHECKING:
    from tasks.core.inventory_schema import InventoryShape

_MOST_GROUP = 128  # characters of Group
_LEAST_TIMEOUT_S = 10
_LEAST_PORT = 1024
_PORTS = ("discovery_port", "replication_port", "external_replication_port")


def ha_of(place: Place) -> WantedHa:
    """What is said on the narrowest level, key by key; the discovery address follows the host if it can."""
    values = {key: said.value for key, said in place.section("ha").items()}
    return WantedHa(**{"discovery_address": _literal(place.host)} | values)


def ha_faults(inventory: InventoryShape, key: str) -> Iterator[Fault]:
    """What the server would refuse, and what both nodes of a pair must say alike."""
    for place in places(inventory, key):
        yield from _ranges(place)
    yield from _pairs(inventory, key)


def _ranges(place: Place) -> Iterator[Fault]:
    for name in _PORTS:
        port = place.said("ha", name)
        if port.value is not None and port.value < _LEAST_PORT:
            yield Fault(port.path, f"must be {_LEAST_PORT}..65535, got {port.value}", "write a port number")
    timeout = place.said("ha", "discovery_timeout_s")
    if timeout.value is not None and timeout.value < _LEAST_TIMEOUT_S:
        problem = f"must be at least {_LEAST_TIMEOUT_S} seconds, got {timeout.value}"
        yield Fault(timeout.path, problem, "the server's own is 600")
    external, own = place.said("ha", "external_replication_port"), place.said("ha", "replication_port")
    if external.value is not None and own.value is None:
        yield Fault(external.path, "without `replication_port`", "the server takes one only with the other")
    group = place.said("ha", "group")
    if len(group.value or "") > _MOST_GROUP:
        yield Fault(group.path, f"longer than {_MOST_GROUP} characters", "give the pair a shorter name")


def _pairs(inventory: InventoryShape, key: str) -> Iterator[Fault]:
    by_member: dict[str, list[Place]] = {}
    for place in places(inventory, key):
        by_member.setdefault(place.member, []).append(place)
    for nodes in (found for found in by_member.values() if len(found) == 2):
        first, second = (place.said("ha", "preferred_primary") for place in nodes)
        if first.value and second.value:
            yield Fault(second.path, "both nodes are the preferred primary", "say it on one node of the pair")
        for name in ("group", "secured", "require_certificates"):
            one, other = (place.said("ha", name) for place in nodes)
            if one.value != other.value:
                yield Fault(other.path, "not the same on both nodes", f"say `{name}` once, on the member")


def _literal(host: str | None) -> str | None:
    try:
        return str(ipaddress.ip_address(host or ""))
    except ValueError:
        return None
