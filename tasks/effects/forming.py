"""The journeys that form a cluster and bring a member into one: what is looked at, shown and proven."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from tasks.core.belonging import part_of
from tasks.core.checks_formation import check_creation
from tasks.core.checks_joining import check_joining
from tasks.core.credential_set import CredentialSet, judge_sets
from tasks.core.dataclass import dataclass
from tasks.core.findings import Finding
from tasks.core.formation import CREATE, JOIN, plan_creation, plan_joining
from tasks.core.health import StatusReport, report
from tasks.core.plan import Plan
from tasks.core.render import status_table
from tasks.core.restart_plan import member_named
from tasks.core.resuming import clocks
from tasks.core.snapshot import Snapshot
from tasks.effects.console import show_table, width
from tasks.effects.credential_files import SHARED, load_sets
from tasks.effects.journey import Journey
from tasks.effects.look import take_snapshot
from tasks.effects.operations import show_plan
from tasks.effects.prepare import Prepared
from tasks.effects.site import Site


@dataclass(frozen=True, slots=True)
class Forming(Prepared):
    """What was seen and found before a cluster is formed or joined."""

    plan_again: str  # the command that shows the plan

    @property
    def judged_again_by(self) -> str:
        return self.plan_again


def prepare_creation(site: Site) -> Prepared:
    """Look at every node, load all credential sets, and check both for forming the cluster."""
    snapshot, sets, found = _look(site)
    return Forming(snapshot, sets, (*check_creation(snapshot, sets), *found), f"fab {CREATE} --plan")


def prepare_joining(member: str) -> Callable[[Site], Prepared]:
    """The same for one member that is to join; the sets of the others do not matter."""

    def prepare(site: Site) -> Prepared:
        snapshot, sets, found = _look(site, only=member)
        own = {name: one for name, one in sets.items() if name == member}
        judged = (*check_joining(snapshot, own, member), *found)
        return Forming(snapshot, own, judged, f"fab {JOIN} {member} --plan")

    return prepare


def _look(site: Site, *, only: str = "") -> tuple[Snapshot, dict[str, CredentialSet], tuple[Finding, ...]]:
    """Nodes, sets, and what is wrong with the sets, of every member or of `only` one."""
    snapshot = take_snapshot(site)
    names = tuple(member.name for member in site.cluster.members)
    sets, faults = load_sets(site.cluster.credentials, names, snapshot.taken_at)
    judged = {name: one for name, one in sets.items() if only in ("", name)}
    at_by_node = {name: snapshot.taken_at + timedelta(seconds=s) for name, s in clocks(snapshot).items()}
    about = {only, SHARED} if only else {*names, SHARED}
    mine = tuple(f for f in faults if not only or f.where in about)
    return snapshot, sets, (*mine, *judge_sets(judged, at_by_node=at_by_node))


def creation() -> Journey:
    """`fab cluster.create`."""
    return Journey(task=CREATE, prepare=prepare_creation, show=show_plan, conclude=_conclude)


def joining(member: str) -> Journey:
    """`fab cluster.join MEMBER`; without a member to go on with a run, or to give it up."""
    return Journey(
        task=JOIN,
        prepare=prepare_joining(member) if member else prepare_creation,
        show=show_plan,
        conclude=_conclude,
        command=f"{JOIN} {member}" if member else "",
    )


def make_creation(prepared: Prepared) -> Plan:
    return plan_creation(prepared.snapshot, prepared.sets)


def make_joining(member: str) -> Callable[[Prepared], Plan]:
    return lambda prepared: plan_joining(prepared.snapshot, prepared.sets, name=member)


def require_member(site: Site, member: str, *, open_run: bool) -> None:
    """A new run needs a member of the inventory; one that is open knows its own.

    Raises:
        UsageError: There is none of that name, or none was named.
    """
    if member or not open_run:
        member_named(site.cluster, member, command=f"fab {JOIN}")


def _conclude(site: Site, plan: Plan) -> StatusReport:
    """How those stand whom the plan speaks of; others of the inventory may still be outside."""
    found = report(part_of(take_snapshot(site), plan.targets))
    show_table(status_table(found, width=width()))
    return found
