"""Plans for tests of pure rules."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.core.course import Wish
from tasks.core.credential_set import CredentialSet
from tasks.core.issuing import Subject, leaf_set
from tasks.core.observed import loaded_now
from tasks.core.plan import Plan
from tasks.core.planning import plan_migration
from tasks.core.snapshot import Snapshot
from tasks.core.step_kinds import StepKind
from tests.core.certs import NOW, OWN, SHARED


def plan_of(
    snapshot: Snapshot,
    sets: CredentialSet | Mapping[str, CredentialSet] = SHARED,
    *,
    observer: str | None = None,
    place_first: bool = False,
    strategy: str = "prescribed",
) -> Plan:
    """From what the snapshot shows to one set for all members, or to one each."""
    names = [m.name for m in snapshot.cluster.members]
    by_member = {n: sets if isinstance(sets, CredentialSet) else sets[n] for n in names}
    wish = Wish(strategy=strategy, observer=observer, place_first=place_first)
    return plan_migration(snapshot, by_member, old=loaded_now(snapshot), wish=wish)


def step_ids(plan: Plan) -> list[str]:
    return [step.id for step in plan.steps]


def restarted(plan: Plan) -> list[str]:
    """Members in the order of their restarts; of a pair, of its primary's."""
    return [step.target for step in plan.steps if step.kind is StepKind.RESTART]


def renewed() -> dict[str, CredentialSet]:
    """New leafs under the CA that the old ones are under."""
    names = ("gw-a", "gw-b", "gw-c")
    return {n: leaf_set(n, OWN.issuer, subject=Subject(n), days=365, now=NOW) for n in names}
