"""`fab status` reminds of the former files that lie on the nodes, and of nothing else."""

from __future__ import annotations

from tasks.core.findings import Severity
from tasks.core.health import report
from tasks.core.render import findings_lines
from tests.core.certs import SHARED
from tests.core.snapshots import THREE, alter_files, healthy
from tests.core.statuses import NOON

WORK = "/data/.fab-tls"
OLD, YOUNG = (f"{WORK}/{day}T120000Z-abcdef-0001" for day in ("20261008", "20261121"))


def test_backups_are_told_with_their_number_and_age_and_harm_no_health() -> None:
    snapshot = healthy(THREE, runs=SHARED)
    for name in ("gw-a", "gw-b"):
        snapshot = alter_files(snapshot, name, work_entries=(OLD, YOUNG))
    found = report(snapshot)
    assert f"{NOON:%F}" == "2026-11-22"
    assert [(one.name, one.severity) for one in found.findings] == [("backups", Severity.INFO)] * 2
    assert findings_lines(found.findings) == (
        "INFO backups: [gw-a, gw-b] 2 runs have kept former files here, and keys where there were any; "
        "the oldest began 45 d ago",
        "  -> fab runs.list; fab runs.clean --older-than 30d asks, then wipes them",
    )
    assert found.healthy


def test_without_backups_nothing_is_told() -> None:
    assert report(healthy(THREE, runs=SHARED)).findings == ()
    strange = alter_files(
        healthy(THREE, runs=SHARED), "gw-a", work_entries=(f"{WORK}/lock.17", f"{WORK}/notes")
    )
    assert report(strange).findings == ()


def test_what_a_recovery_put_aside_counts_as_well() -> None:
    snapshot = alter_files(healthy(THREE, runs=SHARED), "gw-a", work_entries=(f"{WORK}/recover-gw-a-ops",))
    (one,) = report(snapshot).findings
    assert one.problem == "1 run has kept former files here, and keys where there were any"
