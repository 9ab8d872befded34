"""A run and the way back from it: what lay there before, what is there now, and the plan between the two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tasks.core.course import Course, Wish, course_of
from tasks.core.credential_set import CredentialSet
from tasks.core.errors import Refused
from tasks.core.former import FormerSet, Kept, as_it_lies, former_sets
from tasks.core.observed import loaded_now
from tasks.core.plan import Plan
from tasks.core.return_plan import plan_return, returning
from tasks.core.snapshot import Snapshot
from tests.core.certs import NOW, SHARED
from tests.core.plans import plan_of
from tests.core.snapshots import Sets, alter, files_of, node_files
from tests.core.statuses import NOON

AFTER_START = NOON.timestamp() + 60  # a minute after every process started
RUN = "RUN-1"


@dataclass(frozen=True, slots=True)
class Undoing:
    """A run that is to be undone.

    Args:
        before: What was seen when it was planned.
        plan: The one that it began with.
    """

    before: Snapshot
    plan: Plan

    @property
    def kept(self) -> Mapping[str, Kept]:
        """What its backups hold."""
        return {name: as_it_lies(files_of(self.before, name)) for name in self.before.nodes}

    @property
    def former(self) -> Mapping[str, FormerSet]:
        sets, faults = former_sets(self.plan, self.kept, self.before.cluster, clocks=[NOW])
        assert faults == ()
        return sets

    def back(self, now: Snapshot, *, strategy: str = "auto", observer: str | None = None) -> Plan:
        """The plan of the rollback, from what is there now."""
        wish = Wish(strategy=strategy, observer=observer)
        return plan_return(now, self.former, undone=self.plan, run=RUN, kept=self.kept, wish=wish)


def undoing(before: Snapshot, sets: CredentialSet | Sets = SHARED, *, strategy: str = "auto") -> Undoing:
    """Of a migration from what is seen to these sets."""
    return Undoing(before, plan_of(before, sets, strategy=strategy))


def swapped_in(snapshot: Snapshot, node: str, one: CredentialSet) -> Snapshot:
    """The files of the set lie there since after the start of the process, which has not loaded them."""
    member = snapshot.nodes[node].node
    return alter(snapshot, node, files=node_files(member, one, changed_at=AFTER_START))


def course_back(run: Undoing, now: Snapshot, *, strategy: str = "auto") -> Course | None:
    """What the rollback does, as `plan_return` lays it out; None where the strategy is not possible."""
    back = returning(now, run.former, undone=run.plan, kept=run.kept)
    try:
        return course_of(now, run.former, old=loaded_now(now), wish=Wish(strategy), back=back)
    except Refused:
        return None
