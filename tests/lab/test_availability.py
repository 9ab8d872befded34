"""HighAvailability by REST: what is stored, and what is refused with which code."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.lab import availability
from tasks.lab.membership import ChangeRefused

NICS = {"RemoteDiscoveryNIC": "10.0.0.2", "LocalReplicationNIC": "10.0.0.1", "LocalDiscoveryNIC": "10.0.0.1"}
ENABLED = {"EnableHA": True, "Group": "g", **NICS}


def test_all_keys_are_shown_but_the_one_without_a_default() -> None:
    assert len(availability.complete({})) == 14
    assert "RequireCertificates" not in availability.complete({})
    assert availability.in_force({})["RequireCertificates"] is True
    assert availability.in_force({"RequireCertificates": False})["RequireCertificates"] is False


@pytest.mark.parametrize(
    ("change", "stored"),
    [
        pytest.param(ENABLED, ENABLED, id="what an enabled pair needs"),
        pytest.param({**ENABLED, "RemoteDiscoveryNIC": "gw-b"}, {"RemoteDiscoveryNIC": "gw-b"}, id="a name"),
        pytest.param({"DiscoveryTimeout": None}, {"DiscoveryTimeout": 600}, id="null: the default"),
        pytest.param({"RequireCertificates": None}, {"RequireCertificates": False}, id="null: false"),
        pytest.param({"Group": None}, {"Group": None}, id="null: nothing, while disabled"),
        pytest.param({"ReplicationPort": 0}, {"ReplicationPort": 0}, id="no port"),
        pytest.param({"Group": "g" * 128}, {"Group": "g" * 128}, id="the longest group"),
        pytest.param({"DiscoveryTimeout": 10}, {"DiscoveryTimeout": 10}, id="the shortest search"),
    ],
)
def test_a_good_change_is_stored(change: dict[str, Any], stored: dict[str, Any]) -> None:
    after = availability.changed({}, change)
    assert {key: after[key] for key in stored} == stored
    assert set(availability.DEFAULTS) <= set(after)


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"Enabled": True}, "CWLNA0138", "Property: Enabled"),
        ({"EnableHA": "true"}, "CWLNA0127", "Property: EnableHA Type: JSON_STRING"),
        ({"PreferredPrimary": 1}, "CWLNA0127", "Type: JSON_INTEGER"),
        ({"StartupMode": True}, "CWLNA0127", "Type: JSON_TRUE"),
        ({"DiscoveryTimeout": 10.0}, "CWLNA0127", "Type: JSON_REAL"),
        ({"StartupMode": "Standalone"}, "CWLNA0112", 'Property: StartupMode Value: "Standalone"'),
        ({"DiscoveryTimeout": 9}, "CWLNA0112", 'Value: "9"'),
        ({"HeartbeatTimeout": 0}, "CWLNA0112", 'Value: "0"'),
        ({"ReplicationPort": 1023}, "CWLNA0112", 'Value: "1023"'),
        ({"RemoteDiscoveryPort": 65536}, "CWLNA0112", 'Value: "65536"'),
        ({"LocalDiscoveryNIC": "10.0.0.1,10.0.0.2"}, "CWLNA0112", 'Value: "10.0.0.1,10.0.0.2"'),
        ({"Group": "g" * 129}, "CWLNA0144", "too long"),
        ({**ENABLED, "Group": ""}, "CWLNA0112", 'Property: Group Value: ""'),
        ({**ENABLED, "Group": None}, "CWLNA0112", 'Property: Group Value: "NULL"'),
        ({"EnableHA": True, "Group": "g"}, "CWLNA0134", 'Property: RemoteDiscoveryNIC Value: ""'),
        ({**ENABLED, "LocalReplicationNIC": ""}, "CWLNA0134", 'LocalReplicationNIC Value: ""'),
        ({**ENABLED, "LocalDiscoveryNIC": None}, "CWLNA0134", "LocalDiscoveryNIC Value: null"),
    ],
)
def test_a_bad_change_is_refused(change: dict[str, Any], code: str, words: str) -> None:
    with pytest.raises(ChangeRefused, match=code) as refused:
        availability.changed({}, change)
    assert words in refused.value.message


def test_an_enabled_pair_keeps_what_it_needs() -> None:
    with pytest.raises(ChangeRefused, match=r"CWLNA0134: .* Property: LocalDiscoveryNIC"):
        availability.changed(ENABLED, {"LocalDiscoveryNIC": ""})
    assert availability.changed(ENABLED, {"LocalDiscoveryNIC": "", "EnableHA": False})["EnableHA"] is False
