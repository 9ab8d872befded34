"""The `membership` section: a node's place in its cluster."""

from __future__ import annotations

import ipaddress

from tasks.core.inventory_layers import Place
from tasks.core.wanted_membership import WantedMembership


def membership_of(place: Place) -> WantedMembership:
    """What is said on the narrowest level, key by key; the control address follows the host if it can."""
    values = {key: said.value for key, said in place.section("membership").items()}
    return WantedMembership(**{"control_address": _literal(place.host)} | values)


def _literal(host: str | None) -> str | None:
    try:
        return str(ipaddress.ip_address(host or ""))
    except ValueError:
        return None
