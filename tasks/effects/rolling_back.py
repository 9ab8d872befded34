"""The journey of `fab rollback`: back to what the members ran with before a run, through the same gates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import timedelta

from tasks.core.checks import check_cluster
from tasks.core.course import Wish, refuse_unknown
from tasks.core.dataclass import dataclass
from tasks.core.errors import Refused, UsageError
from tasks.core.findings import Finding
from tasks.core.former import FormerSet, Kept, former_sets
from tasks.core.nearest import one_of
from tasks.core.plan import Plan
from tasks.core.resuming import NEEDED_TO_RESUME, clocks
from tasks.core.return_plan import as_kept, changed_since, plan_return
from tasks.core.snapshot import NodeFiles, Snapshot
from tasks.core.task_names import MIGRATE, ROLLBACK
from tasks.core.wanted_set import WantedSet
from tasks.effects.journey import Journey
from tasks.effects.look import take_snapshot
from tasks.effects.mirror import elsewhere, plan_on
from tasks.effects.operations import from_here, prove_migration, show_plan
from tasks.effects.prepare import Prepared
from tasks.effects.putting_back import kept_by
from tasks.effects.record import RunRecord, runs, unfinished
from tasks.effects.runner import is_open
from tasks.effects.site import Site
from tasks.effects.under_way import await_restart_under_way

# What must be known and settled before a way back can be planned; that members are apart is no hindrance.
_NEEDED = NEEDED_TO_RESUME | {
    "rest",
    "state",
    "error-code",
    "wire",
    "pair-roles",
    "pair-sync",
    "pair-not-formed",
}


@dataclass(frozen=True, slots=True)
class ToFormer(Prepared):
    """What was seen, and what the members ran with before the run.

    Args:
        undone: The plan that the run began with; `run` is its id.
    """

    run: str = field(kw_only=True)
    undone: Plan = field(kw_only=True)
    kept: Mapping[str, Kept] = field(kw_only=True)
    former: Mapping[str, FormerSet] = field(kw_only=True)

    @property
    def judged_again_by(self) -> str:
        return "fab rollback --plan"

    @property
    def placed(self) -> Mapping[str, WantedSet]:
        return self.former

    def plan(self, wish: Wish) -> Plan:
        return plan_return(
            self.snapshot, self.former, undone=self.undone, run=self.run, kept=self.kept, wish=wish
        )


def rollback_of(site: Site, run: str) -> Journey:
    """The journey back to before a run; "" is the newest that can be undone.

    Raises:
        UsageError: There is no such run, or none that swapped credentials in.
    """
    known, undone = _undone(site, run)
    return Journey(
        task=ROLLBACK,
        prepare=lambda site: _prepare_once_settled(site, known, undone),
        show=show_plan,
        conclude=prove_migration,
        undoes=known,
        replan=from_here,
    )


def _prepare_once_settled(site: Site, run: str, undone: Plan) -> ToFormer:
    await_restart_under_way(site, run)
    return prepare_return(site, run, undone)


def _undone(site: Site, run: str) -> tuple[str, Plan]:
    records = runs(site.cluster.runs_dir)
    open_one = unfinished(site.cluster.runs_dir)
    if open_one is not None and open_one.plan.undoes and run in ("", open_one.plan.undoes):
        run = open_one.plan.undoes  # the way back itself is under way
    found = [record for record in records if _can_be_undone(record.first_plan)]
    named = [record for record in found if record.id == run] if run else _touched(found)[-1:]
    if named:
        return named[0].id, named[0].first_plan
    return _on_nodes(site, run, records)


def _can_be_undone(plan: Plan) -> bool:
    return plan.task == MIGRATE


def _touched(records: list[RunRecord]) -> list[RunRecord]:
    """Those that did anything: one that never got the lock did not."""
    begun = ("started", "rebuilt")
    return [record for record in records if any(entry.event in begun for entry in record.entries())]


def _on_nodes(site: Site, run: str, records: tuple[RunRecord, ...]) -> tuple[str, Plan]:
    """A run of another machine: by its name, or because it holds the lock; its plan lies beside its backups."""
    remotes = [site.remote(node) for node in site.cluster.nodes]
    if not run and (held := elsewhere(remotes)) is not None and _can_be_undone(held.plan):
        return held.holder.run, held.plan
    if run and all(record.id != run for record in records):
        for remote in remotes:
            plan = plan_on(remote, run)
            if plan is not None and _can_be_undone(plan):
                return run, plan
    known = one_of(run, [record.id for record in reversed(records) if _can_be_undone(record.first_plan)])
    raise UsageError(
        f"there is no run {run} of migrate-cluster"
        if run
        else "no run of migrate-cluster is known on this machine",
        remedy=f"known here: {known}; fab rollback --run ID also takes one whose plan is on the nodes",
    )


def prepare_return(site: Site, run: str, undone: Plan) -> ToFormer:
    """Look at every node and at the backups of the run; what forbids to go back is among the findings."""
    snapshot = take_snapshot(site)
    backups = {
        node.name: kept_by(site.remote(node), files, run)
        for node in site.cluster.nodes
        if node.name in undone.before and isinstance(files := snapshot.nodes[node.name].files, NodeFiles)
    }
    kept, lost = as_kept(snapshot, undone, backups)
    whole = all(node.name in kept for node in site.cluster.nodes if node.name in undone.before)
    now = [snapshot.taken_at + timedelta(seconds=s) for s in clocks(snapshot).values()]
    former, faults = former_sets(undone, kept, site.cluster, clocks=now) if whole else ({}, ())
    findings = (*_hindrances(snapshot), *lost, *changed_since(snapshot, kept, undone), *faults)
    return ToFormer(snapshot, {}, findings, run=run, undone=undone, kept=kept, former=former)


def _hindrances(snapshot: Snapshot) -> tuple[Finding, ...]:
    return tuple(finding for finding in check_cluster(snapshot) if finding.name in _NEEDED)


def return_plan(site: Site, wish: Wish, prepared: Prepared) -> Plan:
    """The plan of a new rollback.

    Raises:
        UsageError: The observer asked for is no member.
        Refused: Everything is as it was before the run, and that is not open any more.
    """
    refuse_unknown(wish, site.cluster)
    plan = prepared.plan(wish)
    if not plan.steps and not is_open(site, plan.undoes):
        raise Refused("everything is as it was before that run: nothing to roll back", remedy="fab status")
    return plan
