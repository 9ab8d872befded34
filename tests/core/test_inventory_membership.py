"""The `membership` section: on every level, with its defaults, and every wrong value with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.core.inventory import parse
from tasks.core.inventory_faults import InventoryFaults
from tasks.core.model import Node
from tasks.core.wanted_membership import WantedMembership

PATH = Path("/etc/amlen/inventory.yaml")
LEVELS = """\
defaults:
  membership: {control_port: 9204, messaging_use_tls: true}
clusters:
  demo:
    membership: {multicast: true, discovery_time_s: 30}
    members:
      gw-a: {host: 10.0.0.1}
      gw-b: {host: gw-b.example.com, membership: {control_port: ~, multicast: false}}
      gw-d:
        membership: {control_external_address: "2001:DB8::1"}
        pair:
          gw-d1: {host: "2001:db8:0::4"}
          gw-d2: {host: 10.0.0.5, membership: {messaging_address: 10.1.0.5, control_external_port: 19104}}
"""


def _node(name: str, text: str = LEVELS) -> Node:
    return parse(text, path=PATH, cluster=None).node(name)


def test_the_narrower_level_wins_key_by_key() -> None:
    assert _node("gw-a").membership == WantedMembership(
        control_address="10.0.0.1",
        control_port=9204,
        messaging_use_tls=True,
        multicast=True,
        discovery_time_s=30,
    )
    assert (_node("gw-b").membership.control_port, _node("gw-b").membership.multicast) == (9104, False)
    assert _node("gw-d2").membership.messaging_address == "10.1.0.5"


def test_the_control_address_follows_the_host_only_if_that_is_an_address() -> None:
    assert _node("gw-d1").membership.control_address == "2001:db8::4"
    assert _node("gw-b").membership.control_address is None
    assert _node("gw-b").membership.endpoint is None


def test_others_dial_the_external_address_and_port_where_there_are_some() -> None:
    assert _node("gw-a").membership.endpoint == ("10.0.0.1", 9204)
    assert _node("gw-d1").membership.endpoint == ("2001:db8::1", 9204)
    assert _node("gw-d2").membership.endpoint == ("2001:db8::1", 19104)


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        pytest.param("control_address: gw-a", 'must be an IP address, got "gw-a"', id="a name"),
        pytest.param('control_address: "[::1]"', "-> without brackets", id="brackets"),
        pytest.param("control_address: 0.0.0.0", "must be the address of one host", id="any address"),
        pytest.param(
            "control_external_address: 239.1.1.1", "must be the address of one host", id="multicast"
        ),
        pytest.param("control_address: 10.0.0.1:9104", "must be an IP address", id="with a port"),
        pytest.param("control_port: 0", "must be 1..65535, got 0", id="port 0"),
        pytest.param('messaging_port: "9105"', "must be a whole number", id="a port as text"),
        pytest.param("multicast: yes", "-> write true", id="yes"),
        pytest.param("discovery_time_s: 0", "must be more than 0 seconds", id="no time"),
        pytest.param("discovery_time_s: 1.5", "must be a whole number", id="half a second"),
        pytest.param("requires_certificates: true", "did you mean `require_certificates`?", id="a slip"),
    ],
)
def test_a_wrong_value_is_named_with_its_line(entry: str, text: str) -> None:
    wrong = f"clusters:\n  demo:\n    members:\n      gw-a:\n        host: h\n        membership:\n          {entry}\n"
    with pytest.raises(InventoryFaults) as caught:
        parse(wrong, path=PATH, cluster=None)
    assert "inventory.yaml:7 clusters.demo.members.gw-a.membership." in str(caught.value)
    assert text in str(caught.value)


def test_a_key_of_the_section_in_the_wrong_place_is_sent_there() -> None:
    wrong = "clusters: {demo: {members: {gw-a: {host: h, control_port: 9104}}}}\n"
    with pytest.raises(InventoryFaults, match="`control_port` belongs under `membership`"):
        parse(wrong, path=PATH, cluster=None)
