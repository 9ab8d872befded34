"""Before a run goes on: found here or on the nodes, and planned anew, refused or left as it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.core.errors import Refused, UsageError
from tasks.core.file_names import CA_FILE
from tasks.core.findings import Finding, Severity
from tasks.core.journal import Entry
from tasks.core.plan import Plan
from tasks.core.snapshot import Snapshot
from tasks.effects.lock import Claim, lock
from tasks.effects.mirror import mirror, packed
from tasks.effects.prepare import Prepared
from tasks.effects.reconciling import open_record, reconciled
from tasks.effects.record import RunRecord, open_run, runs
from tests.core.certs import BUILTIN_SET, OTHER_SHARED, SHARED
from tests.core.kinds import of_all
from tests.core.plans import plan_of
from tests.core.snapshots import alter, alter_file, healthy, rest_silent, wire
from tests.core.statuses import NOON
from tests.effects.on_trees import Nodes, nodes_of

RUN = "20261122T120000Z-0123ab-4567"
BEFORE = healthy()
PLAN = plan_of(BEFORE)
SETS = of_all(SHARED)


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    with nodes_of("gw-a", "gw-b", "gw-c", runs_dir=tmp_path / "runs") as made:
        yield made


def under_way(nodes: Nodes, plan: Plan = PLAN) -> None:
    """Locked by a run, which left its plan."""
    lock(nodes.remotes, Claim(RUN, NOON), acting=nodes.acting)
    mirror(nodes.remotes, RUN, packed(plan), acting=nodes.acting)


class TestOpenRecord:
    def test_this_machines_own_run_comes_first_and_no_node_is_asked(self, nodes: Nodes) -> None:
        record = open_run(nodes.site.cluster.runs_dir, PLAN, at=NOON)
        asked = [len(node.remote.ran) for node in nodes.trees.values()]
        assert open_record(nodes.site, task="migrate-cluster") == record
        assert [len(node.remote.ran) for node in nodes.trees.values()] == asked

    def test_where_none_is_known_it_comes_from_the_nodes_and_is_named(
        self, nodes: Nodes, capsys: pytest.CaptureFixture[str]
    ) -> None:
        under_way(nodes)
        found = open_record(nodes.site, task="migrate-cluster")
        assert (found.id, found.plan, found.is_rebuilt) == (RUN, PLAN, True)
        assert runs(nodes.site.cluster.runs_dir) == (found,)
        said = capsys.readouterr().err
        assert f"run {RUN} of " in said
        assert "nothing is known of it here; its plan is on gw-a, gw-b, gw-c" in said

    def test_a_completed_run_is_not_gone_on_with(self, nodes: Nodes) -> None:
        open_run(nodes.site.cluster.runs_dir, PLAN, at=NOON).append(Entry(at=NOON, event="completed"))
        with pytest.raises(UsageError, match=r"no interrupted run in .*, and no node is locked by one"):
            open_record(nodes.site, task="migrate-cluster")

    def test_that_of_another_cluster_is_refused(self, nodes: Nodes) -> None:
        under_way(nodes, PLAN.model_copy(update={"cluster_name": "Another"}))
        with pytest.raises(
            Refused, match=rf"run {RUN} is one of cluster Another, the inventory's is MyCluster"
        ):
            open_record(nodes.site, task="migrate-cluster")
        assert runs(nodes.site.cluster.runs_dir) == ()


def prepared(snapshot: Snapshot, *findings: Finding) -> Prepared:
    return Prepared(snapshot, SETS, findings)


def go_on(nodes: Nodes, record: RunRecord, ready: Prepared, *, agreed: list[Plan] | None = None) -> RunRecord:
    """`agreed` gets the plans that were asked for consent to."""
    asked = [] if agreed is None else agreed
    return reconciled(nodes.site, record, ready, replan=_from_there, agreed=asked.append)


def _from_there(record: RunRecord, ready: Prepared) -> Plan:
    return plan_of(ready.snapshot)


def half_done(nodes: Nodes) -> RunRecord:
    """gw-a is done by the journal."""
    record = open_run(nodes.site.cluster.runs_dir, PLAN, at=NOON)
    ids = [step.id for step in PLAN.steps]
    for step in ids[: ids.index("restart:gw-a") + 1]:
        record.append(Entry(at=NOON, event="done", step=step))
    return record


A_DONE = healthy(runs={**of_all(BUILTIN_SET), "gw-a": SHARED})


class TestReconciled:
    def test_where_both_agree_the_run_is_left_as_it_is_and_nobody_is_asked(self, nodes: Nodes) -> None:
        record, asked = half_done(nodes), list[Plan]()
        assert go_on(nodes, record, prepared(A_DONE), agreed=asked) == record
        assert asked == []
        assert [one.event for one in record.entries()].count("replanned") == 0

    def test_what_somebody_put_back_is_told_and_planned_anew_once_that_is_agreed_to(
        self, nodes: Nodes, capsys: pytest.CaptureFixture[str]
    ) -> None:
        record, asked = half_done(nodes), list[Plan]()
        again = go_on(nodes, record, prepared(BEFORE), agreed=asked)
        assert (again.id, asked) == (record.id, [again.plan])
        assert again.progress().remaining(again.plan) == again.plan.steps
        assert runs(nodes.site.cluster.runs_dir) == (again,)
        said = capsys.readouterr().err
        assert "[gw-a] its files are those of before the run; the journal says round 1" in said
        assert "[gw-a]" in again.entries()[-1].seen

    def test_without_consent_the_old_plan_stays(self, nodes: Nodes) -> None:
        record = half_done(nodes)

        def no(plan: Plan) -> None:
            raise Refused("not confirmed; nothing was changed", remedy="-")

        with pytest.raises(Refused, match="not confirmed"):
            reconciled(nodes.site, record, prepared(BEFORE), replan=_from_there, agreed=no)
        assert runs(nodes.site.cluster.runs_dir) == (record,)

    @pytest.mark.parametrize(
        ("snapshot", "why"),
        [
            (alter(A_DONE, "gw-b", wire=wire(OTHER_SHARED)), r"\[gw-b\] it serves .* nobody planned"),
            (alter_file(A_DONE, "gw-c", CA_FILE, sha256="0" * 64), r"\[gw-c\] Cluster_cafile.pem .* neither"),
            (rest_silent(A_DONE, "gw-a"), r"\[gw-a\] the certificate that it serves cannot be seen"),
        ],
        ids=["foreign certificate", "foreign file", "unseen"],
    )
    def test_what_nobody_can_explain_stops_it(self, nodes: Nodes, snapshot: Snapshot, why: str) -> None:
        record = half_done(nodes)
        with pytest.raises(Refused, match=rf"run {record.id} cannot go on: {why}"):
            go_on(nodes, record, prepared(snapshot))
        assert runs(nodes.site.cluster.runs_dir) == (record,)

    def test_so_does_what_forbids_to_go_on_anyway_beside_something_that_could_be_absorbed(
        self, nodes: Nodes
    ) -> None:
        fault = Finding("no-space", Severity.ERROR, "gw-b", "no space is left", "make room")
        with pytest.raises(Refused, match=r"cannot go on: \[gw-b\] no space is left; \[gw-a\]") as no:
            go_on(nodes, half_done(nodes), prepared(BEFORE, fault))
        assert no.value.remedy == "make room"
        other = Finding("queues", Severity.ERROR, "gw-b", "messages wait", "-")
        assert go_on(nodes, half_done(nodes), prepared(A_DONE, other))

    def test_other_sets_than_the_runs_own_stop_it(self, nodes: Nodes) -> None:
        ready = replace(prepared(A_DONE), sets=of_all(OTHER_SHARED))
        with pytest.raises(Refused, match="is not the one that the interrupted run was planned with"):
            go_on(nodes, half_done(nodes), ready)

    def test_a_kind_of_run_that_cannot_be_planned_anew_stops_where_they_disagree(self, nodes: Nodes) -> None:
        record = half_done(nodes)
        assert (
            reconciled(nodes.site, record, prepared(A_DONE), replan=None, agreed=list[Plan]().append)
            == record
        )
        with pytest.raises(Refused, match=r"cannot go on: \[gw-a\] its files are those of before the run"):
            reconciled(nodes.site, record, prepared(BEFORE), replan=None, agreed=list[Plan]().append)

    def test_a_run_from_the_nodes_is_planned_anew_though_nothing_disagrees(self, nodes: Nodes) -> None:
        under_way(nodes)
        record, asked = open_record(nodes.site, task="migrate-cluster"), list[Plan]()
        again = go_on(nodes, record, prepared(BEFORE), agreed=asked)
        assert asked == [again.plan]
        assert not again.is_rebuilt
        assert again.entries()[-1].seen == "rebuilt from the nodes"

    def test_one_that_cannot_be_planned_anew_needs_its_own_journal(self, nodes: Nodes) -> None:
        under_way(nodes)
        record = open_record(nodes.site, task="migrate-cluster")
        with pytest.raises(Refused, match=rf"run {RUN} cannot go on: its journal is not here") as no:
            reconciled(nodes.site, record, prepared(BEFORE), replan=None, agreed=list[Plan]().append)
        assert no.value.remedy == "go on where it was started"

    def test_but_not_while_what_a_member_serves_is_not_seen(self, nodes: Nodes) -> None:
        under_way(nodes)
        record = open_record(nodes.site, task="migrate-cluster")
        with pytest.raises(
            Refused, match="would have to be planned anew, but what gw-b serves is not seen"
        ) as no:
            go_on(nodes, record, prepared(rest_silent(BEFORE, "gw-b")))
        assert "fab recover NODE" in no.value.remedy
