"""The journeys of `fab ha.migrate` and `fab ha.create`: what is looked at before, and shown after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from tasks.core.checks import check_cluster
from tasks.core.credential_set import CredentialSet, judge_sets
from tasks.core.dataclass import dataclass
from tasks.core.errors import OperatorError, UsageError
from tasks.core.file_names import HA
from tasks.core.findings import Finding
from tasks.core.ha_checks import ha_checks, ha_report, of_ha_sets, relevant
from tasks.core.ha_creation import TASK as CREATE
from tasks.core.ha_creation import plan_ha_creation
from tasks.core.ha_creation_checks import creation_checks
from tasks.core.ha_planning import TASK as MIGRATE_HA
from tasks.core.ha_planning import plan_ha_migration
from tasks.core.ha_seen import HaSeen, Shown
from tasks.core.health import StatusReport
from tasks.core.model import Cluster, Member, Node
from tasks.core.nearest import one_of
from tasks.core.plan import Plan
from tasks.core.plan_text import target_lines
from tasks.core.render import status_table
from tasks.core.resuming import clocks
from tasks.core.revocation_nodes import set_findings
from tasks.core.snapshot import Snapshot, Unseen
from tasks.effects.console import say, show_table, width
from tasks.effects.credential_files import load_sets
from tasks.effects.journey import Journey, run_task
from tasks.effects.look import take_snapshot
from tasks.effects.operations import show_plan
from tasks.effects.prepare import Prepared
from tasks.effects.site import Site
from tasks.effects.terms import Terms


@dataclass(frozen=True, slots=True)
class HaPrepared(Prepared):
    """What was seen of the pairs, beside what every task looks at."""

    ha: HaSeen | None = None

    @property
    def judged_again_by(self) -> str:
        return "fab plan"  # said by the task that runs: `fab ha.migrate --plan`


def migrate_ha(
    site: Site, name: str, terms: Terms, *, way: str = "auto", again: bool = False, break_lock_of: str = ""
) -> None:
    """Change the HA credentials of one pair, or of all, one after the other.

    Raises:
        UsageError: There is no such pair.
        Refused: A pair is not fit for it, or the way asked for is not possible.
    """
    pairs = pairs_named(site.cluster, name)

    def make(prepared: Prepared) -> Plan:
        return plan_ha_migration(_seen(prepared), prepared.sets, way=way)

    command = _command(MIGRATE_HA, name, "" if way == "auto" else f"--way {way}")
    journey = _journey(MIGRATE_HA, command, pairs, creating=False)
    run_task(site, journey, make, terms, again=again, break_lock_of=break_lock_of)


def create_pair(
    site: Site, name: str, terms: Terms, *, primary: str = "", again: bool = False, break_lock_of: str = ""
) -> None:
    """Form one pair of two single servers.

    Raises:
        UsageError: There is no such pair, or none was named.
        Refused: The nodes are not fit for it, or it is not certain who is to be the primary.
    """
    if not (name or again or break_lock_of):
        known = ", ".join(pair.name for pair in pairs_named(site.cluster, ""))
        raise UsageError("which pair is to be formed?", remedy=f"fab {CREATE} MEMBER, one of: {known}")
    pairs = pairs_named(site.cluster, name)

    def make(prepared: Prepared) -> Plan:
        return plan_ha_creation(_seen(prepared), prepared.sets, primary=primary)

    command = _command(CREATE, name, f"--primary {primary}" if primary else "")
    journey = _journey(CREATE, command, pairs, creating=True)
    run_task(site, journey, make, terms, again=again, break_lock_of=break_lock_of)


def _command(task: str, *words: str) -> str:
    return " ".join((task, *(word for word in words if word)))


def pairs_named(cluster: Cluster, name: str) -> tuple[Member, ...]:
    """The pair of that name; all of them for "".

    Raises:
        UsageError: There is none.
    """
    pairs = tuple(member for member in cluster.members if member.is_pair)
    found = tuple(pair for pair in pairs if name in ("", pair.name))
    if not pairs:
        raise UsageError(
            f"{cluster.key} has no HA pair", remedy="list one: `pair: {NODE: {host: ...}, NODE: {host: ...}}`"
        )
    if not found:
        raise UsageError(
            f"{name} is no HA pair of {cluster.key}", remedy=one_of(name, [pair.name for pair in pairs])
        )
    return found


def _seen(prepared: Prepared) -> HaSeen:
    if not isinstance(prepared, HaPrepared) or prepared.ha is None:
        raise TypeError("prepared by another journey")
    return prepared.ha


def _journey(task: str, command: str, pairs: tuple[Member, ...], *, creating: bool) -> Journey:
    def conclude(site: Site, plan: Plan) -> StatusReport:
        found = ha_report(take_snapshot(site), pairs)
        show_table(status_table(found, width=width()))
        for line in target_lines(plan):
            say(f"HA channel{line}")
        return found

    return Journey(
        task=task,
        prepare=lambda site: (_prepare_creation if creating else _prepare_migration)(site, pairs),
        show=show_plan,
        conclude=conclude,
        command=command,
    )


def _prepare_migration(site: Site, pairs: tuple[Member, ...]) -> HaPrepared:
    snapshot = take_snapshot(site)
    seen = HaSeen(snapshot, pairs, _shown(site, pairs))
    sets, faults = _sets(site, snapshot, pairs)
    found = (*relevant(check_cluster(snapshot), pairs), *ha_checks(seen), *faults)
    return HaPrepared(snapshot, sets, found, ha=seen)


def _prepare_creation(site: Site, pairs: tuple[Member, ...]) -> HaPrepared:
    snapshot = take_snapshot(site)
    seen = HaSeen(snapshot, pairs, _shown(site, pairs))
    secured = tuple(pair for pair in pairs if pair.nodes[0].ha.secured)
    sets, faults = _sets(site, snapshot, secured)
    general = (f for f in relevant(check_cluster(snapshot), pairs) if not f.name.startswith("pair-"))
    no_sets = (f for f in faults if f.name != "credentials-missing")  # then it begins on the built-in pair
    return HaPrepared(snapshot, sets, (*general, *creation_checks(seen), *no_sets), ha=seen)


def _shown(site: Site, pairs: Iterable[Member]) -> Mapping[str, Shown | Unseen]:
    """HighAvailability of every node of the pairs, as configured."""
    nodes = tuple(node for pair in pairs for node in pair.nodes)

    def ask(node: Node) -> Shown | Unseen:
        try:
            return site.admin(node).configuration("HighAvailability")
        except OperatorError as error:
            return Unseen(error.problem, error.remedy)

    return dict(zip((node.name for node in nodes), site.pool.map(ask, nodes), strict=True))


def _sets(
    site: Site, snapshot: Snapshot, pairs: tuple[Member, ...]
) -> tuple[Mapping[str, CredentialSet], tuple[Finding, ...]]:
    """The HA set of each pair, judged by the clocks of its own two nodes; pairs need not trust each other."""
    names = tuple(pair.name for pair in pairs)
    sets, faults = load_sets(site.cluster.credentials, names, snapshot.taken_at, names=HA)
    offsets, judged = clocks(snapshot), list[Finding]()
    for pair in (pair for pair in pairs if pair.name in sets):
        at_by_node = {
            node.name: snapshot.taken_at + timedelta(seconds=offsets[node.name])
            for node in pair.nodes
            if node.name in offsets
        }
        judged += judge_sets({pair.name: sets[pair.name]}, at_by_node=at_by_node)
    return sets, (*of_ha_sets((*faults, *judged)), *set_findings(snapshot, sets, HA))
