"""The `membership` section: a node's place in its cluster."""

from __future__ import annotations

import ipaddress

from tasks.core.inventory_layers import Place
from tasks.core.wanted_membership import WantedMembership


def membership_of(place: Place) -> WantedMembership:
    """What is said on the narrowest level, key by key; the control address follows the host if it can."""
    said = {key: place.said("membership", key).value for key in place.keys("membership")}
    values = {key: value for key, value in said.items() if value is not None}
    return WantedMembership(**{"control_address": _literal(place.host)} | values)


def _literal(host: str | None) -> str | None:
    try:
        return str(ipaddress.ip_address(host or ""))
    except ValueError:
        return None
