"""What is in the way of forming a cluster: all of it at once, and nothing where nothing is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tasks.core.checks_formation import check_creation
from tasks.core.findings import Finding, Severity, errors
from tasks.core.snapshot import Snapshot
from tests.core.certs import OTHER_SHARED
from tests.core.formations import SETS, WITH_PAIR, addressed, formed, pending, unformed, wanting
from tests.core.snapshots import (
    alter,
    alter_files,
    alter_membership,
    alter_node,
    alter_server,
    alter_status,
    rest_silent,
    unreachable,
    wire,
)
from tests.core.test_checks import OFF

Change = Callable[[Snapshot], Snapshot]


def _found(snapshot: Snapshot) -> dict[str, Finding]:
    return {finding.name: finding for finding in check_creation(snapshot, SETS)}


@pytest.mark.parametrize("shape", ["fresh", "with a pair", "formed", "half", "pending"])
def test_what_is_as_it_should_be_has_no_error(shape: str) -> None:
    snapshot = {
        "fresh": unformed(),
        "with a pair": unformed(WITH_PAIR),
        "formed": formed(WITH_PAIR),
        "half": formed(but=("gw-b", "gw-c")),
        "pending": pending(formed(but=("gw-c",)), "gw-c"),
    }[shape]
    assert errors(check_creation(snapshot, SETS)) == ()


def _named(snapshot: Snapshot, name: str) -> Snapshot:
    return replace(snapshot, cluster=replace(snapshot.cluster, cluster_name=name))


@pytest.mark.parametrize(
    ("change", "name", "where", "words"),
    [
        pytest.param(lambda s: unreachable(s, "gw-b"), "ssh", "gw-b", "no route", id="ssh"),
        pytest.param(lambda s: rest_silent(s, "gw-b"), "rest", "gw-b", "connection refused", id="rest"),
        pytest.param(
            lambda s: alter_server(s, "gw-b", state=9), "state", "gw-b", "State 9", id="maintenance"
        ),
        pytest.param(
            lambda s: alter_server(s, "gw-b", error_code=387), "error-code", "gw-b", "387", id="error code"
        ),
        pytest.param(
            lambda s: alter_files(s, "gw-b", target_fault="read-only"),
            *("not-writable", "gw-b", "read-only"),
            id="not writable",
        ),
        pytest.param(
            lambda s: wanting(s, "gw-b", control_address=None),
            *("control-address", "gw-b", "the host '10.0.0.2' is a name"),
            id="no control address",
        ),
        pytest.param(
            lambda s: wanting(s, "gw-b", control_address="10.0.0.1"),
            *("control-address", "gw-b", "10.0.0.1 port 9104 is that of gw-a"),
            id="the same control address twice",
        ),
        pytest.param(
            lambda s: wanting(s, "gw-b", control_port=9089),
            *("port-collision", "gw-b", "control_port 9089 is also the port of the admin API"),
            id="control and admin",
        ),
        pytest.param(
            lambda s: wanting(s, "gw-b", messaging_port=9104),
            *("port-collision", "gw-b", "messaging_port 9104 is also the control_port"),
            id="control and messaging",
        ),
        pytest.param(
            lambda s: _named(s, "My/Cluster"),
            *("cluster-name-invalid", "", "refuses the character '/'"),
            id="a name that the server refuses",
        ),
        pytest.param(
            lambda s: _named(s, "MyCluster "),
            *("cluster-name-invalid", "", "a blank at the beginning or the end"),
            id="a name that ends with a blank",
        ),
        pytest.param(
            lambda s: _named(s, "ä" * 129), "cluster-name-invalid", "", "258 bytes", id="too long a name"
        ),
        pytest.param(
            lambda s: wanting(wanting(s, "gw-a", multicast=True), "gw-b", multicast=True, discovery_port=9),
            *("discovery-port", "", "not the same on all"),
            id="two discovery ports",
        ),
    ],
)
def test_a_fault_is_an_error_with_place_and_words(change: Change, name: str, where: str, words: str) -> None:
    finding = _found(change(unformed()))[name]
    assert (finding.severity, finding.where) == (Severity.ERROR, where)
    assert words in finding.problem


def test_every_fault_is_told_at_once() -> None:
    snapshot = _named(wanting(rest_silent(unformed(), "gw-c"), "gw-b", control_port=9089), "a=b")
    assert {"rest", "port-collision", "cluster-name-invalid"} <= set(_found(snapshot))


def test_two_nodes_that_are_no_pair_yet_are_sent_to_the_task_that_makes_them_one() -> None:
    snapshot = unformed(WITH_PAIR)
    for node in ("gw-d1", "gw-d2"):
        snapshot = alter_status(snapshot, node, ha=OFF)
        snapshot = alter_server(snapshot, node, state=1)
    finding = _found(snapshot)["pair-not-formed"]
    assert (finding.where, finding.remedy) == ("gw-d", "fab ha.create gw-d")


def test_one_member_alone_has_nobody_to_look_for() -> None:
    alone = unformed(addressed("gw-a"))
    assert _found(alone)["no-seeds"].severity is Severity.ERROR
    assert "no-seeds" not in _found(wanting(alone, "gw-a", multicast=True))


def test_a_member_with_another_configuration_is_refused_with_every_key_that_differs() -> None:
    snapshot = alter_membership(formed(), "gw-b", control_port=9204, require_certificates=False)
    snapshot = alter_membership(snapshot, "gw-c", discovery_server_list=("10.7.7.7:9104",))
    found = [f for f in check_creation(snapshot, SETS) if f.name == "membership-differs"]
    assert [f.where for f in found] == ["gw-b", "gw-c"]
    assert "ControlPort is 9204, wanted 9104; RequireCertificates is false, wanted true" in found[0].problem
    wanted = "DiscoveryServerList is 10.7.7.7:9104, wanted 10.0.0.1:9104,10.0.0.2:9104"
    assert wanted in found[1].problem


def test_a_node_that_is_no_member_may_hold_any_configuration() -> None:
    snapshot = alter_membership(unformed(), "gw-b", control_port=9204, control_address="10.7.7.7")
    assert errors(check_creation(snapshot, SETS)) == ()


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"messaging_address": ""}, id="the messaging address left to the server"),
        pytest.param({"discovery_server_list": ("10.0.0.1:9104",)}, id="a list that names some of them"),
        pytest.param({"control_external_port": 0}, id="port 0 is none"),
        pytest.param({"discovery_time_s": 30}, id="a key that the inventory does not speak of"),
    ],
)
def test_what_comes_to_the_same_is_no_difference(changes: dict[str, object]) -> None:
    assert "membership-differs" not in _found(alter_membership(formed(), "gw-c", **changes))


def test_who_cannot_be_asked_is_not_called_a_member_with_other_credentials() -> None:
    found = _found(rest_silent(unformed(), "gw-b"))
    assert "rest" in found
    assert "member-credentials" not in found


def test_a_member_on_other_credentials_is_sent_to_the_migration() -> None:
    snapshot = alter(formed(but=("gw-c",)), "gw-a", wire=wire(OTHER_SHARED))
    finding = _found(snapshot)["member-credentials"]
    assert finding.where == "gw-a"
    assert "take gw-c out of the inventory for now, fab migrate-cluster" in finding.remedy


@pytest.mark.parametrize(
    ("change", "name"),
    [
        pytest.param(lambda s: alter_server(s, "gw-b", uid="UID-gw-a"), "same-identity", id="one UID twice"),
        pytest.param(lambda s: alter_files(s, "gw-b", clock_offset_s=-90.0), "clock", id="a late clock"),
        pytest.param(lambda s: _named(s, "1st"), "cluster-name-first", id="an odd first character"),
        pytest.param(lambda s: wanting(s, "gw-b", messaging_use_tls=True), "messaging-clear", id="T10"),
        pytest.param(
            lambda s: wanting(s, "gw-b", require_certificates=False), "certificates-not-required", id="T9"
        ),
    ],
)
def test_what_is_only_odd_is_a_warning(change: Change, name: str) -> None:
    assert name not in _found(unformed())
    assert _found(change(unformed()))[name].severity is Severity.WARNING


def test_a_host_that_is_a_name_needs_a_control_address() -> None:
    snapshot = alter_node(wanting(unformed(), "gw-a", control_address=None), "gw-a", host="gw-a.example.com")
    assert "control_address: ADDRESS" in _found(snapshot)["control-address"].remedy
