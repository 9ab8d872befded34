"""`fab status` as data: rows, the verdict, and what a standby can prove."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from tasks.core.file_names import CERT_FILE, KEY_FILE
from tasks.core.health import StatusReport, StatusRow, report, standby_proof
from tasks.core.model import Admin
from tasks.core.snapshot import Snapshot
from tests.core.certs import BUILTIN_SET, OTHER_SHARED, OWN, SHARED
from tests.core.snapshots import (
    NO_ANSWER,
    WITH_PAIR,
    alter,
    alter_file,
    alter_files,
    alter_node,
    alter_server,
    alter_status,
    healthy,
    rest_silent,
    status_of,
    unreachable,
    wire,
)
from tests.core.statuses import counted, paired

Change = Callable[[Snapshot], Snapshot]


def _row(found: StatusReport, node: str) -> StatusRow:
    return next(row for row in found.rows if row.node == node)


def test_a_healthy_cluster_says_how_many_certificates_and_when_the_first_expires() -> None:
    found = report(healthy(WITH_PAIR, runs=SHARED))
    assert found.healthy
    assert found.verdict == (
        "healthy: 4 members, 5 nodes, all connected, 1 certificate, first expiry in 365 days"
    )
    assert "4 certificates" in report(healthy(WITH_PAIR, runs=OWN.sets)).verdict


def test_a_cluster_on_the_built_in_pair_is_healthy_and_told_so() -> None:
    found = report(healthy(WITH_PAIR))
    assert found.healthy
    assert "but on the BUILT-IN certificate, whose key is public" in found.verdict
    assert [row.builtin for row in found.rows] == [True, True, True, True, False]
    assert "BUILT-IN" not in report(healthy(WITH_PAIR, runs=SHARED)).verdict


def test_a_row_says_all_of_a_node() -> None:
    row = _row(report(healthy(WITH_PAIR, runs=SHARED)), "gw-d1")
    assert row == StatusRow(
        member="gw-d", node="gw-d1", role="primary", state=1, cluster="Active", connected=3, disconnected=0,
        sync="in sync", version="1.1dev", uptime_s=100, certificate=SHARED.leaf.sha256[:8],
        certificate_sha256=SHARED.leaf.sha256, days_left=365, builtin=False, on_disk="same", via="tunnel",
        trouble="",
    )  # fmt: skip


def test_a_single_has_no_sync_and_a_standby_no_certificate() -> None:
    found = report(healthy(WITH_PAIR, runs=SHARED))
    assert (_row(found, "gw-a").role, _row(found, "gw-a").sync) == ("single", "")
    standby = _row(found, "gw-d2")
    assert (standby.role, standby.certificate, standby.days_left) == ("standby", "", None)
    assert standby.on_disk == "by files and start time"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        pytest.param(lambda s: unreachable(s, "gw-a"), "gw-a", id="dead node"),
        pytest.param(lambda s: rest_silent(s, "gw-a"), "gw-a", id="silent REST"),
        pytest.param(lambda s: alter_status(s, "gw-a", cluster=counted(2, 1)), "gw-a", id="counts"),
        pytest.param(lambda s: alter_status(s, "gw-d2", ha=paired("UNSYNC")), "gw-d", id="pair"),
        pytest.param(lambda s: alter(s, "gw-a", wire=wire(OTHER_SHARED)), "gw-a", id="pending files"),
        pytest.param(
            lambda s: alter(s, "gw-a", wire=wire(SHARED, ca=OTHER_SHARED.ca)), "gw-a", id="pending CA file"
        ),
        pytest.param(lambda s: alter(s, "gw-a", wire=wire(BUILTIN_SET)), "gw-a", id="silent fallback"),
    ],
)
def test_what_is_wrong_makes_the_cluster_unhealthy_and_names_the_place(change: Change, place: str) -> None:
    found = report(change(healthy(WITH_PAIR, runs=SHARED)))
    assert not found.healthy
    assert found.verdict.startswith("NOT HEALTHY: 4 members, 5 nodes; ")
    assert found.verdict.endswith(f"on {place}")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda s: alter_files(s, "gw-a", free_bytes=1), id="no space"),
        pytest.param(lambda s: alter_files(s, "gw-a", target_fault="no right"), id="not writable"),
        pytest.param(lambda s: alter(s, "gw-a", start_trouble="no unit"), id="start"),
        pytest.param(lambda s: alter_node(s, "gw-a", admin=Admin(host="gw-a")), id="admin open"),
        pytest.param(lambda s: alter_files(s, "gw-a", crl_present=True), id="CRL"),
    ],
)
def test_what_only_a_migration_needs_or_is_unwise_is_not_ill_health(change: Change) -> None:
    assert report(change(healthy(WITH_PAIR, runs=SHARED))).healthy


def test_an_expired_certificate_is_not_called_healthy() -> None:
    snapshot = healthy(WITH_PAIR, runs=SHARED)
    day = timedelta(days=1)
    assert not report(dataclasses.replace(snapshot, taken_at=SHARED.leaf.not_after + day)).healthy
    last = report(dataclasses.replace(snapshot, taken_at=SHARED.leaf.not_after - day))
    assert last.verdict.endswith("first expiry in 1 days")


def test_a_dead_node_has_a_row_with_its_trouble_and_nothing_made_up() -> None:
    row = _row(report(unreachable(healthy(WITH_PAIR, runs=SHARED), "gw-a")), "gw-a")
    assert row.trouble == "no route to host"
    assert (row.state, row.connected, row.uptime_s, row.days_left) == (None, None, None, None)
    assert (row.role, row.certificate, row.on_disk, row.version) == ("", "", "", "")


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        pytest.param(lambda s: s, "same", id="same"),
        pytest.param(lambda s: alter(s, "gw-a", wire=wire(OTHER_SHARED)), "DIFFERENT", id="another"),
        pytest.param(lambda s: alter_files(s, "gw-a", cert_pem=b"x"), "DIFFERENT", id="garbage"),
        pytest.param(lambda s: alter_file(s, "gw-a", CERT_FILE, sha256=None), "no file", id="none"),
        pytest.param(lambda s: alter(s, "gw-a", wire=NO_ANSWER), "", id="nothing seen on the wire"),
        pytest.param(lambda s: alter(s, "gw-a", files=NO_ANSWER), "", id="nothing seen on disk"),
    ],
)
def test_what_is_served_is_compared_with_the_disk(change: Change, seen: str) -> None:
    assert _row(report(change(healthy(runs=SHARED))), "gw-a").on_disk == seen


@pytest.mark.parametrize(
    ("change", "proof"),
    [
        pytest.param(lambda s: s, "by files and start time", id="proven"),
        pytest.param(
            lambda s: alter_file(s, "gw-d2", KEY_FILE, sha256="0" * 64),
            "DIFFERENT from the primary's",
            id="key",
        ),
        pytest.param(
            lambda s: alter_file(s, "gw-d2", CERT_FILE, sha256=None),
            "DIFFERENT from the primary's",
            id="gone",
        ),
        pytest.param(
            lambda s: alter_file(s, "gw-d2", KEY_FILE, readable=False),
            "files right, UNREADABLE",
            id="T2 to come",
        ),
        pytest.param(
            lambda s: alter_server(s, "gw-d2", uptime_s=2 * 3600),
            "files right, started before them",
            id="an older process",
        ),
        pytest.param(lambda s: alter(s, "gw-d2", files=NO_ANSWER), "unproven", id="its files unseen"),
        pytest.param(lambda s: alter(s, "gw-d1", files=NO_ANSWER), "unproven", id="the primary's unseen"),
    ],
)
def test_a_standby_is_proven_by_its_files_and_its_start_alone(change: Change, proof: str) -> None:
    snapshot = change(healthy(WITH_PAIR, runs=SHARED))
    assert standby_proof(snapshot, snapshot.nodes["gw-d2"]) == proof


def test_a_standby_without_files_is_not_proven_by_having_none() -> None:
    snapshot = healthy(WITH_PAIR)
    assert standby_proof(snapshot, snapshot.nodes["gw-d2"]) == "no file"


def test_a_standby_with_a_clock_ahead_is_not_younger_for_that() -> None:
    snapshot = alter_server(healthy(WITH_PAIR, runs=SHARED), "gw-d2", uptime_s=2 * 3600)
    ahead = status_of(snapshot, "gw-d2").server.server_time + timedelta(hours=5)
    snapshot = alter_files(
        alter_server(snapshot, "gw-d2", server_time=ahead), "gw-d2", clock_offset_s=5 * 3600
    )
    assert standby_proof(snapshot, snapshot.nodes["gw-d2"]) == "files right, started before them"


def test_a_report_is_plain_data_for_json() -> None:
    snapshot = unreachable(healthy(WITH_PAIR, runs=SHARED), "gw-b")
    again = json.loads(json.dumps(dataclasses.asdict(report(snapshot)), default=str))
    assert [row["node"] for row in again["rows"]] == list(snapshot.nodes)
    assert again["healthy"] is False
    assert again["findings"][0]["severity"] == "error"
    assert again["at"].startswith("2026-11-22")
