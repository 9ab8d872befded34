"""ClusterMembership: its keys, their types, and what a change is refused for."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

DEFAULTS: dict[str, Any] = {
    "EnableClusterMembership": False,
    "ClusterName": "",
    "UseMulticastDiscovery": True,
    "MulticastDiscoveryTTL": 1,
    "DiscoveryServerList": None,
    "ControlAddress": None,
    "ControlPort": 9104,
    "ControlExternalAddress": None,
    "ControlExternalPort": None,
    "MessagingAddress": None,
    "MessagingPort": 9105,
    "MessagingExternalAddress": None,
    "MessagingExternalPort": None,
    "MessagingUseTLS": False,
    "DiscoveryPort": 9106,
    "DiscoveryTime": 10,
    "RequireCertificates": True,
}
REPLICATED = ("EnableClusterMembership", "ClusterName", "DiscoveryServerList")
_BOOLEANS = {"EnableClusterMembership", "UseMulticastDiscovery", "MessagingUseTLS", "RequireCertificates"}
_LIMITS = {"MulticastDiscoveryTTL": (1, 256), "DiscoveryTime": (1, 2147483647)}
_NUMBERS = {"MulticastDiscoveryTTL", "DiscoveryTime"} | {key for key in DEFAULTS if key.endswith("Port")}


class ChangeRefused(Exception):
    """A POST that changes nothing: the code and the message that the server answers."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def complete(stored: dict[str, Any]) -> dict[str, Any]:
    """All 17 keys, as GET configuration/ClusterMembership shows them."""
    return {**DEFAULTS, **stored}


def replicated(stored: dict[str, Any]) -> dict[str, Any]:
    """What a primary sends of it to its standby, at each synchronization and at each change."""
    return {key: complete(stored)[key] for key in REPLICATED}


def is_enabling(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether a change makes a member of a server that was none: it gets a new ServerUID by that."""
    key = "EnableClusterMembership"
    return bool(complete(after)[key]) and not complete(before)[key]


def changed(stored: dict[str, Any], change: dict[str, Any], *, standby: bool) -> dict[str, Any]:
    """The configuration after a POST.

    Raises:
        ChangeRefused: A key is unknown, a value of the wrong type or not valid, or the change is
            not allowed now.
    """
    before = complete(stored)
    values = {key: _value(key, value) for key, value in change.items()}
    after = {**before, **values}
    if standby and (key := next((key for key in REPLICATED if after[key] != before[key]), None)):
        raise ChangeRefused(
            "CWLNA0382",
            "Configuration change is not allowed on a standby node. "
            f"Object: ClusterMembership Name: cluster Property: {key}",
        )
    both_enabled = before["EnableClusterMembership"] and after["EnableClusterMembership"]
    if both_enabled and before["ClusterName"] and after["ClusterName"] != before["ClusterName"]:
        raise ChangeRefused(
            "CWLNA0384",
            "You must disable the object ClusterMembership to update or set configuration item ClusterName.",
        )
    _check_enabled(after)
    return after


def _value(key: str, value: Any) -> Any:
    if key not in DEFAULTS:
        raise ChangeRefused(
            "CWLNA0138",
            f"The property name is invalid. Object: ClusterMembership Name: cluster Property: {key}",
        )
    if value is None:
        return False if key in _BOOLEANS else DEFAULTS[key]
    wanted = bool if key in _BOOLEANS else int if key in _NUMBERS else str
    if type(value) is not wanted:
        raise bad_type("ClusterMembership", "cluster", key, json_type(value))
    low, high = _LIMITS.get(key, (1, 65535))
    if isinstance(value, int) and wanted is int and not low <= value <= high:
        raise bad_value(key, value)
    return value


def json_type(value: Any) -> str:
    """The server's name for the type of a JSON value."""
    if isinstance(value, bool):
        return "JSON_TRUE" if value else "JSON_FALSE"
    names = {int: "JSON_INTEGER", str: "JSON_STRING", list: "JSON_ARRAY", dict: "JSON_OBJECT"}
    return names.get(type(value), "JSON_REAL")


def _check_enabled(after: dict[str, Any]) -> None:
    if not after["EnableClusterMembership"]:
        return
    needed = ["ClusterName", "ControlAddress"]
    needed += [] if after["UseMulticastDiscovery"] else ["DiscoveryServerList"]
    for key in needed:
        if not after[key]:
            raise bad_value(key, "NULL")
    for address in (after["DiscoveryServerList"] or "").split(","):
        if address and not _is_literal(address.strip()):
            raise bad_value("DiscoveryServerList", after["DiscoveryServerList"])


def _is_literal(text: str) -> bool:
    """Whether it is ip:port with an address literal; a name is none."""
    host, _, port = text.rpartition(":")
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return port.isdigit() and 0 < int(port) < 65536


def bad_type(item: str, name: str, key: str, found: str) -> ChangeRefused:
    text = f"The property type is not valid. Object: {item} Name: {name} Property: {key} Type: {found}"
    return ChangeRefused("CWLNA0127", text)


def bad_value(key: str, value: Any) -> ChangeRefused:
    return ChangeRefused("CWLNA0112", f'The property value is not valid: Property: {key} Value: "{value}".')


def seeds(stored: dict[str, Any]) -> tuple[tuple[str, int], ...]:
    """DiscoveryServerList as addresses."""
    found = []
    for text in (stored.get("DiscoveryServerList") or "").split(","):
        host, _, port = text.strip().rpartition(":")
        if host and port.isdigit():
            found.append((host.strip("[]"), int(port)))
    return tuple(found)
