"""What is said of HA credentials that lie on the nodes, before a restart loads them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tasks.core.checks import check_cluster
from tasks.core.checks_ha_files import ha_file_checks
from tasks.core.file_names import HA
from tasks.core.findings import Severity
from tasks.core.health import report
from tasks.core.issuing import Subject, shared_self_signed
from tasks.core.snapshot import HaFiles, Snapshot
from tests.core.certs import NOW
from tests.core.ha_pairs import NEW, OLD, for_ha, ha_files, lying, with_files
from tests.core.snapshots import alter_files

BOTH = ("gw-d1", "gw-d2")


def lasting(days: int) -> HaFiles:
    made = for_ha(shared_self_signed(Subject("short"), days=100, now=NOW + timedelta(days=days - 100)))
    return ha_files(made)


def on_both(files: HaFiles) -> Snapshot:
    snapshot = lying(None)
    for name in BOTH:
        snapshot = alter_files(snapshot, name, ha=files)
    return snapshot


def without_ca() -> HaFiles:
    there = ha_files(OLD)
    gone = replace(there.files[HA.ca], sha256=None)
    return replace(there, files={**there.files, HA.ca: gone}, ca_pem=b"")


@pytest.mark.parametrize("files", [None, OLD], ids=["built-in pair", "a set of their own"])
def test_files_in_order_are_no_finding(files: object) -> None:
    assert list(ha_file_checks(lying(OLD if files is OLD else None))) == []


@pytest.mark.parametrize(
    ("files", "name", "text"),
    [
        (lasting(-1), "ha-expired", "does not find the other one with it"),
        (lasting(101), "ha-expired", "is valid from"),
        (lasting(20), "ha-expires", "20 days left"),
        (without_ca(), "ha-no-ca", "HA_cert.pem and HA_key.pem without HA_cafile.pem"),
        (replace(ha_files(OLD), cert_pem=b"nonsense"), "ha-garbage", "HA_cert.pem is no certificate"),
        (replace(ha_files(OLD), trust_extras=frozenset({"crl"})), "ha-crl", "it must stay valid"),
        (
            replace(ha_files(OLD), trust_extras=frozenset({"capath"})),
            "ha-capath",
            "trusted beside HA_cafile.pem",
        ),
    ],
    ids=["expired", "not yet valid", "expires soon", "no CA file", "garbage", "CRL", "CA directory"],
)
def test_each_trouble_is_named_on_both_nodes(files: HaFiles, name: str, text: str) -> None:
    found = list(ha_file_checks(on_both(files)))
    assert [(f.name, f.where, f.severity) for f in found] == [(name, node, Severity.WARNING) for node in BOTH]
    assert text in found[0].problem


def test_files_that_differ_between_the_nodes_are_named() -> None:
    found = list(ha_file_checks(with_files(lying(OLD), NEW, "gw-d2")))
    assert [(f.name, f.where) for f in found] == [("ha-files-differ", "gw-d")]
    assert found[0].problem.startswith(
        "HA_cafile.pem, HA_cert.pem, HA_key.pem: not the same on gw-d1 and gw-d2"
    )


def test_a_pair_whose_channel_is_not_secured_has_no_use_for_them() -> None:
    snapshot = on_both(lasting(-1))
    members = tuple(
        replace(m, nodes=tuple(replace(n, ha=replace(n.ha, secured=False)) for n in m.nodes))
        for m in snapshot.cluster.members
    )
    unsecured = replace(snapshot, cluster=replace(snapshot.cluster, members=members))
    assert list(ha_file_checks(unsecured)) == []


def test_an_expired_one_is_not_healthy_and_one_that_expires_soon_is() -> None:
    assert not report(on_both(lasting(-1))).healthy
    soon = on_both(lasting(20))
    assert report(soon).healthy
    assert "ha-expires" in {f.name for f in check_cluster(soon)}
