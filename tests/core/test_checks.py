"""Each check beside the healthy cluster, and all of them at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tasks.core.checks import check_cluster
from tasks.core.findings import Severity
from tasks.core.model import Admin, Cluster
from tasks.core.snapshot import Snapshot
from tasks.core.status import HaStatus
from tests.core.certs import OWN, SHARED
from tests.core.snapshots import (
    NO_ANSWER,
    THREE,
    WITH_PAIR,
    also_sees,
    alter,
    alter_cfg,
    alter_files,
    alter_membership,
    alter_node,
    alter_server,
    alter_status,
    healthy,
    rest_silent,
    stranger,
    unreachable,
)
from tests.core.statuses import counted, paired

Change = Callable[[Snapshot], Snapshot]
NO_LOGIN = Admin(host="gw-a")
UNVERIFIED = Admin(host="gw-a", user="admin", verify=False)  # what the finding warns of; nothing is asked
PLAIN = Admin(host="gw-a", user="admin", scheme="http")
OFF = HaStatus("Inactive", enabled=False)


def _names(snapshot: Snapshot, *, severity: Severity | None = None) -> list[tuple[str, str]]:
    found = check_cluster(snapshot)
    return [(f.name, f.where) for f in found if severity in (None, f.severity)]


@pytest.mark.parametrize("wanted", [THREE, WITH_PAIR], ids=["three singles", "singles and a pair"])
def test_a_healthy_cluster_with_its_own_credentials_has_no_finding(wanted: Cluster) -> None:
    assert check_cluster(healthy(wanted, runs=SHARED)) == ()
    assert check_cluster(healthy(wanted, runs=OWN.sets)) == ()


def test_a_healthy_cluster_on_the_built_in_pair_may_be_migrated() -> None:
    assert _names(healthy(WITH_PAIR), severity=Severity.ERROR) == []
    assert {name for name, _ in _names(healthy(WITH_PAIR))} == {"builtin-served"}


@pytest.mark.parametrize(
    ("change", "finding", "seen"),
    [
        pytest.param(
            lambda s: alter(s, "gw-a", status=NO_ANSWER),
            ("rest", "gw-a"),
            "connection refused",
            id="no status",
        ),
        pytest.param(
            lambda s: alter(s, "gw-a", membership=NO_ANSWER), ("rest", "gw-a"), "refused", id="no membership"
        ),
        pytest.param(
            lambda s: alter(s, "gw-a", remotes=NO_ANSWER), ("rest", "gw-a"), "refused", id="no monitor"
        ),
        pytest.param(
            lambda s: alter_server(s, "gw-a", state=9), ("state", "gw-a"), "State 9", id="maintenance"
        ),
        pytest.param(
            lambda s: alter_server(s, "gw-d2", state=11),
            ("state", "gw-d2"),
            "State 11",
            id="standby starting",
        ),
        pytest.param(
            lambda s: alter_server(s, "gw-a", error_code=387, error_message="store"),
            ("error-code", "gw-a"),
            "ErrorCode 387: store",
            id="error code",
        ),
        pytest.param(
            lambda s: alter_membership(s, "gw-a", enabled=False),
            ("not-a-member", "gw-a"),
            "EnableClusterMembership is false",
            id="no member",
        ),
        pytest.param(
            lambda s: alter_membership(s, "gw-a", cluster_name="Other"),
            ("cluster-name", "gw-a"),
            "'Other', wanted 'MyCluster'",
            id="another cluster",
        ),
        pytest.param(
            lambda s: alter_status(s, "gw-a", ha=paired("PRIMARY")),
            ("pair-unlisted", "gw-a"),
            "role PRIMARY",
            id="a pair listed as a single",
        ),
        pytest.param(
            lambda s: alter_status(s, "gw-d2", ha=paired("UNSYNC")),
            ("pair-roles", "gw-d"),
            "roles PRIMARY and UNSYNC",
            id="unsync",
        ),
        pytest.param(
            lambda s: alter_status(alter_status(s, "gw-d1", ha=OFF), "gw-d2", ha=OFF),
            ("pair-not-formed", "gw-d"),
            "its nodes are not an HA pair yet",
            id="a pair that is none",
        ),
        pytest.param(
            lambda s: alter_status(s, "gw-d1", ha=paired("PRIMARY", synced=1)),
            ("pair-sync", "gw-d"),
            "2 active, 1 in sync",
            id="pair not in sync",
        ),
        pytest.param(
            lambda s: alter_status(s, "gw-d2", ha=paired("STANDBY", pct=40)),
            ("pair-sync", "gw-d"),
            "not in sync",
            id="still synchronising",
        ),
        pytest.param(
            lambda s: alter(s, "gw-a", start_trouble="no unit imaserver.service"),
            ("service-start", "gw-a"),
            "no unit imaserver.service",
            id="cannot be started",
        ),
    ],
)
def test_a_fault_is_an_error_with_place_and_words(
    change: Change, finding: tuple[str, str], seen: str
) -> None:
    snapshot = change(healthy(WITH_PAIR, runs=SHARED))
    found = [f for f in check_cluster(snapshot) if (f.name, f.where) == finding]
    assert len(found) == 1
    assert found[0].severity is Severity.ERROR
    assert seen in found[0].problem
    assert found[0].remedy


def test_plain_http_inside_of_ssh_is_not_in_clear() -> None:
    assert check_cluster(alter_node(healthy(runs=SHARED), "gw-a", admin=PLAIN)) == ()


@pytest.mark.parametrize(
    ("change", "name"),
    [
        pytest.param(lambda s: alter_node(s, "gw-a", admin=NO_LOGIN), "admin-open", id="no login"),
        pytest.param(lambda s: alter_node(s, "gw-a", admin=UNVERIFIED), "admin-unverified", id="no verify"),
        pytest.param(
            lambda s: alter(alter_node(s, "gw-a", admin=PLAIN), "gw-a", via="direct"),
            "admin-clear",
            id="clear",
        ),
        pytest.param(
            lambda s: alter_membership(s, "gw-a", require_certificates=False),
            "certificates-not-required",
            id="RequireCertificates false",
        ),
    ],
)
def test_what_is_unwise_is_a_warning_and_stops_nothing(change: Change, name: str) -> None:
    (finding,) = check_cluster(change(healthy(runs=SHARED)))
    assert (finding.name, finding.where, finding.severity) == (name, "gw-a", Severity.WARNING)


def test_certificates_not_required_says_what_the_setting_does_not_do() -> None:
    (finding,) = check_cluster(alter_membership(healthy(runs=SHARED), "gw-a", require_certificates=False))
    assert "the control channel requires them always" in finding.problem


def test_a_node_without_login_that_does_not_answer_is_not_called_open() -> None:
    snapshot = alter_node(rest_silent(healthy(runs=SHARED), "gw-a"), "gw-a", admin=NO_LOGIN)
    assert "admin-open" not in {name for name, _ in _names(snapshot)}


@pytest.mark.parametrize("node", ["gw-a", "gw-d1", "gw-d2"])
def test_an_unreachable_node_is_one_finding_and_accuses_nobody(node: str) -> None:
    (finding,) = check_cluster(unreachable(healthy(WITH_PAIR, runs=SHARED), node))
    assert (finding.name, finding.where, finding.severity) == ("ssh", node, Severity.ERROR)
    assert (finding.problem, finding.remedy) == ("no route to host", "is it up?")


def test_a_pair_of_which_neither_node_is_reached_is_two_findings_and_no_more() -> None:
    snapshot = unreachable(unreachable(healthy(WITH_PAIR, runs=SHARED), "gw-d1"), "gw-d2")
    assert _names(snapshot) == [("ssh", "gw-d1"), ("ssh", "gw-d2")]


def test_a_standby_listed_first_does_not_speak_for_its_unreachable_primary() -> None:
    snapshot = healthy(WITH_PAIR, runs=SHARED)
    one, two = snapshot.nodes["gw-d1"], snapshot.nodes["gw-d2"]
    turned = alter(snapshot, "gw-d1", status=two.status, wire=None, remotes=None)
    turned = alter(turned, "gw-d2", status=one.status, wire=one.wire, remotes=one.remotes)
    assert check_cluster(turned) == ()
    assert _names(unreachable(turned, "gw-d2")) == [("ssh", "gw-d2")]


def test_a_silent_rest_is_named_once_beside_what_the_wire_says() -> None:
    assert _names(rest_silent(healthy(runs=SHARED), "gw-a")) == [("rest", "gw-a"), ("wire", "gw-a")]


def test_all_faults_of_a_cluster_are_reported_at_once() -> None:
    snapshot = unreachable(healthy(WITH_PAIR), "gw-c")
    snapshot = alter_server(snapshot, "gw-a", state=9, error_code=500)
    snapshot = alter_status(snapshot, "gw-b", cluster=counted(2, 1))
    snapshot = also_sees(alter_node(snapshot, "gw-b", admin=NO_LOGIN), "gw-b", stranger(), stranger("UID-Y"))
    snapshot = alter_status(snapshot, "gw-d2", ha=paired("UNSYNC"))
    snapshot = alter_files(snapshot, "gw-a", free_bytes=1, target_fault="uid 1000 may not write")
    snapshot = alter_cfg(snapshot, "gw-d1", "Cluster.ControlTLSPolicy = 2\n")
    assert {name for name, _ in _names(snapshot)} == {
        *("ssh", "state", "error-code", "counts", "unknown-member", "pair-roles", "admin-open"),
        *("no-space", "not-writable", "tls-policy-off", "builtin-served"),
        *("cfg-keystore-missing", "cfg-truststore-missing"),
    }


def test_every_finding_has_a_stable_name_a_problem_and_a_remedy() -> None:
    snapshot = rest_silent(unreachable(healthy(WITH_PAIR), "gw-c"), "gw-a")
    for finding in check_cluster(snapshot):
        assert finding.name == finding.name.lower().replace(" ", "-")
        assert finding.problem
        assert finding.remedy


def test_checks_change_nothing() -> None:
    snapshot = healthy(WITH_PAIR)
    before = replace(snapshot)
    check_cluster(snapshot)
    assert snapshot == before
