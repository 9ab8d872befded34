"""Before a run goes on: does it stand where its journal says? If not, why, and what is left from there."""

from __future__ import annotations

from collections.abc import Callable

from tasks.core.errors import Refused, UsageError
from tasks.core.findings import Finding, errors
from tasks.core.observed import loaded_now
from tasks.core.plan import Plan
from tasks.core.resuming import NEEDED_TO_RESUME, disagreements, other_sets
from tasks.core.two_sources import absorbed
from tasks.effects.console import tell
from tasks.effects.mirror import Elsewhere, elsewhere
from tasks.effects.prepare import Prepared
from tasks.effects.record import RunRecord, rebuilt, unfinished
from tasks.effects.site import Site

Replan = Callable[[RunRecord, Prepared], Plan]


def open_record(site: Site, *, task: str) -> RunRecord:
    """The run that --resume goes on with: this machine's own, or the one that holds the lock.

    Raises:
        UsageError: There is none.
        Refused: Several runs hold the lock, or none of the nodes has the plan.
    """
    record = unfinished(site.cluster.runs_dir)
    if record is not None:
        return record
    found = elsewhere([site.remote(node) for node in site.cluster.nodes])
    if found is None:
        raise UsageError(
            f"no interrupted run in {site.cluster.runs_dir}, and no node is locked by one",
            remedy=f"fab status; fab {task} starts one",
        )
    if found.plan.cluster_name != site.cluster.cluster_name:
        raise Refused(
            f"run {found.holder.run} is one of cluster {found.plan.cluster_name}, the inventory's is "
            f"{site.cluster.cluster_name}",
            remedy="give the inventory that it began with",
        )
    return _rebuilt(site, found)


def _rebuilt(site: Site, found: Elsewhere) -> RunRecord:
    tell(f"{found.holder}: nothing is known of it here; its plan is on {', '.join(found.sources)}")
    tell(
        "  what it has done is found out from the nodes; a process that still carries it on stops at its next step"
    )
    plan = found.plan.model_copy(update={"cluster": site.cluster.key})
    return rebuilt(
        site.cluster.runs_dir, found.holder.run, plan, at=site.clock.now(), source=found.sources[0]
    )


def reconciled(
    site: Site,
    record: RunRecord,
    prepared: Prepared,
    *,
    replan: Replan | None,
    agreed: Callable[[Plan], None],
) -> RunRecord:
    """The run, with another plan for what is left where the nodes stand otherwise than its journal says.

    Args:
        replan: Makes that plan; None where the kind of run has none.
        agreed: Shows it and asks.

    Raises:
        Refused: Somebody else is at work, or what is there cannot be told; nothing was touched.
    """
    found = errors(
        (
            *(f for f in prepared.findings if f.name in NEEDED_TO_RESUME),
            *other_sets(record.plan, prepared.placed),
            *disagreements(record.plan, record.progress(), prepared.snapshot),
        )
    )
    anew = record.is_rebuilt
    if not found and not anew:
        return record
    if replan is None or (found and not absorbed(found)):
        raise Refused(
            f"run {record.id} cannot go on: "
            + ("; ".join(f"[{f.where}] {f.problem}" for f in found) or "its journal is not here"),
            remedy=found[0].remedy if found else "go on where it was started",
        )
    return _from_there(site, record, prepared, found=found, plan=replan, agreed=agreed)


def _from_there(
    site: Site,
    record: RunRecord,
    prepared: Prepared,
    *,
    found: tuple[Finding, ...],
    plan: Replan,
    agreed: Callable[[Plan], None],
) -> RunRecord:
    for one in found:
        tell(f"  [{one.where}] {one.problem.partition(';')[0] if record.is_rebuilt else one.problem}")
    unseen = {member.name for member in site.cluster.members} - loaded_now(prepared.snapshot).keys()
    if unseen:
        raise Refused(
            f"run {record.id} would have to be planned anew, but what {', '.join(sorted(unseen))} serves is not seen",
            remedy="fab status; start it (fab recover NODE), then go on: fab migrate-cluster --resume",
        )
    made = plan(record, prepared)
    agreed(made)
    why = "; ".join(f"[{one.where}] {one.problem}" for one in found) or "rebuilt from the nodes"
    return record.replanned(made, at=site.clock.now(), why=why)
