"""A plan's steps as a runbook tells them: which belong together, and how everything stands after each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tasks.core.dataclass import dataclass
from tasks.core.model import Cluster, Node
from tasks.core.plan import Counts, Plan, Step
from tasks.core.step_kinds import LAST_RESTARTS, StepKind

STANDBY = "standby"  # in Plan.before, of a node that serves nothing
_RESTARTS_ONE = (StepKind.RESTART, StepKind.RESTART_STANDBY)


@dataclass(frozen=True, slots=True)
class Station:
    """Steps that are done in one go.

    Args:
        number: Of its first step, from 1.
        served: By member, the SHA-256 of the certificate on its control port once it is done.
        primary: By pair, the node that is primary before it.
        restarts: Members that were restarted with all their nodes once it is done, counted over the whole plan.
    """

    number: int
    steps: tuple[Step, ...]
    served: Mapping[str, str]
    primary: Mapping[str, str]
    restarts: int

    @property
    def numbers(self) -> str:
        """ "Step 3", "Steps 6-7"."""
        last = self.number + len(self.steps) - 1
        return f"Step {self.number}" if last == self.number else f"Steps {self.number}-{last}"

    @property
    def last(self) -> Step:
        return self.steps[-1]

    @property
    def expected(self) -> Mapping[str, Counts]:
        return self.last.expected

    @property
    def swaps(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.kind is StepKind.SWAP)

    @property
    def restart(self) -> Step | None:
        """The restart of one server that ends it."""
        return self.last if self.last.kind in _RESTARTS_ONE else None


def first_primaries(plan: Plan, cluster: Cluster) -> dict[str, str]:
    """By pair, the node that was primary when the plan was made."""
    return {
        member.name: next((n.name for n in member.nodes if plan.before.get(n.name) != STANDBY), "?")
        for member in cluster.members
        if member.is_pair
    }


def served_first(plan: Plan, cluster: Cluster) -> dict[str, str]:
    """By member, what it served when the plan was made."""
    found = {}
    for member in cluster.members:
        seen = [plan.before[n.name] for n in member.nodes if plan.before.get(n.name, STANDBY) != STANDBY]
        found[member.name] = seen[0] if seen else "unseen"
    return found


def stations(plan: Plan, cluster: Cluster) -> tuple[Station, ...]:
    """All steps of the plan, in order."""
    served, primary = served_first(plan, cluster), first_primaries(plan, cluster)
    found, number, restarts = [], 1, 0
    for steps in _together(plan.steps):
        before = dict(primary)
        last = steps[-1]
        if last.kind is StepKind.RESTART and last.target in plan.targets:
            served[last.target] = plan.target_after(last.target, round=last.round).leaf_sha256
            if last.target in primary:
                primary[last.target] = other_node(cluster, primary[last.target]).name
        restarts += sum(step.kind in LAST_RESTARTS for step in steps)
        found.append(Station(number, steps, dict(served), before, restarts))
        number += len(steps)
    return tuple(found)


def other_node(cluster: Cluster, name: str) -> Node:
    """Of a pair, the one that is not this."""
    nodes = cluster.member(cluster.node(name).member).nodes
    return next(node for node in nodes if node.name != name)


def _together(steps: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    """All placing of a round; swapping in, with the restart that follows it."""
    found: list[Step] = []
    for step in steps:
        if found and not _goes_on(found[-1], step):
            yield tuple(found)
            found = []
        found.append(step)
    if found:
        yield tuple(found)


def _goes_on(before: Step, step: Step) -> bool:
    if before.round != step.round:
        return False
    if before.kind is StepKind.PLACE:
        return step.kind is StepKind.PLACE
    if before.kind is not StepKind.SWAP:
        return False
    return step.kind is StepKind.SWAP or (step.kind in _RESTARTS_ONE and step.target == before.target)
