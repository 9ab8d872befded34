"""From two single servers to a plan that makes a pair of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.core.credential_set import CredentialSet
from tasks.core.errors import Refused, UsageError
from tasks.core.ha_creation import plan_ha_creation
from tasks.core.ha_creation_checks import creation_checks
from tasks.core.ha_keys import pair_keys
from tasks.core.ha_seen import HaSeen
from tasks.core.model import Member
from tasks.core.plan import Plan
from tasks.core.snapshot import Snapshot
from tasks.core.status import HaStatus
from tasks.core.wanted_ha import WantedHa
from tests.core.ha_pairs import NEW
from tests.core.plans import step_ids
from tests.core.snapshots import alter_cfg, alter_membership, alter_status, cluster, healthy, pair

CFG_ONE_NIC = "KeyStore = /k\nTrustStore = /t\nHA.AllowSingleNIC = 1\n"


def member(*, preferred: str = "", **wanted: object) -> Member:
    """gw-d with addresses; `wanted` on both nodes."""
    plain = pair("gw-d")
    return replace(
        plain,
        nodes=tuple(
            replace(
                node,
                ha=WantedHa(
                    discovery_address=f"10.0.0.{number}",
                    preferred_primary=node.name == preferred,
                    **wanted,  # type: ignore[arg-type]
                ),
            )
            for number, node in enumerate(plain.nodes, 1)
        ),
    )


def singles(one: Member, *, joined: tuple[str, ...] = ()) -> HaSeen:
    """The nodes of the pair as two servers of their own; `joined` are cluster members."""
    snapshot: Snapshot = healthy(cluster("gw-a", one))
    for node in one.nodes:
        snapshot = alter_status(snapshot, node.name, ha=HaStatus("Inactive", enabled=False))
        snapshot = alter_membership(snapshot, node.name, enabled=node.name in joined)
        snapshot = alter_cfg(snapshot, node.name, CFG_ONE_NIC)
    return HaSeen(snapshot, (one,), {node.name: {"EnableHA": False} for node in one.nodes})


def plan(seen: HaSeen, wanted: CredentialSet | None = NEW, *, primary: str = "gw-d2") -> Plan:
    return plan_ha_creation(seen, {"gw-d": wanted} if wanted else {}, primary=primary)


def test_files_then_configuration_then_the_standby_then_the_primary() -> None:
    made = plan(singles(member()))
    assert step_ids(made) == [
        "ha-place:gw-d1",
        "ha-place:gw-d2",
        "ha-swap:gw-d",
        "configure:gw-d1",
        "configure:gw-d2",
        "ha-wait:gw-d",
        "ha-form:gw-d",
        "ha-prove:cluster",
    ]
    assert made.pinned == {"ha-wait:gw-d": "gw-d1", "ha-form:gw-d": "gw-d2"}
    assert "gw-d1 becomes a copy of gw-d2" in made.notes[0]


def test_each_node_is_told_of_the_other() -> None:
    keys = pair_keys(member(), primary=member().nodes[0])
    assert keys["gw-d1"] == {
        "EnableHA": True,
        "Group": "gw-d",
        "StartupMode": "AutoDetect",
        "RemoteDiscoveryNIC": "10.0.0.2",
        "LocalReplicationNIC": "10.0.0.1",
        "LocalDiscoveryNIC": "10.0.0.1",
        "PreferredPrimary": True,
        "UseSecuredConnections": True,
        "RequireCertificates": True,
    }
    assert keys["gw-d2"]["RemoteDiscoveryNIC"] == "10.0.0.1"
    assert keys["gw-d2"]["PreferredPrimary"] is False


def test_what_the_inventory_says_more_is_configured_too() -> None:
    wanted = member(
        discovery_port=9086, replication_port=9085, discovery_timeout_s=60, group="g", secured=False
    )
    keys = pair_keys(wanted, primary=wanted.nodes[0])["gw-d2"]
    assert {
        key: keys[key]
        for key in (
            "Group",
            "UseSecuredConnections",
            "RemoteDiscoveryPort",
            "ReplicationPort",
            "DiscoveryTimeout",
        )
    } == {
        "Group": "g",
        "UseSecuredConnections": False,
        "RemoteDiscoveryPort": 9086,
        "ReplicationPort": 9085,
        "DiscoveryTimeout": 60,
    }


def test_without_a_set_the_pair_begins_on_the_built_in_pair_and_that_is_said() -> None:
    made = plan(singles(member()), None)
    assert step_ids(made)[0] == "configure:gw-d1"
    assert any("begins on the built-in pair, whose key is public" in note for note in made.notes)


def test_an_unsecured_pair_gets_no_files() -> None:
    made = plan(singles(member(secured=False)))
    assert step_ids(made)[0] == "configure:gw-d1"
    assert any("goes in clear text" in note for note in made.notes)


def test_the_inventory_can_name_the_primary() -> None:
    assert plan(singles(member(preferred="gw-d2")), primary="").pinned["ha-form:gw-d"] == "gw-d2"


def test_nobody_says_who_is_to_be_primary() -> None:
    with pytest.raises(Refused, match="who of gw-d1 and gw-d2 is to be the primary"):
        plan(singles(member()), primary="")
    with pytest.raises(UsageError, match="--primary gw-a is no node of gw-d"):
        plan(singles(member()), primary="gw-a")


def test_the_one_that_is_a_cluster_member_stays_it_and_the_other_is_configured_alike() -> None:
    made = plan(singles(member(), joined=("gw-d1",)), primary="")
    assert made.pinned["ha-form:gw-d"] == "gw-d1"
    assert made.posts["configure:gw-d2"]["ClusterMembership"]["EnableClusterMembership"] is True
    assert made.posts["configure:gw-d2"]["ClusterMembership"]["ClusterName"] == "MyCluster"
    assert "ClusterMembership" not in made.posts["configure:gw-d1"]
    with pytest.raises(Refused, match="gw-d1 is a cluster member and gw-d2 is not"):
        plan(singles(member(), joined=("gw-d1",)), primary="gw-d2")


def test_two_cluster_members_are_refused() -> None:
    found = [f.name for f in creation_checks(singles(member(), joined=("gw-d1", "gw-d2")))]
    assert found == ["ha-two-members"]
    assert list(creation_checks(singles(member(), joined=("gw-d1",)))) == []


def test_an_address_and_an_interface_are_wanted() -> None:
    nameless = replace(pair("gw-d"))
    assert {f.name for f in creation_checks(singles(nameless))} == {"ha-address"}
    seen = singles(member())
    one = alter_cfg(seen.snapshot, "gw-d1", "KeyStore = /k\n# HA.AllowSingleNIC = 1\n")
    found = list(creation_checks(replace(seen, snapshot=one)))
    assert [(f.name, f.where) for f in found] == [("ha-one-interface", "gw-d1")]
    assert list(creation_checks(singles(member(replication_address="10.1.0.1")))) == []


def test_a_pair_that_is_formed_is_left_alone_or_refused_with_the_difference() -> None:
    one = member()
    keys = pair_keys(one, primary=one.nodes[1])
    seen = HaSeen(healthy(cluster("gw-a", one)), (one,), keys)
    quiet = [f for f in creation_checks(seen) if f.name != "ha-one-interface"]
    assert (quiet, plan(seen).steps) == ([], ())
    assert plan(seen).why == "gw-d is a pair already, configured as the inventory says"
    other = {**keys, "gw-d2": {**keys["gw-d2"], "Group": "x", "RemoteDiscoveryNIC": "10.9.9.9"}}
    found = [f for f in creation_checks(replace(seen, shown=other)) if f.name == "ha-configured"]
    assert [f.where for f in found] == ["gw-d2"]
    assert "Group is x, wanted gw-d; RemoteDiscoveryNIC is 10.9.9.9, wanted 10.0.0.1" in found[0].problem
