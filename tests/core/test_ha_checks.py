"""What forbids to change a pair's HA credentials, and what does not concern them."""

from __future__ import annotations

import pytest

from tasks.core.checks import check_cluster
from tasks.core.findings import Finding, Severity
from tasks.core.ha_checks import ha_checks, ha_report, of_ha_sets, relevant
from tasks.core.ha_seen import HaSeen
from tasks.core.snapshot import Unseen
from tests.core.ha_pairs import OLD, PAIR, SECURED, ha_files, lying, seen
from tests.core.snapshots import alter_files, alter_membership, alter_status, healthy
from tests.core.statuses import paired

PAIRS = (PAIR.member("gw-d"),)


def test_a_secured_pair_has_no_findings() -> None:
    assert list(ha_checks(seen(lying(OLD)))) == []


@pytest.mark.parametrize(
    ("change", "name", "text"),
    [
        ({"UseSecuredConnections": False}, "ha-unsecured", "the HA channel runs in clear text"),
        ({"StartupMode": "StandAlone"}, "ha-stand-alone", "it would be a second primary (T8)"),
        ({"Group": "other"}, "ha-group", "different Groups: gw-d, other"),
    ],
    ids=["unsecured", "stand alone", "another group"],
)
def test_each_misconfiguration_is_an_error(change: dict[str, object], name: str, text: str) -> None:
    found = list(ha_checks(seen(lying(OLD), **change)))
    assert [(f.name, f.severity) for f in found] == [(name, Severity.ERROR)]
    assert text in found[0].problem


def test_a_node_that_does_not_show_its_configuration_is_an_error() -> None:
    unseen = HaSeen(lying(OLD), PAIRS, {"gw-d1": SECURED, "gw-d2": Unseen("no answer", "is it up?")})
    assert [(f.name, f.where) for f in ha_checks(unseen)] == [("ha-config", "gw-d2")]


def test_a_set_is_made_anew_for_its_use() -> None:
    found = of_ha_sets(
        Finding("expired", Severity.ERROR, "gw-d", "expired", f"make a new set: fab credentials.create{use}")
        for use in ("", " --use ha")
    )
    assert [f.remedy for f in found] == ["make a new set: fab credentials.create --use ha"] * 2


def test_files_that_the_server_cannot_read_are_named() -> None:
    found = list(ha_checks(seen(alter_files(lying(OLD), "gw-d2", ha=ha_files(OLD, readable=False)))))
    assert {(f.name, f.where, f.severity) for f in found} == {("ha-unreadable", "gw-d2", Severity.WARNING)}
    assert "HA_key.pem cannot be read by the service user (owner 463:463, mode 600)" in [
        f.problem for f in found
    ]


def test_membership_and_cluster_credentials_do_not_concern_the_ha_channel() -> None:
    outside = healthy(PAIR)
    for node in PAIR.nodes:
        outside = alter_membership(outside, node.name, enabled=False)
    assert "not-a-member" in {f.name for f in check_cluster(outside)}
    assert not [f for f in relevant(check_cluster(outside), PAIRS) if f.severity is Severity.ERROR]


def test_the_report_at_the_end_is_about_the_pair() -> None:
    assert (ha_report(lying(OLD), PAIRS).verdict, ha_report(lying(OLD), PAIRS).healthy) == (
        "healthy: gw-d in sync",
        True,
    )
    apart = alter_status(lying(OLD), "gw-d2", ha=paired("UNSYNC", active=0, synced=0))
    found = ha_report(apart, PAIRS)
    assert not found.healthy
    assert "roles PRIMARY and UNSYNC, wanted PRIMARY and STANDBY" in found.verdict
