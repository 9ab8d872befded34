"""HighAvailability: its keys, their types, and what a change is refused for.

Source:
    Eclipse Amlen, validate_HighAvailability.c, serverConfigSchema.json and server_dynamic.json.
"""

from __future__ import annotations

from typing import Any

from tasks.lab.membership import ChangeRefused, bad_type, bad_value, json_type

DEFAULTS: dict[str, Any] = {
    "EnableHA": False,
    "Group": "",
    "StartupMode": "AutoDetect",
    "PreferredPrimary": False,
    "DiscoveryTimeout": 600,
    "HeartbeatTimeout": 10,
    "RemoteDiscoveryNIC": "",
    "LocalReplicationNIC": "",
    "LocalDiscoveryNIC": "",
    "ExternalReplicationNIC": "",
    "ExternalReplicationPort": 0,
    "ReplicationPort": 0,
    "RemoteDiscoveryPort": 0,
    "UseSecuredConnections": False,
}
_WITHOUT_DEFAULT = {"RequireCertificates": True}  # not shown before it was set; in force from the start
_NEEDED = ("RemoteDiscoveryNIC", "LocalReplicationNIC", "LocalDiscoveryNIC")  # in the order of complaint
_EMPTIED_BY_NULL = ("Group", *_NEEDED)
_LIMITS = {"DiscoveryTimeout": (10, 2147483647), "HeartbeatTimeout": (1, 2147483647)}
_GROUP_LENGTH = 128
_OBJECT = "Object: HighAvailability Name: haconfig"


def complete(stored: dict[str, Any]) -> dict[str, Any]:
    """All keys, as GET configuration/HighAvailability shows them."""
    return {**DEFAULTS, **stored}


def in_force(stored: dict[str, Any]) -> dict[str, Any]:
    """All keys with the values that a starting server uses."""
    return {**_WITHOUT_DEFAULT, **complete(stored)}


def changed(stored: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """The configuration after a POST; it may come on any node, enabled or not.

    Raises:
        ChangeRefused: A key is unknown, a value of the wrong type or not valid, or an enabled pair
            lacks what it needs.
    """
    after = {**complete(stored), **{key: _value(key, value) for key, value in change.items()}}
    if after["EnableHA"]:
        if not after["Group"]:
            raise bad_value("Group", "NULL" if after["Group"] is None else "")
        for key in _NEEDED:
            if not after[key]:
                raise _required(key, after[key])
    return after


def _value(key: str, value: Any) -> Any:
    known = {**DEFAULTS, **_WITHOUT_DEFAULT}
    if key not in known:
        raise ChangeRefused("CWLNA0138", f"The property name is invalid. {_OBJECT} Property: {key}")
    if value is None:
        return None if key in _EMPTIED_BY_NULL else DEFAULTS.get(key, False)
    if type(value) is not type(known[key]):
        raise bad_type("HighAvailability", "haconfig", key, json_type(value))
    _check(key, value)
    return value


def _check(key: str, value: Any) -> None:
    low, high = _LIMITS.get(key, (1024, 65535))
    is_number = type(value) is int
    if is_number and not low <= value <= high and (key in _LIMITS or value != 0):
        raise bad_value(key, value)
    if key == "StartupMode" and value not in ("AutoDetect", "StandAlone"):
        raise bad_value(key, value)
    if key.endswith("NIC") and "," in value:
        raise bad_value(key, value)
    if key == "Group" and len(value) > _GROUP_LENGTH:
        text = "The value that is specified for the property on the configuration object is too long."
        raise ChangeRefused("CWLNA0144", f"{text} Object: HighAvailability Property: Group Value: {value}.")


def _required(key: str, value: str | None) -> ChangeRefused:
    shown = "null" if value is None else '""'
    text = "The value specified for the required property is invalid or null."
    return ChangeRefused("CWLNA0134", f"{text} Property: {key} Value: {shown}.")
