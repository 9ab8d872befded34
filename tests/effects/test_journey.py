"""Begin, resume, give up: the same for every acting task."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tasks.core.errors import GateTimeout, Locked, Refused, Unhealthy, UsageError
from tasks.core.health import StatusReport
from tasks.core.journal import Entry
from tasks.core.plan import Plan
from tasks.effects.journey import Journey, begin, resume
from tasks.effects.lock import Claim, lock
from tasks.effects.mirror import mirror, packed
from tasks.effects.prepare import Prepared
from tasks.effects.record import open_run, runs
from tasks.effects.secrets import Secrets
from tasks.effects.site import Site
from tasks.effects.speaking import speaking_for
from tasks.effects.status_shown import require_healthy
from tasks.effects.terms import Terms
from tests.core.plans import plan_of
from tests.core.snapshots import cluster, healthy
from tests.core.statuses import NOON
from tests.effects.on_trees import nodes_of

PLAN = plan_of(healthy()).model_copy(update={"task": "cluster.create"})
RUN = "20261122T120000Z-0123ab-4567"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Never connected to: whoever asks a node fails the test."""
    return Site(replace(cluster("gw-a"), runs_dir=tmp_path / "runs"), secrets=Secrets().resolve)


def _not_reached(*_: object) -> Prepared:
    raise AssertionError("nothing is looked at")


def _never(*_: object) -> StatusReport:
    raise AssertionError("nothing is concluded")


def _journey(task: str) -> Journey:
    return Journey(task=task, prepare=_not_reached, show=lambda plan: None, conclude=_never)


def _unchanged(prepared: Prepared) -> Plan:
    return PLAN


def test_the_run_of_another_task_is_not_resumed_and_its_command_is_named(site: Site) -> None:
    record = open_run(site.cluster.runs_dir, PLAN, at=NOON)
    with pytest.raises(UsageError, match=rf"{record.id} is one of cluster.create, not of cluster.join") as no:
        resume(site, _journey("cluster.join"))
    assert no.value.remedy == "fab cluster.create --resume"


def test_the_migrations_own_run_is_named_by_its_own_command(site: Site) -> None:
    open_run(site.cluster.runs_dir, PLAN.model_copy(update={"task": "migrate-cluster"}), at=NOON)
    with pytest.raises(UsageError, match=r"is one of migrate-cluster, not of cluster.join") as no:
        resume(site, _journey("cluster.join"))
    assert no.value.remedy == "fab migrate-cluster --resume"


def test_a_run_for_one_member_is_not_resumed_in_the_name_of_another(site: Site) -> None:
    plan = PLAN.model_copy(update={"task": "cluster.join", "command": "cluster.join gw-d --stop-after 1"})
    open_run(site.cluster.runs_dir, plan, at=NOON)
    with pytest.raises(
        UsageError, match=r"began as `fab cluster.join gw-d --stop-after 1`, not for gw-e"
    ) as no:
        resume(site, replace(_journey("cluster.join"), command="cluster.join gw-e"))
    assert "fab cluster.join --resume" in no.value.remedy


@pytest.mark.parametrize("typed", ["", "cluster.join gw-d", "cluster.join --ignore x"])
def test_the_same_member_or_none_goes_on_with_it(site: Site, typed: str) -> None:
    plan = PLAN.model_copy(update={"task": "cluster.join", "command": "cluster.join gw-d"})
    open_run(site.cluster.runs_dir, plan, at=NOON)
    with pytest.raises(AssertionError, match="nothing is looked at"):
        resume(site, replace(_journey("cluster.join"), command=typed))


def test_without_an_open_run_here_or_on_the_nodes_the_tasks_own_command_is_named(tmp_path: Path) -> None:
    with (
        nodes_of("gw-a", runs_dir=tmp_path / "runs") as nodes,
        pytest.raises(
            UsageError, match=rf"no interrupted run in {tmp_path}/runs, and no node is locked by one"
        ) as no,
    ):
        resume(nodes.site, _journey("cluster.join"))
    assert no.value.remedy == "fab status; fab cluster.join starts one"


def test_a_run_that_holds_the_lock_of_the_nodes_is_found_where_nothing_is_known_of_it(tmp_path: Path) -> None:
    """Lost, or begun on another machine: it is another task's all the same."""
    with nodes_of("gw-a", runs_dir=tmp_path / "runs") as nodes:
        lock(nodes.remotes, Claim(RUN, NOON, PLAN.task), acting=nodes.acting)
        mirror(nodes.remotes, RUN, packed(PLAN), acting=nodes.acting)
        with pytest.raises(UsageError, match=rf"the open run {RUN} is one of cluster.create"):
            resume(nodes.site, _journey("cluster.join"))
        (found,) = runs(nodes.site.cluster.runs_dir)
    assert (found.id, found.is_rebuilt) == (RUN, True)


def test_no_run_begins_while_one_of_another_task_is_open(site: Site) -> None:
    record = open_run(site.cluster.runs_dir, PLAN, at=NOON)
    with pytest.raises(Refused, match=f"run {record.id} is not finished") as no:
        begin(site, _journey("ha.migrate"), _unchanged, Terms(yes=True))
    assert "fab cluster.create --resume" in no.value.remedy
    assert f"fab cluster.create --break-lock {record.id}" in no.value.remedy


def test_a_run_that_was_given_up_is_no_hindrance(site: Site) -> None:
    open_run(site.cluster.runs_dir, PLAN, at=NOON).append(Entry(at=NOON, event="abandoned"))
    with pytest.raises(AssertionError, match="nothing is looked at"):
        begin(site, _journey("ha.migrate"), _unchanged, Terms(yes=True))


def test_the_plan_is_shown_even_while_a_run_is_open(site: Site) -> None:
    open_run(site.cluster.runs_dir, PLAN, at=NOON)
    with pytest.raises(AssertionError, match="nothing is looked at"):
        begin(site, _journey("ha.migrate"), _unchanged, Terms(plan_only=True))


def test_remedies_name_the_task_at_work_but_for_anothers_lock() -> None:
    with pytest.raises(GateTimeout) as stopped, speaking_for("ha.migrate"):
        raise GateTimeout("not in sync", remedy="fab status; then fab migrate-cluster --resume")
    assert stopped.value.remedy == "fab status; then fab ha.migrate --resume"
    with pytest.raises(Locked) as held, speaking_for("ha.migrate"):
        raise Locked("another run", remedy="fab migrate-cluster --resume")
    assert held.value.remedy == "fab migrate-cluster --resume"


def test_an_end_that_is_not_healthy_is_exit_6() -> None:
    report = StatusReport("production", NOON, (), healthy=False, verdict="NOT HEALTHY", findings=())
    with pytest.raises(Unhealthy, match="not healthy") as no:
        require_healthy(report)
    assert no.value.exit_code == 6
