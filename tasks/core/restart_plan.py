"""Restarts for their own sake: one member, one node of a pair, or every standby."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tasks.core.dataclass import dataclass
from tasks.core.errors import Refused, UsageError
from tasks.core.findings import Finding, Severity
from tasks.core.model import Cluster, Member, Node
from tasks.core.nearest import one_of
from tasks.core.pending import pending, unsynced
from tasks.core.plan import Plan
from tasks.core.rolling import Purpose, Wanted, rolling_plan
from tasks.core.snapshot import Snapshot
from tasks.core.start_load import Keys, start_findings
from tasks.core.status import NodeStatus
from tasks.core.step_kinds import StepKind

RESTART, STANDBYS = "restart", "restart-standbys"
_SINGLE_CLIENTS = (
    "clients of {0} have no server for about 15 s, then reconnect; the other members stay connected"
)
_PAIR_CLIENTS = (
    "clients of {0} move to the standby, which answers about 20 s after the primary's restart was asked for; "
    "the roles stay swapped"
)
_STANDBY_CLIENTS = "no client is touched: {0} keeps its primary, and has no standby until it is in sync again"


@dataclass(frozen=True, slots=True)
class RestartWish:
    """What the operator asked for.

    Args:
        member: Its name.
        node: One node of the pair alone; "" for all of the member.
        load_pending: Load what was put on its disk since it started, too.
    """

    member: str = ""
    node: str = ""
    load_pending: bool = False

    @property
    def command(self) -> str:
        """As it was typed, without `fab`."""
        words = [RESTART, self.member, *(("--node", self.node) if self.node else ())]
        return " ".join([*words, *(("--load-pending",) if self.load_pending else ())])

    def check(self, cluster: Cluster) -> Member:
        """The member that is meant.

        Raises:
            UsageError: There is none of that name, or the node is not one of it.
        """
        member = member_named(cluster, self.member, command=f"fab {RESTART}")
        names = [node.name for node in member.nodes]
        if self.node and self.node not in names:
            raise UsageError(
                f"--node {self.node} is no node of {member.name}", remedy=one_of(self.node, names)
            )
        return member


def member_named(cluster: Cluster, name: str, *, command: str) -> Member:
    """Raises UsageError, with the right form, if no member has this name."""
    for member in cluster.members:
        if member.name == name:
            return member
    of_pair = [node for node in cluster.nodes if node.name == name]
    if of_pair:
        pair = of_pair[0].member
        alone = f", or with --node {name} that node alone" if command == f"fab {RESTART}" else ""
        raise UsageError(
            f"{name} is a node of the pair {pair}; a pair is one member", remedy=f"{command} {pair}{alone}"
        )
    listed = one_of(name, [member.name for member in cluster.members])
    what = f"{name} is no member of {cluster.key}" if name else "no member was named"
    raise UsageError(what, remedy=f"{command} MEMBER, {listed}")


def load_checks(
    snapshot: Snapshot, nodes: Iterable[Node], keys: Keys, *, load_pending: bool, again: Mapping[str, str]
) -> tuple[Finding, ...]:
    """Why these nodes must not be restarted for what lies on their disks.

    Args:
        nodes: Those to be restarted.
        keys: What each said of its key.
        load_pending: The operator wants what is new there to be loaded.
        again: Per member, the command that says so.
    """
    nodes = tuple(nodes)
    members = [m for m in snapshot.cluster.members if any(node.member == m.name for node in nodes)]
    found = [*start_findings(snapshot, nodes, keys)]
    for member in members:
        found += unsynced(snapshot, member)
        found += () if load_pending else _pending_findings(snapshot, member, again[member.name])
    return tuple(found)


def _pending_findings(snapshot: Snapshot, member: Member, again: str) -> Iterator[Finding]:
    for text in pending(snapshot, member):
        yield Finding(
            "load-pending",
            Severity.ERROR,
            member.name,
            f"{text}: a restart would load what was put there since the last one",
            f"find out who placed it; to load it now: {again} (its plan shows the counts after it)",
        )


def plan_restart(snapshot: Snapshot, wish: RestartWish) -> Plan:
    """Restart the member: a pair's standby first, in sync again, then its primary; or one node of it.

    Raises:
        UsageError: As `RestartWish.check`.
        Refused: The other node of a pair would not be there to serve.
    """
    member = wish.check(snapshot.cluster)
    if wish.node and member.is_pair:
        return _plan_node(snapshot, member, wish.node)
    steps: tuple[Wanted, ...] = ((StepKind.RESTART, member.name),)
    if member.is_pair:
        steps = ((StepKind.RESTART_STANDBY, member.name), *steps)
    clients = (_PAIR_CLIENTS if member.is_pair else _SINGLE_CLIENTS).format(member.name)
    return rolling_plan(snapshot, _proven(steps), Purpose(RESTART, _why(member), notes=(clients,)))


def _why(member: Member) -> str:
    if member.is_pair:
        return "the standby, then, once the pair is in sync, the primary; never both at once"
    return "one member, gated; every other one must stay as it is"


def _plan_node(snapshot: Snapshot, member: Member, name: str) -> Plan:
    kind = _kind_for(snapshot, member, name)
    clients = (_PAIR_CLIENTS if kind is StepKind.RESTART else _STANDBY_CLIENTS).format(member.name)
    purpose = Purpose(
        RESTART,
        f"one node of {member.name}, which the other one stands in for",
        notes=(clients,),
        pinned={f"{kind}:{member.name}": name},
    )
    return rolling_plan(snapshot, _proven(((kind, member.name),)), purpose)


def _kind_for(snapshot: Snapshot, member: Member, name: str) -> StepKind:
    """What restarting this node is. Raises Refused where the other one is not there to serve (T8)."""
    other = next(node.name for node in member.nodes if node.name != name)
    status = snapshot.nodes[other].status
    if isinstance(status, NodeStatus) and status.ha.in_sync:
        if status.ha.new_role == "PRIMARY":
            return StepKind.RESTART_STANDBY
        if status.is_standby:
            return StepKind.RESTART
    seen = f"{status.role}, State {status.server.state}" if isinstance(status, NodeStatus) else "no answer"
    raise Refused(
        f"[{name}] a pair's second node: {other} is not there to serve ({seen}; wanted PRIMARY, or STANDBY in "
        "sync); never both at once",
        remedy=f"fab status; bring {other} back and wait for the sync",
    )


def plan_standbys(snapshot: Snapshot, members: tuple[Member, ...]) -> Plan:
    """Restart the standby of each of these pairs in turn, each until it is in sync again."""
    steps = tuple((StepKind.RESTART_STANDBY, member.name) for member in members)
    notes = tuple(_STANDBY_CLIENTS.format(member.name) for member in members)
    why = "each standby in turn, until its pair is in sync again" if steps else "there is no HA pair"
    return rolling_plan(snapshot, _proven(steps), Purpose(STANDBYS, why, notes=notes))


def pairs_named(cluster: Cluster, name: str) -> tuple[Member, ...]:
    """The pair of that name, or all.

    Raises:
        UsageError: That member is no pair, or there is none of that name.
    """
    if not name:
        return tuple(member for member in cluster.members if member.is_pair)
    member = member_named(cluster, name, command=f"fab {STANDBYS} --member")
    if not member.is_pair:
        raise UsageError(f"{name} is no HA pair: it has no standby", remedy=f"fab restart {name}")
    return (member,)


def _proven(steps: tuple[Wanted, ...]) -> tuple[Wanted, ...]:
    return (*steps, (StepKind.PROVE, "cluster")) if steps else ()
