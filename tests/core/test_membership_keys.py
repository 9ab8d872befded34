"""ClusterMembership in REST's keys: how seeds are written, what differs, what is sent."""

from __future__ import annotations

import pytest

from tasks.core.membership_keys import (
    Difference,
    configured_keys,
    differences,
    post_for,
    seed,
    text_of,
    wanted_keys,
)
from tasks.core.plan import Value
from tasks.core.status import Membership
from tests.core.formations import THREE, formed, unformed, wanting

SEEDS = ("10.0.0.2:9104", "10.0.0.3:9104")


def _seen(node: str, *, fresh: bool = False) -> Membership:
    found = (unformed() if fresh else formed()).nodes[node].membership
    assert isinstance(found, Membership)
    return found


def _wanted() -> dict[str, Value]:
    return wanted_keys(THREE.node("gw-a"), cluster_name="MyCluster", seeds=SEEDS)


@pytest.mark.parametrize(
    ("address", "text"), [("10.0.0.1", "10.0.0.1:9104"), ("2001:db8::1", "[2001:db8::1]:9104")]
)
def test_a_seed_has_brackets_only_around_ipv6(address: str, text: str) -> None:
    assert seed(address, 9104) == text


def test_what_create_wants_is_what_create_has_made() -> None:
    assert differences(_seen("gw-a"), _wanted()) == ()


def test_every_key_that_is_wanted_is_one_that_rest_shows() -> None:
    node = wanting(unformed(), "gw-a", discovery_port=9206, discovery_time_s=20).cluster.node("gw-a")
    assert set(wanted_keys(node, cluster_name="C", seeds=SEEDS)) == set(configured_keys(_seen("gw-a")))


def test_a_difference_says_key_seen_and_wanted_as_json_does() -> None:
    (found,) = differences(_seen("gw-a"), _wanted() | {"MessagingUseTLS": True})
    assert str(found) == "MessagingUseTLS is false, wanted true"
    assert str(Difference("ControlExternalAddress", None, "10.0.0.9")).endswith("is -, wanted 10.0.0.9")


@pytest.mark.parametrize(
    ("seeds", "same"),
    [
        pytest.param("10.0.0.3:9104,10.0.0.2:9104", True, id="another order"),
        pytest.param("10.0.0.2:9104,10.0.0.3:9104,10.0.0.4:9104", True, id="one more is wanted"),
        pytest.param("10.0.0.3:9104", False, id="one is named that nobody knows"),
        pytest.param(None, False, id="a list where none is wanted"),
        pytest.param("10.0.0.2:9204,10.0.0.3:9204", False, id="other ports"),
    ],
)
def test_a_list_is_right_if_all_whom_it_names_are_members(seeds: str | None, same: bool) -> None:
    found = differences(_seen("gw-a"), _wanted() | {"DiscoveryServerList": seeds})
    assert ([each.key for each in found] == []) is same


def test_an_address_is_the_same_however_it_is_spelt() -> None:
    node = wanting(formed(), "gw-a", control_external_address="2001:db8::1").cluster.node("gw-a")
    wanted = wanted_keys(node, cluster_name="MyCluster", seeds=SEEDS)
    spelt = wanted | {"ControlExternalAddress": "2001:DB8:0::1"}
    assert len(differences(_seen("gw-a"), spelt)) == 1  # it has none
    assert differences(_seen("gw-a"), wanted | {"ControlExternalAddress": ""}) == ()


def test_what_is_unset_and_stays_so_is_not_sent() -> None:
    post = post_for(_seen("gw-a", fresh=True), _wanted())
    assert not {key for key in post if "External" in key}
    assert post["EnableClusterMembership"] is True


def test_to_a_standby_what_its_primary_replicates_is_not_sent() -> None:
    full = post_for(_seen("gw-a", fresh=True), _wanted())
    less = post_for(_seen("gw-a", fresh=True), _wanted(), standby=True)
    assert set(full) - set(less) == {"EnableClusterMembership", "ClusterName", "DiscoveryServerList"}


@pytest.mark.parametrize(
    ("value", "text"), [(None, "-"), ("", "-"), (True, "true"), (9104, "9104"), (0, "0")]
)
def test_values_are_shown_as_json_has_them(value: Value, text: str) -> None:
    assert text_of(value) == text
