"""What an acting task came to, from what it was told and from the run's own directory."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tasks.core.errors import GateTimeout, Interrupted, Refused
from tasks.core.findings import Finding, Severity
from tasks.core.health import report
from tasks.core.journal import Entry
from tasks.core.progress import Progress
from tasks.core.results import Done, Ending
from tasks.effects.account import Account
from tasks.effects.record import RunRecord, open_run
from tasks.effects.reporting import Scene
from tests.core.plans import plan_of
from tests.core.snapshots import cluster, healthy
from tests.core.statuses import NOON

SEEN = healthy(cluster("gw-a", "gw-b"))
PLAN = plan_of(SEEN)
WARNED = Finding("clock", Severity.WARNING, "gw-a", "late", "ntp")
RESUME = "fab migrate-cluster --resume"


@pytest.fixture
def record(tmp_path: Path) -> RunRecord:
    """A run with one step done."""
    made = open_run(tmp_path / "runs", PLAN, at=NOON)
    for number, event in enumerate(("started", "done")):
        made.append(Entry(at=NOON + timedelta(seconds=number), event=event, step=PLAN.steps[0].id))
    return made


@pytest.fixture
def begun(record: RunRecord) -> Account:
    account = Account()
    site = replace(SEEN.cluster, runs_dir=record.directory.parent)
    account.at(site)
    account.planned(PLAN, (WARNED,))
    account.begun(Scene(record.id, site, PLAN, Progress(), RESUME))
    return account


def test_a_complete_run_has_its_verdict_and_what_the_last_look_found(
    begun: Account, record: RunRecord
) -> None:
    begun.proven(report(SEEN))
    result = begun.result("migrate-cluster", None)
    assert (result.outcome, result.exit_code, result.run) == (Ending.COMPLETE, 0, record.id)
    assert result.verdict.startswith("healthy: 2 members")
    assert result.findings == report(SEEN).findings
    assert (result.resume, result.report) == ("", f"fab runs.report {record.id}")
    assert result.plan is not None
    assert (result.plan.fingerprint, result.plan.steps_done) == (PLAN.fingerprint, 1)
    assert result.plan.steps == len(PLAN.steps)
    assert result.availability is None  # nothing was sampled


@pytest.mark.parametrize("kind", [GateTimeout, Interrupted])
def test_a_run_that_can_be_gone_on_with_says_how(begun: Account, kind: type[GateTimeout]) -> None:
    result = begun.result("migrate-cluster", kind("not ready", node="gw-a", remedy=RESUME))
    assert (result.problem, result.node, result.remedy, result.resume) == (
        "not ready",
        "gw-a",
        RESUME,
        RESUME,
    )
    assert result.exit_code == kind.exit_code
    assert result.findings == (WARNED,)


def test_a_run_that_was_stopped_as_asked_is_no_error(begun: Account) -> None:
    begun.ends(Ending.STOPPED)
    result = begun.result("migrate-cluster", None)
    assert (result.outcome, result.exit_code, result.resume) == (Ending.STOPPED, 0, RESUME)


def test_a_plan_alone_has_no_run(record: RunRecord) -> None:
    account = Account()
    account.at(SEEN.cluster)
    account.planned(PLAN, (WARNED,))
    account.ends(Ending.PLANNED)
    result = account.result("migrate-cluster", None)
    assert (result.outcome, result.run, result.report) == (Ending.PLANNED, "", "")
    assert result.plan is not None
    assert (result.plan.steps, result.plan.steps_done) == (len(PLAN.steps), 0)


def test_findings_of_a_refusal_go_before_older_ones() -> None:
    worse = replace(WARNED, severity=Severity.ERROR)
    account = Account()
    account.planned(PLAN, (WARNED,))
    assert account.result("x", Refused("no", remedy="y", findings=(worse,))).findings == (worse,)
    assert account.result("x", Refused("no", remedy="y")).findings == (WARNED,)


def test_a_run_whose_directory_is_gone_is_named_all_the_same(begun: Account, record: RunRecord) -> None:
    for path in record.directory.iterdir():
        path.unlink()
    result = begun.result("migrate-cluster", None)
    assert (result.run, result.report) == (record.id, "")
    assert result.plan is not None
    assert result.plan.steps_done == 0


def test_the_cluster_is_the_opened_one_else_what_the_error_or_the_command_line_says() -> None:
    failed = Refused("no", remedy="y")
    assert Account().result("x", failed, cluster="typed").cluster == "typed"
    failed.cluster = "opened"
    assert Account().result("x", failed, cluster="typed").cluster == "opened"
    account = Account()
    account.comes_to(Done(cluster="made"))
    assert account.result("x", None).cluster == "made"
