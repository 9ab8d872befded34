"""What a run carries along: the plan, the record, the nodes, and whom to tell."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import field
from datetime import datetime, timedelta
from typing import Protocol

from tasks.core.credential_set import CredentialSet
from tasks.core.dataclass import dataclass
from tasks.core.errors import GateTimeout, RemoteError, commands_of
from tasks.core.gates import Gate, View, accepts, counts, in_order, serves
from tasks.core.journal import Entry
from tasks.core.model import Member, Node
from tasks.core.plan import Counts, Plan, Step, Target
from tasks.core.status import NodeStatus
from tasks.effects.admin import AdminApi
from tasks.effects.record import RunRecord
from tasks.effects.remote import Remote
from tasks.effects.reporting import Reporter
from tasks.effects.site import Site
from tasks.effects.wait import QUICK_S, Waits, Watch, hold

# Written for the commonest run; `errors.commands_of` turns them into those of the task at work.
RESUME_LINE = "fab migrate-cluster --resume"
RESUME = f"fab status; then {RESUME_LINE}"
PAIR_FIRST = f"fab status; once the pair is whole and in sync: {RESUME_LINE}"


class Stop(Protocol):
    """Whether the operator asked to stop at the next safe point."""

    def requested(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Roles:
    """Who is who in a pair, read just now."""

    primary: Node
    standby: Node


@dataclass(frozen=True, slots=True)
class Gates:
    """The two proofs of a restart: either alone stops a silent fallback (T2)."""

    serves: Callable[[str, str], Gate] = serves
    counts: Callable[[Mapping[str, str], Mapping[str, Counts]], Gate] = counts


def _unwatched(_node: Node) -> None:
    """A run that nobody else can take over."""


@dataclass(frozen=True, slots=True)
class Run:
    site: Site
    plan: Plan
    record: RunRecord
    sets: Mapping[str, CredentialSet]
    clock_offsets: Mapping[str, float]  # per node, its clock minus ours, in seconds
    report: Reporter
    stop: Stop
    gates: Gates = field(default_factory=Gates)
    still_ours: Callable[[Node], None] = _unwatched  # raises Locked where another process took the run over
    typed: str = ""  # the task that goes on with it, where that is another than the plan's

    @property
    def resume_line(self) -> str:
        """The command that goes on with this run."""
        return commands_of(self.typed or self.plan.task, RESUME_LINE)

    def remote(self, node: Node) -> Remote:
        return self.site.remote(node)

    def admin(self, node: Node) -> AdminApi:
        return self.site.admin(node)

    @property
    def members(self) -> tuple[Member, ...]:
        """Those that the plan speaks of, in inventory order; others are not in the cluster."""
        named = {*self.plan.targets, *self.plan.baseline}
        return tuple(member for member in self.site.cluster.members if member.name in named)

    def member(self, name: str) -> Member:
        return self.site.cluster.member(name)

    def write(self, event: str, step: Step | None = None, *, seen: str = "", **facts: str) -> None:
        """Journal one event; on the disk when this returns."""
        self.record.append(
            Entry(at=self.site.clock.now(), event=event, step=step.id if step else "", seen=seen, facts=facts)
        )

    def node_time(self, node: Node) -> datetime:
        """Now by the node's own clock, as its logs write it."""
        return self.site.clock.now() + timedelta(seconds=self.clock_offsets.get(node.name, 0.0))

    def target(self, step: Step, member: str) -> Target:
        """What the member runs with after the step's round; of steps without rounds, at the end."""
        return self.plan.target_after(member, round=step.round)

    def shows(self, step: Step, node: str, member: str) -> Gate:
        """The node serves what is planned for its member in the step's round, and trusts whom it is to trust."""
        served = self.gates.serves(node, self.target(step, member).leaf_sha256)
        if not (step.round and self.plan.rounds):
            return served
        return in_order(served, accepts(node, self.plan.rounds[step.round - 1].accepts[member]))

    def facts(self, step: Step) -> dict[str, str]:
        return self.record.progress().facts.get(step.id, {})

    def status(self, node: Node) -> NodeStatus:
        """The node's status now. Raises RemoteError if there is none."""
        return self.admin(node).status()

    def roles(self, member: Member) -> Roles:
        """Read the roles of a pair again, just before they matter (T8).

        Raises:
            RemoteError: The pair does not show one primary and one standby.
        """
        found = {self._role(node): node for node in member.nodes}
        if set(found) != {"PRIMARY", "STANDBY"}:
            raise RemoteError(
                f"the pair shows the roles {', '.join(sorted(found))}, wanted PRIMARY and STANDBY",
                node=member.name,
                remedy=PAIR_FIRST,
            )
        return Roles(primary=found["PRIMARY"], standby=found["STANDBY"])

    def _role(self, node: Node) -> str:
        try:
            return self.status(node).ha.new_role
        except RemoteError as error:
            raise RemoteError(error.problem, node=node.name, remedy=PAIR_FIRST) from error

    def active_nodes(self, among: Collection[str] | None = None) -> dict[str, str]:
        """Per member, the node that speaks for it now; of these members alone, if some are named."""
        members = [m for m in self.members if among is None or m.name in among]
        return {m.name: (self.roles(m).primary if m.is_pair else m.nodes[0]).name for m in members}

    def active_nodes_but(self, node: Node, *, successor: Node | None = None) -> dict[str, str]:
        """The same where `node` is on its way down: its member is spoken for by its successor.

        A single member speaks for itself again once it is back; in a pair it is the primary.
        """
        others = {m.name: m for m in self.members if m.name != node.member}
        active = {m.name: (self.roles(m).primary if m.is_pair else m.nodes[0]).name for m in others.values()}
        own = self.member(node.member)
        if successor is not None:
            active[own.name] = successor.name
        elif own.is_pair:
            active[own.name] = next(n.name for n in own.nodes if n.name != node.name)
        else:
            active[own.name] = node.name
        return active

    def expected_before(self, step: Step) -> Mapping[str, Counts]:
        """The counts that must stand before the step begins."""
        index = self.plan.steps.index(step)
        return self.plan.steps[index - 1].expected if index else self.plan.baseline

    def wait(
        self,
        gate: Gate,
        node: Node,
        awaited: str,
        *,
        limit_s: float,
        settle_s: float | None = None,
        probe: frozenset[str] = frozenset(),
        nudge: Callable[[View, float], None] | None = None,
    ) -> str:
        """Hold a gate on this cluster: see `wait.hold`."""
        limits = node.limits
        watch = Watch(
            awaited=awaited,
            node=node.name,
            look=lambda: self.site.view(self.plan.addresses, probe=probe),
            report=lambda seen, left: self.report.waiting(node.name, awaited, seen, left_s=left),
            stopping=self.stop.requested,
            nudge=nudge or _no_nudge,
            remedy=RESUME,
        )
        settle = limits.settle_s if settle_s is None else settle_s
        waits = Waits(
            limit_s=limit_s, join_s=limits.join_s, settle_s=settle, poll_s=limits.poll_s, quick_s=QUICK_S
        )
        return hold(gate, watch, waits=waits, clock=self.site.clock)


def _no_nudge(view: View, waited_s: float) -> None:
    """Most waits only look."""


def stop_line(node: str, problem: str, *, remedy: str = RESUME) -> GateTimeout:
    """The error for a state that forbids to go on."""
    return GateTimeout(problem, node=node, remedy=remedy)
