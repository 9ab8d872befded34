"""Revocation lists on the nodes: what `check` says of them, what a migration and a restart would make of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import PurePosixPath

import pytest

from tasks.core.checks import check_cluster
from tasks.core.checks_files import file_checks
from tasks.core.checks_ha_files import ha_file_checks
from tasks.core.credential_set import CredentialSet
from tasks.core.file_names import HA
from tasks.core.findings import Finding, Severity
from tasks.core.health import report
from tasks.core.issuing import Subject, leaf_set
from tasks.core.pending import new_lists
from tasks.core.restart_plan import RestartWish, load_checks, plan_restart
from tasks.core.revocation_nodes import set_findings
from tasks.core.snapshot import FileState, Snapshot
from tasks.core.start_load import KeyLook
from tests.core.certs import LEAF_A, MEMBERS, NOW, OTHER_SHARED, OWN, SHARED
from tests.core.ha_pairs import ISSUED, RENEWED, ha_files, lying
from tests.core.revocations import OTHER_CA, made
from tests.core.snapshots import (
    PLACED_AT,
    THREE,
    TRUSTSTORE,
    WITH_PAIR,
    alter_files,
    files_of,
    healthy,
    single,
    wire,
)

OTHERS = leaf_set("gw-c", OTHER_CA, subject=Subject("gw-c"), days=300, now=NOW)
SETS = {member: OWN.sets[member] for member in MEMBERS}
E, W = Severity.ERROR, Severity.WARNING


def with_list(snapshot: Snapshot, data: bytes, *names: str, changed_at: float = PLACED_AT) -> Snapshot:
    """The same with this list on these nodes; on all of them if none is named."""
    state = FileState(TRUSTSTORE / "Cluster_crl/crl.pem", "0" * 64, "463:463", "600", True, changed_at)
    for name in names or tuple(snapshot.nodes):
        snapshot = alter_files(snapshot, name, crl_present=True, crl=data, crl_file=state)
    return snapshot


def found_on(snapshot: Snapshot, node: str = "gw-a") -> list[tuple[str, Severity]]:
    return [(f.name, f.severity) for f in file_checks(snapshot) if f.where == node]


def test_a_list_in_order_is_a_warning_that_it_keeps_nobody_out() -> None:
    snapshot = with_list(healthy(runs=SETS), made().pem())
    assert found_on(snapshot) == [("crl", W)]
    assert report(snapshot).healthy
    (one,) = [f for f in file_checks(snapshot) if f.where == "gw-a"]
    assert "does not keep a revoked member out" in one.problem
    assert "to shut a member out, change the CA" in one.remedy


@pytest.mark.parametrize(
    ("data", "name", "severity"),
    [
        pytest.param(b"garbage", "crl-garbage", E, id="garbage"),
        pytest.param(made(days=3).pem(), "crl-expires", W, id="expires soon"),
        pytest.param(made(now=NOW - timedelta(days=50)).pem(), "crl-expired", E, id="expired"),
        pytest.param(made(issuer=OTHER_CA).pem(), "crl-unknown-issuer", E, id="foreign issuer"),
        pytest.param(made(LEAF_A).der, "crl-revokes-member", W, id="revokes a running member, in DER"),
    ],
)
def test_a_list_out_of_order_is_named(data: bytes, name: str, severity: Severity) -> None:
    assert found_on(with_list(healthy(runs=SETS), data)) == [("crl", W), (name, severity)]
    assert found_on(with_list(healthy(runs=SETS), data, "gw-b")) == []


def test_a_list_that_could_not_be_read_is_not_judged() -> None:
    assert found_on(with_list(healthy(runs=SETS), b"")) == [("crl", W)]


def test_a_list_that_the_server_cannot_open_is_t1() -> None:
    snapshot = with_list(healthy(runs=SETS), made().pem())
    state = files_of(snapshot, "gw-a").crl_file
    assert state is not None
    closed = alter_files(snapshot, "gw-a", crl_file=replace(state, owner="0:0", readable=False))
    assert found_on(closed) == [("crl", W), ("crl-garbage", E)]
    (text,) = [f.problem for f in file_checks(closed) if f.name == "crl-garbage"]
    assert "the service user cannot read it (owner 0:0, mode 600): a restart would listen on nothing" in text
    assert found_on(closed, "gw-b") == [("crl", W)]


def test_a_node_whose_clock_is_ahead_judges_by_that() -> None:
    ahead = with_list(healthy(runs=SETS), made(days=20).pem())
    ahead = alter_files(ahead, "gw-a", clock_offset_s=21 * 86400.0)
    assert found_on(ahead) == [("crl", W), ("crl-expired", E)]
    assert found_on(ahead, "gw-b") == [("crl", W)]


def test_a_member_that_serves_another_issuers_leaf_is_named_whatever_lies_on_its_disk() -> None:
    ca = (OWN.issuer.certificate, OTHER_CA.certificate)
    both = b"".join(one.pem() for one in ca)
    snapshot = with_list(healthy(runs=SETS), made().pem())
    for node in THREE.nodes:
        snapshot = alter_files(snapshot, node.name, ca_pem=both)
    assert found_on(snapshot) == [("crl", W)]
    serving = replace(snapshot.nodes["gw-c"], wire=wire(OTHERS))
    snapshot = replace(snapshot, nodes={**snapshot.nodes, "gw-c": serving})
    assert found_on(snapshot) == [("crl", W), ("crl-foreign", E)]


def test_an_expired_list_is_ill_health_and_of_no_concern_to_the_ha_channel() -> None:
    snapshot = with_list(healthy(WITH_PAIR, runs=SETS), made(now=NOW - timedelta(days=50)).pem())
    assert not report(snapshot).healthy


def in_pair(data: bytes, one: CredentialSet = ISSUED) -> Snapshot:
    """A pair with an HA set of a CA, and an HA list on both nodes."""
    files = replace(ha_files(one), trust_extras=frozenset({"crl"}), crl=data)
    snapshot = lying(None)
    for name in ("gw-d1", "gw-d2"):
        snapshot = alter_files(snapshot, name, ha=files)
    return snapshot


HA_CA = ISSUED.ca[0]


def test_an_ha_list_of_another_ca_and_a_broken_one_are_errors_on_both_nodes() -> None:
    for data, name in ((made().pem(), "ha-crl-unknown-issuer"), (b"garbage", "ha-crl-garbage")):
        found = [(f.name, f.where) for f in ha_file_checks(in_pair(data))]
        assert found == [(n, node) for node in ("gw-d1", "gw-d2") for n in ("ha-crl", name)]
    text = next(f for f in ha_file_checks(in_pair(b""))).remedy
    assert "fab credentials.crl --use ha --remove" in text


def blocked(snapshot: Snapshot, sets: dict[str, CredentialSet]) -> list[Finding]:
    return list(set_findings(snapshot, sets))


def test_new_sets_of_another_ca_are_refused_while_a_list_of_the_old_one_lies_there() -> None:
    snapshot = with_list(healthy(runs=SETS), made().pem(), "gw-a")
    (one,) = blocked(snapshot, dict.fromkeys(MEMBERS, OTHER_SHARED))
    assert (one.name, one.severity, one.where) == ("crl-blocks-sets", E, "gw-a")
    assert "fab credentials.crl --remove first" in one.remedy
    renewed = {m: leaf_set(m, OWN.issuer, subject=Subject(m), days=99, now=NOW) for m in MEMBERS}
    assert blocked(snapshot, renewed) == []
    assert blocked(healthy(runs=SETS), dict.fromkeys(MEMBERS, OTHER_SHARED)) == []
    assert blocked(with_list(healthy(runs=SETS), b"garbage"), SETS) == []  # said by check


def test_so_are_ha_sets_of_another_ca() -> None:
    snapshot = in_pair(made().pem())
    assert {f.name for f in set_findings(snapshot, {"gw-d": RENEWED}, HA)} == {"ha-crl-blocks-sets"}
    assert {f.where for f in set_findings(snapshot, {"gw-d": RENEWED}, HA)} == {"gw-d1", "gw-d2"}
    assert set_findings(snapshot, {}, HA) == ()


def test_a_restart_says_which_list_it_would_load_and_is_not_kept_from_it() -> None:
    started = report(healthy(runs=SETS)).at.timestamp()
    snapshot = with_list(healthy(runs=SETS), made().pem(), changed_at=started + 10**6)
    told = "Cluster_crl/crl.pem of gw-a was written after its process started: a restart loads it"
    assert new_lists(snapshot, snapshot.cluster.member("gw-a")) == (told,)
    assert told in plan_restart(snapshot, RestartWish("gw-a")).notes
    nodes = single("gw-a").nodes
    found = load_checks(snapshot, nodes, {"gw-a": KeyLook.MATCHES}, load_pending=False, again={"gw-a": "-"})
    assert found == ()
    before = with_list(healthy(runs=SETS), made().pem())
    assert new_lists(before, before.cluster.member("gw-a")) == ()
    assert new_lists(healthy(runs=SETS), before.cluster.member("gw-a")) == ()


def test_in_a_pair_a_sync_may_have_written_it_and_the_ha_list_counts_too() -> None:
    snapshot = with_list(healthy(WITH_PAIR, runs=SETS), made().pem(), changed_at=10**12)
    ha = FileState(PurePosixPath(TRUSTSTORE / "HA_crl/crl.pem"), "1" * 64, "463:463", "600", True, 10**12)
    changed = replace(files_of(snapshot, "gw-d1").ha, crl_file=ha)
    snapshot = alter_files(snapshot, "gw-d1", ha=changed)
    told = new_lists(snapshot, snapshot.cluster.member("gw-d"))
    assert [text.partition(" was ")[0] for text in told] == [
        "Cluster_crl/crl.pem of gw-d1",
        "HA_crl/crl.pem of gw-d1",
    ]
    assert "by a placing or by the sync of the pair" in told[0]


def test_a_running_cluster_without_lists_says_nothing_of_them() -> None:
    assert not [f for f in check_cluster(healthy(WITH_PAIR, runs=SHARED)) if "crl" in f.name]
