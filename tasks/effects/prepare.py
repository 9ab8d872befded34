"""From the inventory to a plan: look, load, check, plan. Nothing is changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import timedelta

from tasks.core.checks import check_cluster
from tasks.core.course import Wish
from tasks.core.credential_set import CredentialSet, judge_sets
from tasks.core.dataclass import dataclass
from tasks.core.errors import Refused
from tasks.core.findings import Finding, errors, unmatched
from tasks.core.observed import capabilities, loaded_now
from tasks.core.plan import Plan
from tasks.core.planning import plan_migration
from tasks.core.rehearsal import Rehearsed, pairings, rehearsal_findings, tls12_only
from tasks.core.resuming import clocks
from tasks.core.revocation_nodes import set_findings
from tasks.core.snapshot import Snapshot
from tasks.core.wanted_set import WantedSet
from tasks.effects.credential_files import load_sets
from tasks.effects.handshakes import rehearse
from tasks.effects.look import take_snapshot
from tasks.effects.own_gates import missing_gates
from tasks.effects.site import Site


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything that was seen and found; a plan can be made where no error is among it.

    Args:
        rehearsed: The handshakes that were made between the new sets.
    """

    snapshot: Snapshot
    sets: Mapping[str, CredentialSet]
    findings: tuple[Finding, ...]
    rehearsed: tuple[Rehearsed, ...] = field(default=(), kw_only=True)

    @property
    def judged_again_by(self) -> str:
        """The command that shows, without changes, whether all is mended."""
        return "fab check"

    @property
    def placed(self) -> Mapping[str, WantedSet]:
        """What the members are to run with, by member."""
        return self.sets

    def refuse_errors(self, ignored: frozenset[str]) -> None:
        """Raises Refused if an error is left that is not ignored by name."""
        left = errors(self.findings, ignored=ignored)
        if left:
            names = ", ".join(dict.fromkeys(f.name for f in left))
            strangers = unmatched(self.findings, ignored)
            raise Refused(
                "\n".join(
                    (f"{len(left)} error{'s' * (len(left) > 1)}, nothing was changed: {names}", *strangers)
                ),
                remedy=f"mend what is listed above, then: {self.judged_again_by}",
                findings=self.findings,
            )

    def plan(self, wish: Wish) -> Plan:
        return plan_migration(self.snapshot, self.sets, old=loaded_now(self.snapshot), wish=wish)


def with_gates_looked_for(site: Site, prepared: Prepared) -> Prepared:
    """The same, and the gates of one's own that cannot be run here among the findings."""
    return replace(prepared, findings=(*prepared.findings, *missing_gates(site.cluster)))


def prepare(site: Site) -> Prepared:
    """Look at every node, load the credential sets, try them on each other, and check all, all faults at once."""
    snapshot = take_snapshot(site)
    members = tuple(member.name for member in site.cluster.members)
    sets, faults = load_sets(site.cluster.credentials, members, snapshot.taken_at)
    offsets = clocks(snapshot)
    at_by_node = {name: snapshot.taken_at + timedelta(seconds=s) for name, s in offsets.items()}
    judged = judge_sets(sets, at_by_node=at_by_node, capabilities=capabilities(snapshot))
    rehearsed = rehearse(pairings(sets, tls12_only=tls12_only(snapshot)), at=snapshot.taken_at)
    lists = set_findings(snapshot, sets)
    tried = rehearsal_findings(rehearsed, at=snapshot.taken_at)
    return Prepared(
        snapshot, sets, (*check_cluster(snapshot), *faults, *judged, *lists, *tried), rehearsed=rehearsed
    )
